// SPDX-License-Identifier: Apache-2.0
//
// DECIMAL(p, s) in a row and in JSON, big-endian:
//
//   integer part    (p-s) digits, the first (p-s) mod 9 in a short group, then groups of 9
//   fraction        s digits in groups of 9, the last s mod 9 in a short group
//
// A group of 9 digits takes 4 bytes, a short one 0,1,1,2,2,3,3,4,4 bytes. The first bit is inverted; of a negative
// number all other bits too. Source: MySQL, strings/decimal.cc, decimal2bin.
#include "cdc/value/decimal_text.h"

#include <cstring>

#include "cdc/event/byte_reader.h"

namespace cdc {
namespace {

constexpr uint32_t kGroup = 9;
constexpr uint8_t kShortGroupBytes[kGroup] = {0, 1, 1, 2, 2, 3, 3, 4, 4};
constexpr uint32_t kPowers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};
constexpr uint32_t kMaxPrecision = 81;

// Writes exactly `digits` digits.
char* PutDigits(uint32_t value, uint32_t digits, char* out) {
  if (value == 0) {  // as most leading groups are
    std::memset(out, '0', digits);
    return out + digits;
  }
  for (uint32_t i = digits; i-- > 0;) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + digits;
}

// Reads a group, undoing the inversion of negative numbers.
class GroupReader {
 public:
  GroupReader(absl::string_view bytes, bool negative) : reader_(bytes), mask_(negative ? 0xffffffffu : 0) {}

  uint32_t Next(size_t width, bool first) {
    auto group = static_cast<uint32_t>(reader_.BigEndianOf(width));
    if (first) group ^= 0x80u << (8 * (width - 1));
    group ^= mask_ & static_cast<uint32_t>((uint64_t{1} << (8 * width)) - 1);
    return group;
  }

 private:
  ByteReader reader_;
  uint32_t mask_;
};

}  // namespace

bool IsDecimalFormat(uint32_t precision, uint32_t scale) {
  return precision >= 1 && precision <= kMaxPrecision && scale <= precision;
}

size_t DecimalBytes(uint32_t precision, uint32_t scale) {
  const uint32_t integer = precision - scale;
  return integer / kGroup * 4 + kShortGroupBytes[integer % kGroup] + scale / kGroup * 4 +
         kShortGroupBytes[scale % kGroup];
}

bool AppendDecimal(absl::string_view bytes, uint32_t precision, uint32_t scale, bool zerofill, TextBuffer* out) {
  if (bytes.empty() || bytes.size() != DecimalBytes(precision, scale)) return false;
  const bool negative = (static_cast<uint8_t>(bytes[0]) & 0x80) == 0;
  GroupReader reader(bytes, negative);
  char digits[kMaxPrecision];
  char* end = digits;
  bool first = true;
  bool valid = true;
  auto read = [&](uint32_t count) {
    if (count == 0) return;
    const size_t width = count == kGroup ? 4 : kShortGroupBytes[count];
    uint32_t group = reader.Next(width, first);
    first = false;
    if (group >= kPowers[count]) valid = false;
    end = PutDigits(group, count, end);
  };
  const uint32_t integer = precision - scale;
  read(integer % kGroup);
  for (uint32_t i = 0; i < integer / kGroup; ++i) read(kGroup);
  for (uint32_t i = 0; i < scale / kGroup; ++i) read(kGroup);
  read(scale % kGroup);
  if (!valid) return false;

  char* text = out->Reserve(kMaxPrecision + 3);
  const char* next = digits;
  const char* point = digits + integer;
  if (!zerofill) {
    while (next < point && *next == '0') ++next;
  }
  if (negative) *text++ = '-';
  if (next == point) *text++ = '0';
  while (next < point) *text++ = *next++;
  if (scale > 0) {
    *text++ = '.';
    while (next < end) *text++ = *next++;
  }
  out->Commit(text);
  return true;
}

}  // namespace cdc
