// SPDX-License-Identifier: Apache-2.0
#include "cdc/row_log.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "glog/logging.h"
#include "relay/base/status_macros.h"

namespace cdc {
namespace {

constexpr size_t kFirstChunk = 64 * 1024;
constexpr size_t kChunk = 1024 * 1024;
// What Clear keeps.
constexpr size_t kKeptMemory = 2 * kChunk;
constexpr size_t kTail = 256 * 1024;
constexpr size_t kWindow = 256 * 1024;

}  // namespace

absl::Status RowLog::OpenFile() {
  if (file_.open()) return absl::OkStatus();
  return file_.Open(spill_directory_);
}

absl::Status RowLog::FlushTail() {
  if (tail_.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(file_.Write(tail_begin_, tail_));
  tail_begin_ += tail_.size();
  tail_.clear();
  return absl::OkStatus();
}

absl::StatusOr<char*> RowLog::Append(size_t size) {
  if (!spilled()) {
    while (current_ < chunks_.size()) {
      Chunk& chunk = chunks_[current_];
      if (chunk.used == 0) chunk.begin = memory_end_;
      if (chunk.capacity - chunk.used >= size) {
        char* const room = chunk.bytes.get() + chunk.used;
        chunk.used += size;
        end_ = memory_end_ += size;
        return room;
      }
      if (chunk.used > 0) {
        ++current_;
        continue;
      }
      // Kept by Clear, but too small for this record.
      chunk_bytes_ -= chunk.capacity;
      chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(current_));
    }
    const size_t left = memory_limit_ - std::min(memory_limit_, chunk_bytes_);
    if (size <= left) {
      const size_t capacity = std::min(left, std::max(size, chunks_.empty() ? kFirstChunk : kChunk));
      chunks_.push_back({memory_end_, size, capacity, std::make_unique_for_overwrite<char[]>(capacity)});
      chunk_bytes_ += capacity;
      end_ = memory_end_ += size;
      return chunks_.back().bytes.get();
    }
    RETURN_IF_ERROR(OpenFile());
    tail_begin_ = memory_end_;
  }
  if (tail_.size() >= kTail) RETURN_IF_ERROR(FlushTail());
  const size_t at = tail_.size();
  tail_.resize(at + size);
  end_ += size;
  return tail_.data() + at;
}

RowLog::Chunk& RowLog::ChunkOf(uint64_t address) {
  auto chunk = std::upper_bound(chunks_.begin(), chunks_.end(), address,
                                [](uint64_t a, const Chunk& c) { return c.used == 0 || a < c.begin; });
  CHECK(chunk != chunks_.begin());
  --chunk;
  CHECK_LT(address, chunk->begin + chunk->used);
  return *chunk;
}

absl::StatusOr<absl::string_view> RowLog::Read(uint64_t address, size_t size) {
  CHECK_LE(address + size, end_);
  if (address < memory_end_) {
    const Chunk& chunk = ChunkOf(address);
    return absl::string_view(chunk.bytes.get() + (address - chunk.begin), size);
  }
  if (address >= tail_begin_) return absl::string_view(tail_).substr(address - tail_begin_, size);
  if (address < window_begin_ || address + size > window_begin_ + window_size_) {
    window_size_ = 0;
    const size_t want = std::max<uint64_t>(size, std::min<uint64_t>(kWindow, tail_begin_ - address));
    if (window_.size() < want) window_.resize(want);
    RETURN_IF_ERROR(file_.Read(address, window_.data(), want));
    window_begin_ = address;
    window_size_ = want;
  }
  return absl::string_view(window_).substr(address - window_begin_, size);
}

absl::Status RowLog::Overwrite(uint64_t address, absl::string_view bytes) {
  CHECK_LE(address + bytes.size(), end_);
  if (address < memory_end_) {
    Chunk& chunk = ChunkOf(address);
    std::memcpy(chunk.bytes.get() + (address - chunk.begin), bytes.data(), bytes.size());
    return absl::OkStatus();
  }
  if (address >= tail_begin_) {
    std::memcpy(tail_.data() + (address - tail_begin_), bytes.data(), bytes.size());
    return absl::OkStatus();
  }
  if (address >= window_begin_ && address + bytes.size() <= window_begin_ + window_size_) {
    std::memcpy(window_.data() + (address - window_begin_), bytes.data(), bytes.size());
  } else {
    window_size_ = 0;
  }
  return file_.Write(address, bytes);
}

absl::Status RowLog::Truncate(uint64_t address) {
  CHECK_LE(address, end_);
  if (address == end_) return absl::OkStatus();
  window_size_ = 0;
  if (address >= memory_end_) {
    if (address >= tail_begin_) {
      tail_.resize(address - tail_begin_);
    } else {
      tail_.clear();
      tail_begin_ = address;
    }
    end_ = address;
    return absl::OkStatus();
  }
  tail_.clear();
  while (!chunks_.empty() && (chunks_.back().used == 0 || chunks_.back().begin >= address)) {
    chunk_bytes_ -= chunks_.back().capacity;
    chunks_.pop_back();
  }
  current_ = chunks_.empty() ? 0 : chunks_.size() - 1;
  if (!chunks_.empty()) chunks_.back().used = address - chunks_.back().begin;
  memory_end_ = end_ = tail_begin_ = address;
  return absl::OkStatus();
}

void RowLog::Clear() {
  file_.Close();
  tail_.clear();
  if (tail_.capacity() > 2 * kTail) std::string().swap(tail_);
  if (window_.size() > kWindow) std::string().swap(window_);
  window_size_ = 0;
  tail_begin_ = memory_end_ = end_ = 0;
  current_ = 0;
  while (!chunks_.empty() && chunk_bytes_ > kKeptMemory) {
    chunk_bytes_ -= chunks_.back().capacity;
    chunks_.pop_back();
  }
  for (Chunk& chunk : chunks_) {
    chunk.begin = 0;
    chunk.used = 0;
  }
}

absl::Status RowLog::ReleaseMemory() {
  if (memory_end_ > 0) {
    RETURN_IF_ERROR(OpenFile());
    if (!spilled()) tail_begin_ = memory_end_;
    for (const Chunk& chunk : chunks_) {
      RETURN_IF_ERROR(file_.Write(chunk.begin, absl::string_view(chunk.bytes.get(), chunk.used)));
    }
    RETURN_IF_ERROR(FlushTail());
  }
  chunks_.clear();
  current_ = 0;
  chunk_bytes_ = 0;
  memory_end_ = 0;
  return absl::OkStatus();
}

}  // namespace cdc
