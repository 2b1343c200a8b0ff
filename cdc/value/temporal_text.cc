// SPDX-License-Identifier: Apache-2.0
//
// DATE        3 bytes LE: year << 9 | month << 5 | day
// YEAR        1 byte: year - 1900, 0 = 0000
// TIME2       3 bytes BE + 0x800000: hour << 12 | minute << 6 | second, then the fraction; negative times as the
//             two's complement of the whole, fraction included
// DATETIME2   5 bytes BE + 0x8000000000: (year*13 + month) << 22 | day << 17 | hour << 12 | minute << 6 | second,
//             then the fraction
// TIMESTAMP2  4 bytes BE: seconds since 1970 UTC, then the fraction
// fraction    of 1–2 digits 1 byte (hundredths), 3–4 digits 2 bytes BE, 5–6 digits 3 bytes BE
// TIME        3 bytes LE, signed: hhmmss;  DATETIME 8 bytes LE: yyyymmddhhmmss;  TIMESTAMP 4 bytes LE
// in JSON     8 bytes LE: DATETIME2's number << 24 | microseconds; TIME likewise, negative as a whole
// Source: MySQL, mysys/my_time.cc. MariaDB's own (sql/field.cc, Field_*_hires): big-endian, the whole value in units of
// the last digit, with mixed radix 13, 32, 24, 60, 60.
#include "cdc/value/temporal_text.h"

#include "cdc/event/byte_reader.h"

