// SPDX-License-Identifier: Apache-2.0
//
// A log of byte records, each found again by its address: the first in memory, those past a limit in a SpillFile.
//
// An address is the sum of the sizes of the records before it, so the file needs no table: it stands at the same offset
// there, and what memory holds is a hole in the file.
#ifndef CDC_ROW_LOG_H_
#define CDC_ROW_LOG_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/spill_file.h"

namespace cdc {

// Not thread-safe.
class RowLog {
 public:
  // Records stay in memory while they fit `memory_limit` bytes together.
  RowLog(size_t memory_limit, std::string spill_directory)
      : memory_limit_(memory_limit), spill_directory_(std::move(spill_directory)) {}

  // Room for a record of `size` bytes at address end(), to be filled before the next call. Unavailable: see SpillFile.
  absl::StatusOr<char*> Append(size_t size);

  // The `size` bytes at `address`, all of one record; valid until the next call on this log.
  absl::StatusOr<absl::string_view> Read(uint64_t address, size_t size);
  // Overwrites bytes of a record.
  absl::Status Overwrite(uint64_t address, absl::string_view bytes);

  uint64_t end() const { return end_; }
  bool spilled() const { return end_ > memory_end_; }
  size_t memory_bytes() const { return chunk_bytes_; }

  // Forgets the records from `address` on.
  absl::Status Truncate(uint64_t address);
  // Forgets all; keeps a little memory for the next use.
  void Clear();
  // Moves what is in memory to the file.
  absl::Status ReleaseMemory();

 private:
  struct Chunk {
    uint64_t begin;
    size_t used;
    size_t capacity;
    std::unique_ptr<char[]> bytes;
  };

  absl::Status OpenFile();
  absl::Status FlushTail();
  Chunk& ChunkOf(uint64_t address);

  const size_t memory_limit_;
  const std::string spill_directory_;
  // In use up to chunks_[current_]; those behind were kept for later.
  std::vector<Chunk> chunks_;
  size_t current_ = 0;
  size_t chunk_bytes_ = 0;
  uint64_t memory_end_ = 0;
  uint64_t end_ = 0;
  SpillFile file_;
  // The file's last bytes [tail_begin_, end_), not written yet.
  std::string tail_;
  uint64_t tail_begin_ = 0;
  // What was read ahead from the file: [window_begin_, window_begin_ + window_size_).
  std::string window_;
  uint64_t window_begin_ = 0;
  size_t window_size_ = 0;
};

}  // namespace cdc

#endif  // CDC_ROW_LOG_H_
