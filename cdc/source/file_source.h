// SPDX-License-Identifier: Apache-2.0
//
// file := FE 'b' 'i' 'n' { event }                   plain, or the whole within gzip, of one member or several
#ifndef CDC_SOURCE_FILE_SOURCE_H_
#define CDC_SOURCE_FILE_SOURCE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/source/event_source.h"

namespace cdc {

// The events of one binlog file, in front of them a ROTATE event that names it, as a server's dump has. Reads ahead by
// blocks of 256 KiB; an event larger than a block takes up to twice its size until the next. Next by one thread,
// Interrupt by any.
class FileSource : public EventSource {
 public:
  // NotFound, PermissionDenied: the file cannot be opened. InvalidArgument: it is no binlog. FailedPrecondition: it is
  // encrypted by the server, which alone can read it.
  static absl::StatusOr<std::unique_ptr<FileSource>> Open(const std::string& path);
  // The same over bytes in memory, uncompressed, which must outlive the source; `name` as a file's.
  static absl::StatusOr<std::unique_ptr<FileSource>> OverBytes(absl::string_view bytes, const std::string& name);

  // What the events of the file at `path` are located by: its name without folders and without ".gz".
  static absl::string_view NameOf(absl::string_view path);

  ~FileSource() override;

  // DataLoss: the file ends inside an event, what follows cannot be an event, or the gzip stream is damaged there; all
  // whole events before it have been given out.
  absl::StatusOr<absl::string_view> Next() override;
  void Interrupt() override { interrupted_ = true; }
  bool contiguous() const override { return true; }

 private:
  class Input;

  FileSource(std::unique_ptr<Input> input, absl::string_view name);
  absl::Status ReadMagic(absl::string_view path);
  // Makes `size` bytes available at next_, or as many as there are.
  absl::Status Fill(size_t size);
  absl::string_view Available() const {
    return (input_ == nullptr ? memory_ : absl::string_view(buffer_)).substr(next_, filled_ - next_);
  }

  // Null: the file is `memory_`, and all of it was read.
  std::unique_ptr<Input> input_;
  absl::string_view memory_;
  std::string rotate_;
  bool rotate_given_ = false;
  bool at_end_ = false;
  std::atomic<bool> interrupted_{false};
  // Bytes [next_, filled_) were read and not yet given out.
  std::string buffer_;
  size_t next_ = 0;
  size_t filled_ = 0;
  uint64_t offset_ = 0;
};

}  // namespace cdc

#endif  // CDC_SOURCE_FILE_SOURCE_H_