namespace cdc {
namespace {

constexpr uint32_t kMicros = 6;
constexpr uint32_t kPowers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
constexpr size_t kRoom = 48;

char* PutTwo(uint32_t value, char* out) {
  out[0] = static_cast<char>('0' + value / 10 % 10);
  out[1] = static_cast<char>('0' + value % 10);
  return out + 2;
}

char* PutDigits(uint32_t value, uint32_t digits, char* out) {
  for (uint32_t i = digits; i-- > 0;) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + digits;
}

char* PutFraction(uint32_t micros, uint32_t digits, char* out) {
  if (digits == 0) return out;
  *out++ = '.';
  return PutDigits(micros / kPowers[kMicros - digits], digits, out);
}

char* PutDate(uint32_t year, uint32_t month, uint32_t day, char* out) {
  out = PutDigits(year, 4, out);
  *out++ = '-';
  out = PutTwo(month, out);
  *out++ = '-';
  return PutTwo(day, out);
}

char* PutClock(uint32_t hour, uint32_t minute, uint32_t second, char* out) {
  out = hour >= 100 ? PutDigits(hour, hour >= 1000 ? 4 : 3, out) : PutTwo(hour, out);
  *out++ = ':';
  out = PutTwo(minute, out);
  *out++ = ':';
  return PutTwo(second, out);
}

// `number` as DATETIME2 has it, without the fraction.
char* PutDatetime(uint64_t number, uint32_t micros, uint32_t digits, char* out) {
  const auto clock = static_cast<uint32_t>(number & 0x1ffff);
  const auto day = static_cast<uint32_t>(number >> 17 & 31);
  const auto months = static_cast<uint32_t>(number >> 22);
  out = PutDate(months / 13, months % 13, day, out);
  *out++ = ' ';
  out = PutClock(clock >> 12, clock >> 6 & 63, clock & 63, out);
  return PutFraction(micros, digits, out);
}

char* PutTime(int64_t packed, uint32_t digits, char* out) {
  uint64_t magnitude = static_cast<uint64_t>(packed);
  if (packed < 0) {
    *out++ = '-';
    magnitude = 0 - magnitude;
  }
  const uint64_t clock = magnitude >> 24;
  out = PutClock(static_cast<uint32_t>(clock >> 12 & 1023), static_cast<uint32_t>(clock >> 6 & 63),
                 static_cast<uint32_t>(clock & 63), out);
  return PutFraction(static_cast<uint32_t>(magnitude & 0xffffff), digits, out);
}

char* PutTimestamp(uint32_t seconds, uint32_t micros, uint32_t digits, char* out) {
  if (seconds == 0 && micros == 0) {
    out = PutDate(0, 0, 0, out);
    *out++ = ' ';
    out = PutClock(0, 0, 0, out);
    return PutFraction(0, digits, out);
  }
  // Days to a civil date, by eras of 400 years that begin on 1 March.
  const uint32_t days = seconds / 86400 + 719468;
  const uint32_t clock = seconds % 86400;
  const uint32_t era = days / 146097;
  const uint32_t day_of_era = days % 146097;
  const uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint32_t shifted_month = (5 * day_of_year + 2) / 153;
  const uint32_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const uint32_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const uint32_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  out = PutDate(year, month, day, out);
  *out++ = ' ';
  out = PutClock(clock / 3600, clock / 60 % 60, clock % 60, out);
  return PutFraction(micros, digits, out);
}

// The fraction in microseconds.
uint32_t ReadFraction(ByteReader& reader, uint32_t digits) {
  const size_t bytes = FractionBytes(digits);
  const auto value = static_cast<uint32_t>(reader.BigEndianOf(bytes));
  return value * kPowers[kMicros - 2 * bytes];
}

// The mixed-radix number of MariaDB's types, from microseconds up.
struct MixedRadix {
  uint32_t micros, second, minute, hour, day, month, year;
};

MixedRadix Unpack(uint64_t packed) {
  MixedRadix value;
  auto take = [&packed](uint64_t radix) {
    auto digit = static_cast<uint32_t>(packed % radix);
    packed /= radix;
    return digit;
  };
  value.micros = take(1000000);
  value.second = take(60);
  value.minute = take(60);
  value.hour = take(24);
  value.day = take(32);
  value.month = take(13);
  value.year = static_cast<uint32_t>(packed);
  return value;
}

constexpr uint8_t kMariaDbTimeBytes[] = {3, 4, 4, 5, 5, 5, 6};
constexpr uint8_t kMariaDbDatetimeBytes[] = {8, 6, 6, 7, 7, 7, 8};
constexpr int64_t kMariaDbTimeBias = (838 * 3600 + 59 * 60 + 59 + 1) * int64_t{1000000};

}  // namespace

size_t FractionBytes(uint32_t digits) { return (digits + 1) / 2; }

bool AppendDate(absl::string_view bytes, TextBuffer* out) {
  if (bytes.size() != 3) return false;
  const uint32_t value = ByteReader(bytes).U24();
  out->Commit(PutDate(value >> 9, value >> 5 & 15, value & 31, out->Reserve(kRoom)));
  return true;
}

bool AppendYear(absl::string_view bytes, TextBuffer* out) {
  if (bytes.size() != 1) return false;
  const uint32_t value = static_cast<uint8_t>(bytes[0]);
  out->Commit(PutDigits(value == 0 ? 0 : 1900 + value, 4, out->Reserve(kRoom)));
  return true;
}

bool AppendShortYear(absl::string_view bytes, TextBuffer* out) {
  if (bytes.size() != 1) return false;
  out->Commit(PutDigits(static_cast<uint8_t>(bytes[0]) % 100, 2, out->Reserve(kRoom)));
  return true;
}

bool AppendTime2(absl::string_view bytes, uint32_t digits, TextBuffer* out) {
  if (digits > kMicros || bytes.size() != 3 + FractionBytes(digits)) return false;
  const size_t width = FractionBytes(digits);
  // Whole and fraction are one biased number, so that a negative time borrows from its seconds.
  int64_t number = static_cast<int64_t>(ByteReader(bytes).BigEndianOf(bytes.size()));
  number -= int64_t{0x800000} << (8 * width);
  const bool negative = number < 0;
  const uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  const uint64_t fraction = magnitude & ((uint64_t{1} << (8 * width)) - 1);
  const int64_t packed =
      static_cast<int64_t>((magnitude >> (8 * width)) << 24 | (fraction * kPowers[kMicros - 2 * width]));
  out->Commit(PutTime(negative ? -packed : packed, digits, out->Reserve(kRoom)));
  return true;
}

bool AppendDatetime2(absl::string_view bytes, uint32_t digits, TextBuffer* out) {
  if (digits > kMicros || bytes.size() != 5 + FractionBytes(digits)) return false;
  ByteReader reader(bytes);
  const uint64_t number = reader.BigEndianOf(5) & 0x7fffffffff;
  const uint32_t micros = ReadFraction(reader, digits);
  out->Commit(PutDatetime(number, micros, digits, out->Reserve(kRoom)));
  return true;
}

bool AppendTimestamp2(absl::string_view bytes, uint32_t digits, TextBuffer* out) {
  if (digits > kMicros || bytes.size() != 4 + FractionBytes(digits)) return false;
  ByteReader reader(bytes);
  const auto seconds = static_cast<uint32_t>(reader.BigEndianOf(4));
  const uint32_t micros = ReadFraction(reader, digits);
  out->Commit(PutTimestamp(seconds, micros, digits, out->Reserve(kRoom)));
  return true;
}

bool AppendOldTime(absl::string_view bytes, TextBuffer* out) {
  if (bytes.size() != 3) return false;
  uint32_t value = ByteReader(bytes).U24();
  char* text = out->Reserve(kRoom);
  if ((value & 0x800000) != 0) {
    *text++ = '-';
    value = 0x1000000 - value;
  }
  out->Commit(PutClock(value / 10000, value / 100 % 100, value % 100, text));
  return true;
}

bool AppendOldDatetime(absl::string_view bytes, TextBuffer* out) {
  if (bytes.size() != 8) return false;
  const uint64_t value = ByteReader(bytes).U64();
  const auto date = static_cast<uint32_t>(value / 1000000);
  const auto clock = static_cast<uint32_t>(value % 1000000);
  char* text = PutDate(date / 10000 % 10000, date / 100 % 100, date % 100, out->Reserve(kRoom));
  *text++ = ' ';
  out->Commit(PutClock(clock / 10000, clock / 100 % 100, clock % 100, text));
  return true;
}

bool AppendOldTimestamp(absl::string_view bytes, TextBuffer* out) {
  if (bytes.size() != 4) return false;
  out->Commit(PutTimestamp(ByteReader(bytes).U32(), 0, 0, out->Reserve(kRoom)));
  return true;
}

size_t MariaDbTimeBytes(uint32_t digits) { return kMariaDbTimeBytes[digits]; }
size_t MariaDbDatetimeBytes(uint32_t digits) { return kMariaDbDatetimeBytes[digits]; }
size_t MariaDbTimestampBytes(uint32_t digits) { return 4 + FractionBytes(digits); }

bool AppendMariaDbTime(absl::string_view bytes, uint32_t digits, TextBuffer* out) {
  if (digits == 0) return AppendOldTime(bytes, out);
  if (digits > kMicros || bytes.size() != MariaDbTimeBytes(digits)) return false;
  const int64_t unit = kPowers[kMicros - digits];
  const int64_t number =
      (static_cast<int64_t>(ByteReader(bytes).BigEndianOf(bytes.size())) - kMariaDbTimeBias / unit) * unit;
  const MixedRadix value = Unpack(number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number));
  char* text = out->Reserve(kRoom);
  if (number < 0) *text++ = '-';
  const uint32_t hours = (value.hour + (value.month * 32 + value.day) * 24) % 10000;
  text = PutClock(hours, value.minute, value.second, text);
  out->Commit(PutFraction(value.micros, digits, text));
  return true;
}

