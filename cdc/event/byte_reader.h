// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_EVENT_BYTE_READER_H_
#define CDC_EVENT_BYTE_READER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"

namespace cdc {

// Reads integers and strings from a run of bytes, never past its end and
// without allocating.
//
// A read past the end returns zero (or an empty view), moves the reader to the
// end and leaves ok() false for good. A parser therefore reads a whole
// structure and asks ok() once, before it uses what it read; a count that was
// read must be checked (ok() and against remaining()) before it sizes a loop
// or an allocation.
//
// Views that it returns point into the bytes that it was given. Cheap to copy:
// a copy is a bookmark.
class ByteReader {
 public:
  explicit ByteReader(absl::string_view bytes)
      : begin_(bytes.data()), next_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  // False once a read went past the end or met an invalid length prefix.
  bool ok() const { return ok_; }
  bool empty() const { return next_ == end_; }
  size_t remaining() const { return static_cast<size_t>(end_ - next_); }
  // Bytes consumed so far.
  size_t position() const { return static_cast<size_t>(next_ - begin_); }
  // What is left, without consuming it.
  absl::string_view rest() const { return absl::string_view(next_, remaining()); }

  // Marks the input as malformed.
  void Fail() {
    ok_ = false;
    next_ = end_;
  }

  void Skip(uint64_t count) {
    if (count > remaining()) return Fail();
    next_ += count;
  }

  absl::string_view Bytes(uint64_t count) {
    if (count > remaining()) {
      Fail();
      return absl::string_view();
    }
    absl::string_view bytes(next_, static_cast<size_t>(count));
    next_ += count;
    return bytes;
  }

  uint8_t U8() {
    if (next_ == end_) {
      Fail();
      return 0;
    }
    return static_cast<uint8_t>(*next_++);
  }

  // Little-endian, the order of almost everything in a binlog.
  uint16_t U16() { return static_cast<uint16_t>(LittleEndian<2>()); }
  uint32_t U24() { return static_cast<uint32_t>(LittleEndian<3>()); }
  uint32_t U32() { return static_cast<uint32_t>(LittleEndian<4>()); }
  uint64_t U40() { return LittleEndian<5>(); }
  uint64_t U48() { return LittleEndian<6>(); }
  uint64_t U56() { return LittleEndian<7>(); }
  uint64_t U64() { return LittleEndian<8>(); }
  // `width` bytes, 0 to 8.
  uint64_t LittleEndianOf(size_t width) {
    absl::string_view bytes = Bytes(width);
    uint64_t value = 0;
    for (size_t i = bytes.size(); i-- > 0;) {
      value = value << 8 | static_cast<uint8_t>(bytes[i]);
    }
    return value;
  }

  // Big-endian: decimals and the newer date and time types.
  // `width` bytes, 0 to 8.
  uint64_t BigEndianOf(size_t width) {
    absl::string_view bytes = Bytes(width);
    uint64_t value = 0;
    for (char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
    return value;
  }

  float F32() {
    uint32_t bits = U32();
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
  double F64() {
    uint64_t bits = U64();
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }

  // Length-encoded integer of the client/server protocol: one byte below 251,
  // or 0xfc, 0xfd, 0xfe and 2, 3, 8 bytes. 0xfb (NULL) and 0xff fail.
  uint64_t LengthEncoded() {
    uint8_t first = U8();
    if (first < 251) return first;
    switch (first) {
      case 252:
        return U16();
      case 253:
        return U24();
      case 254:
        return U64();
      default:
        Fail();
        return 0;
    }
  }
  // A length-encoded integer and that many bytes.
  absl::string_view LengthEncodedString() { return Bytes(LengthEncoded()); }
  // One length byte and that many bytes.
  absl::string_view ShortString() { return Bytes(U8()); }

 private:
  template <size_t kWidth>
  uint64_t LittleEndian() {
    if (remaining() < kWidth) {
      Fail();
      return 0;
    }
    uint64_t value = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    std::memcpy(&value, next_, kWidth);
#else
    for (size_t i = kWidth; i-- > 0;) {
      value = value << 8 | static_cast<uint8_t>(next_[i]);
    }
#endif
    next_ += kWidth;
    return value;
  }

  const char* begin_;
  const char* next_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace cdc

#endif  // CDC_EVENT_BYTE_READER_H_
