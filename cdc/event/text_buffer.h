// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_EVENT_TEXT_BUFFER_H_
#define CDC_EVENT_TEXT_BUFFER_H_

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"

namespace cdc {

// Append-only text that keeps its memory between rows. Unlike std::string it
// hands out room that is not initialised, so that printers write where the
// text stays. Growth moves the text: keep offsets, not views, while appending.
class TextBuffer {
 public:
  TextBuffer() = default;
  TextBuffer(const TextBuffer&) = delete;
  TextBuffer& operator=(const TextBuffer&) = delete;

  size_t size() const { return size_; }
  absl::string_view view() const { return absl::string_view(data_.get(), size_); }
  absl::string_view view(size_t from, size_t to) const { return absl::string_view(data_.get() + from, to - from); }
  // Keeps the memory.
  void Clear() { size_ = 0; }

  // Gives back what one great text left behind: all memory, if it is more than `keep` and the text now is not.
  void Trim(size_t keep) {
    if (capacity_ <= keep || size_ > keep) return;
    data_.reset();
    size_ = capacity_ = 0;
  }
  size_t capacity() const { return capacity_; }

  // Room for `count` more bytes, to be written and then made part of the text
  // by Commit().
  char* Reserve(size_t count) {
    if (capacity_ - size_ < count) Grow(count);
    return data_.get() + size_;
  }
  // `end` is one past the last byte written into the room.
  void Commit(const char* end) { size_ = static_cast<size_t>(end - data_.get()); }

  void Append(char byte) {
    char* room = Reserve(1);
    *room = byte;
    ++size_;
  }
  void Append(absl::string_view text) {
    if (text.empty()) return;
    char* room = Reserve(text.size());
    std::memcpy(room, text.data(), text.size());
    size_ += text.size();
  }
  void Append(size_t count, char byte) {
    if (count == 0) return;
    char* room = Reserve(count);
    std::memset(room, byte, count);
    size_ += count;
  }

 private:
  void Grow(size_t count) {
    size_t capacity = std::max(size_ + count, capacity_ + capacity_ / 2);
    capacity = std::max<size_t>(capacity, 256);
    std::unique_ptr<char[]> data(new char[capacity]);
    if (size_ > 0) std::memcpy(data.get(), data_.get(), size_);
    data_ = std::move(data);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace cdc

#endif  // CDC_EVENT_TEXT_BUFFER_H_
