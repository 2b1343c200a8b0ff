// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/number_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "absl/strings/string_view.h"

namespace cdc {
namespace {

constexpr size_t kIntegerRoom = 24;
// The longest plain form: sign, "0.", 14 zeros, 17 digits.
constexpr size_t kDoubleRoom = 48;
constexpr int kFloatDigits = 6;
constexpr int kMaxPlainPoint = 15;
constexpr int kMinPlainPoint = -14;

// A number as 0.d1d2… × 10^point.
struct Digits {
  char digits[32];
  int count = 0;
  int point = 0;
};

// Takes apart "d.ddde±XX" as std::to_chars writes it.
Digits Parse(const char* text, const char* end) {
  Digits parsed;
  while (text < end && *text != 'e') {
    if (*text != '.') parsed.digits[parsed.count++] = *text;
    ++text;
  }
  int exponent = 0;
  if (text < end) {
    ++text;
    const bool negative = *text == '-';
    ++text;
    std::from_chars(text, end, exponent);
    if (negative) exponent = -exponent;
  }
  parsed.point = exponent + 1;
  return parsed;
}

// Numbers that people write, such as prices, have few decimals: m / 10^k with small k. Division of exact operands is
// correctly rounded, so if it gives the number back, m's digits are digits that read back as it; at the first such k
// they are the fewest, and below 10^15 no other m will do.
bool ShortestOfFewDecimals(double magnitude, Digits* digits) {
  constexpr double kPowers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
  constexpr double kLimit = 1e15;
  if (!(magnitude < kLimit) || magnitude == 0) return false;
  for (int decimals = 0; decimals < 7; ++decimals) {
    const double scaled = magnitude * kPowers[decimals];
    if (scaled >= kLimit) return false;
    const auto whole = static_cast<int64_t>(scaled + 0.5);
    const auto rounded = static_cast<double>(whole);
    // Most are told apart without the division.
    if (std::fabs(scaled - rounded) > scaled * 1e-15 || rounded / kPowers[decimals] != magnitude) continue;
    digits->count = static_cast<int>(std::to_chars(digits->digits, digits->digits + sizeof(digits->digits), whole).ptr -
                                     digits->digits);
    digits->point = digits->count - decimals;
    return true;
  }
  return false;
}

Digits Shortest(double magnitude) {
  Digits few;
  if (ShortestOfFewDecimals(magnitude, &few)) return few;
  char text[32];
  auto result = std::to_chars(text, text + sizeof(text), magnitude, std::chars_format::scientific);
  return Parse(text, result.ptr);
}

char* Put(const char* from, int count, char* out) {
  std::memcpy(out, from, static_cast<size_t>(count));
  return out + count;
}

char* PutZeros(int count, char* out) {
  if (count > 0) {
    std::memset(out, '0', static_cast<size_t>(count));
    out += count;
  }
  return out;
}

// my_gcvt's choice between the plain and the scientific form.
char* Format(const Digits& number, char* out) {
  const int count = number.count;
  const int point = number.point;
  if (point >= kMinPlainPoint && (point <= kMaxPlainPoint || count > point)) {
    if (point <= 0) {
      *out++ = '0';
      *out++ = '.';
      out = PutZeros(-point, out);
      return Put(number.digits, count, out);
    }
    if (count <= point) {
      out = Put(number.digits, count, out);
      return PutZeros(point - count, out);
    }
    out = Put(number.digits, point, out);
    *out++ = '.';
    return Put(number.digits + point, count - point, out);
  }
  *out++ = number.digits[0];
  if (count > 1) {
    *out++ = '.';
    out = Put(number.digits + 1, count - 1, out);
  }
  *out++ = 'e';
  return std::to_chars(out, out + 8, point - 1).ptr;
}

char* PutDouble(double value, char* out) {
  if (!std::isfinite(value)) {  // no column can hold one; the server prints 0
    *out++ = '0';
    return out;
  }
  if (std::signbit(value)) *out++ = '-';
  return Format(Shortest(std::fabs(value)), out);
}

}  // namespace

void AppendInteger(int64_t value, TextBuffer* out) {
  char* text = out->Reserve(kIntegerRoom);
  out->Commit(std::to_chars(text, text + kIntegerRoom, value).ptr);
}

void AppendUnsigned(uint64_t value, TextBuffer* out) {
  char* text = out->Reserve(kIntegerRoom);
  out->Commit(std::to_chars(text, text + kIntegerRoom, value).ptr);
}

void AppendZerofilled(uint64_t value, uint32_t width, TextBuffer* out) {
  char digits[kIntegerRoom];
  const char* end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  auto count = static_cast<uint32_t>(end - digits);
  if (count < width) out->Append(width - count, '0');
  out->Append(absl::string_view(digits, count));
}

void AppendDouble(double value, TextBuffer* out) {
  char* text = out->Reserve(kDoubleRoom);
  out->Commit(PutDouble(value, text));
}

void AppendJsonDouble(double value, TextBuffer* out) {
  char* text = out->Reserve(kDoubleRoom);
  char* end = PutDouble(value, text);
  bool looks_whole = true;
  for (const char* next = text; next < end; ++next) {
    if (*next == '.' || *next == 'e') looks_whole = false;
  }
  if (looks_whole) {
    *end++ = '.';
    *end++ = '0';
  }
  out->Commit(end);
}

void AppendFloat(float value, TextBuffer* out) {
  char* text = out->Reserve(kDoubleRoom);
  if (!std::isfinite(value)) {
    *text++ = '0';
    return out->Commit(text);
  }
  if (std::signbit(value)) *text++ = '-';
  char rounded[32];
  auto result = std::to_chars(rounded, rounded + sizeof(rounded), std::fabs(static_cast<double>(value)),
                              std::chars_format::scientific, kFloatDigits - 1);
  Digits number = Parse(rounded, result.ptr);
  while (number.count > 1 && number.digits[number.count - 1] == '0') --number.count;
  out->Commit(Format(number, text));
}

void AppendFixed(double value, uint32_t decimals, TextBuffer* out) {
  // DBL_MAX has 309 digits.
  char* text = out->Reserve(320 + decimals);
  if (!std::isfinite(value)) {
    *text++ = '0';
    return out->Commit(text);
  }
  if (std::signbit(value)) *text++ = '-';
  const double magnitude = std::fabs(value);
  // The server stops at the shortest digits and fills up with zeros, so that 0.1 stays 0.1000… at any width.
  const Digits number = Shortest(magnitude);
  if (number.count - number.point > static_cast<int>(decimals)) {
    auto result =
        std::to_chars(text, text + 318 + decimals, magnitude, std::chars_format::fixed, static_cast<int>(decimals));
    return out->Commit(result.ptr);
  }
  if (number.point <= 0) {
    *text++ = '0';
  } else {
    const int whole = number.count < number.point ? number.count : number.point;
    text = Put(number.digits, whole, text);
    text = PutZeros(number.point - whole, text);
  }
  if (decimals > 0) {
    *text++ = '.';
    const int fraction = number.count > number.point ? number.count - std::max(number.point, 0) : 0;
    const int leading = number.point < 0 && fraction > 0 ? -number.point : 0;
    text = PutZeros(leading, text);
    if (fraction > 0) text = Put(number.digits + std::max(number.point, 0), fraction, text);
    text = PutZeros(static_cast<int>(decimals) - leading - fraction, text);
  }
  out->Commit(text);
}

}  // namespace cdc
