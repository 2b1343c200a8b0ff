// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_SPILL_FILE_H_
#define CDC_SPILL_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace cdc {

// A temporary file without a name: gone with its descriptor, however the process ends. Addressed by offset; what was
// not written is a hole that costs no disk. Not thread-safe.
//
// Errors name the directory and the cure. Unavailable: what cannot be spilled now can be read again later.
// FailedPrecondition, of Open only: no waiting makes a file possible there.
class SpillFile {
 public:
  SpillFile() = default;
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  bool open() const { return fd_ >= 0; }
  absl::Status Open(const std::string& directory);
  void Close();

  absl::Status Write(uint64_t offset, absl::string_view bytes);
  // Reads exactly `size` bytes.
  absl::Status Read(uint64_t offset, char* to, size_t size) const;
  void Swap(SpillFile* other);
  // Frees the disk behind `size`, or makes the file end there with a hole.
  absl::Status Truncate(uint64_t size);

 private:
  absl::Status Failed(absl::string_view what) const;

  int fd_ = -1;
  std::string directory_;
};

}  // namespace cdc

#endif  // CDC_SPILL_FILE_H_
