// SPDX-License-Identifier: Apache-2.0
//
// The variable-length integers of MySQL's serialization library, which tagged
// GTID events and tagged GTID sets are written in:
//
//   varuint := first rest:k
//     k is the number of trailing one bits of `first`, 0 to 8. For k < 8 the
//     value stands above those bits and the zero behind them, little endian,
//     7 * (k + 1) bits in all; for k = 8 it is `rest` alone.
//   varint  := varuint, of which bit 0 is the sign: v >= 0 is v << 1, v < 0 is
//     ~v << 1 | 1
//
// Source: MySQL libs/mysql/serialization/variable_length_integers.h, readme.md.
#ifndef CDC_EVENT_VARINT_H_
#define CDC_EVENT_VARINT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "cdc/event/byte_reader.h"

namespace cdc {

// Zero, and a reader that is not ok, if the bytes end too soon.
inline uint64_t ReadVarUint(ByteReader* reader) {
  const uint8_t first = reader->U8();
  size_t extra = 0;
  while (extra < 8 && (first >> extra & 1) != 0) ++extra;
  const uint64_t high = reader->LittleEndianOf(extra);
  if (extra >= 7) return high;
  return high << (7 - extra) | static_cast<uint64_t>(first) >> (extra + 1);
}

inline int64_t ReadVarInt(ByteReader* reader) {
  const uint64_t raw = ReadVarUint(reader);
  const uint64_t sign = 0 - (raw & 1);
  return static_cast<int64_t>((raw >> 1) ^ sign);
}

inline void AppendVarUint(uint64_t value, std::string* out) {
  size_t extra = 0;
  while (extra < 8 && value >> (7 * (extra + 1)) != 0) ++extra;
  if (extra == 8) {
    out->push_back(static_cast<char>(0xFF));
    for (int i = 0; i < 8; ++i) out->push_back(static_cast<char>(value >> 8 * i));
    return;
  }
  const uint64_t bits = value << (extra + 1) | ((uint64_t{1} << extra) - 1);
  for (size_t i = 0; i <= extra; ++i) {
    out->push_back(static_cast<char>(bits >> 8 * i));
  }
}

}  // namespace cdc

#endif  // CDC_EVENT_VARINT_H_