bool AppendMariaDbDatetime(absl::string_view bytes, uint32_t digits, TextBuffer* out) {
  if (digits == 0) return AppendOldDatetime(bytes, out);
  if (digits > kMicros || bytes.size() != MariaDbDatetimeBytes(digits)) return false;
  const MixedRadix value = Unpack(ByteReader(bytes).BigEndianOf(bytes.size()) * kPowers[kMicros - digits]);
  char* text = PutDate(value.year, value.month, value.day, out->Reserve(kRoom));
  *text++ = ' ';
  text = PutClock(value.hour, value.minute, value.second, text);
  out->Commit(PutFraction(value.micros, digits, text));
  return true;
}

bool AppendMariaDbTimestamp(absl::string_view bytes, uint32_t digits, TextBuffer* out) {
  if (digits == 0) return AppendOldTimestamp(bytes, out);
  if (digits > kMicros || bytes.size() != MariaDbTimestampBytes(digits)) return false;
  ByteReader reader(bytes);
  const auto seconds = static_cast<uint32_t>(reader.BigEndianOf(4));
  const auto fraction = static_cast<uint32_t>(reader.BigEndianOf(FractionBytes(digits)));
  out->Commit(PutTimestamp(seconds, fraction * kPowers[kMicros - digits], digits, out->Reserve(kRoom)));
  return true;
}

void AppendPackedDate(int64_t packed, TextBuffer* out) {
  const auto number = static_cast<uint64_t>(packed) >> 41;
  const auto months = static_cast<uint32_t>(number >> 5);
  out->Commit(PutDate(months / 13, months % 13, static_cast<uint32_t>(number & 31), out->Reserve(kRoom)));
}

void AppendPackedTime(int64_t packed, TextBuffer* out) { out->Commit(PutTime(packed, kMicros, out->Reserve(kRoom))); }

void AppendPackedDatetime(int64_t packed, TextBuffer* out) {
  const auto number = static_cast<uint64_t>(packed);
  out->Commit(PutDatetime(number >> 24, static_cast<uint32_t>(number & 0xffffff), kMicros, out->Reserve(kRoom)));
}

}  // namespace cdc
