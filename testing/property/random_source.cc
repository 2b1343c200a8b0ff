// SPDX-License-Identifier: Apache-2.0
#include "testing/property/random_source.h"

#include <cmath>
#include <cstring>
#include <iterator>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace testing_property {
namespace {

struct Script {
  uint32_t first;
  uint32_t last;
};

constexpr Script kScripts[] = {
    {0x20, 0x7e},       {0x20, 0x7e},     {0x20, 0x7e},         {0x00, 0x1f},     {0xa0, 0xff},     {0x100, 0x17f},
    {0x391, 0x3c9},     {0x410, 0x44f},   {0x5d0, 0x5ea},       {0x621, 0x64a},   {0xe01, 0xe3a},   {0x2010, 0x203e},
    {0x2460, 0x24ff},   {0x3041, 0x30fe}, {0x4e00, 0x9fa5},     {0xac00, 0xd7a3}, {0xff01, 0xffee}, {0x1f300, 0x1f64f},
    {0x20000, 0x20100}, {0xe000, 0xe0ff}, {0x10fff0, 0x10ffff},
};

void AppendUtf8(uint32_t character, std::string* out) {
  if (character < 0x80) {
    out->push_back(static_cast<char>(character));
  } else if (character < 0x800) {
    out->push_back(static_cast<char>(0xc0 | character >> 6));
    out->push_back(static_cast<char>(0x80 | (character & 0x3f)));
  } else if (character < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | character >> 12));
    out->push_back(static_cast<char>(0x80 | (character >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (character & 0x3f)));
  } else {
    out->push_back(static_cast<char>(0xf0 | character >> 18));
    out->push_back(static_cast<char>(0x80 | (character >> 12 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (character >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (character & 0x3f)));
  }
}

}  // namespace

size_t RandomSource::Length(size_t most) {
  if (OneIn(12)) return most;
  if (OneIn(8)) return Below(most + 1);
  return Below(most < 12 ? most + 1 : 13);
}

uint64_t RandomSource::SpreadBits(int most_bits) {
  const uint64_t bits = Below(static_cast<uint64_t>(most_bits) + 1);
  if (bits == 0) return 0;
  uint64_t value = Bits() >> (64 - bits);
  switch (Below(6)) {
    case 0:
      value = uint64_t{1} << (bits - 1);
      break;
    case 1:
      value = ~uint64_t{0} >> (64 - bits);
      break;
    default:
      break;
  }
  return value;
}

double RandomSource::AnyDouble() {
  while (true) {
    double value = 0;
    switch (Below(5)) {
      case 0: {
        const uint64_t bits = Bits();
        std::memcpy(&value, &bits, sizeof(value));
        break;
      }
      case 1:
        value = static_cast<double>(static_cast<int64_t>(SpreadBits(63))) * (OneIn(2) ? 1 : -1);
        break;
      case 2:
        value = static_cast<double>(SpreadBits(53)) / std::pow(10.0, static_cast<double>(Below(25)));
        break;
      case 3:
        value = std::ldexp(static_cast<double>(SpreadBits(24)), static_cast<int>(Below(60)) - 40);
        break;
      default:
        value = std::pow(10.0, static_cast<double>(Below(40)) - 20) * static_cast<double>(1 + Below(9));
        break;
    }
    if (std::isfinite(value)) return OneIn(2) ? value : -value;
  }
}

std::string RandomSource::Bytes(size_t length) {
  std::string bytes;
  while (bytes.size() < length) bytes.push_back(static_cast<char>(OneIn(6) ? 0 : Bits()));
  // Rows drop trailing zeros and spaces of some types.
  if (!bytes.empty() && OneIn(4)) bytes.back() = OneIn(2) ? '\0' : ' ';
  return bytes;
}

std::string RandomSource::Text(size_t characters) {
  std::string text;
  const Script* script = &kScripts[Below(std::size(kScripts))];
  for (size_t i = 0; i < characters; ++i) {
    if (OneIn(10)) script = &kScripts[Below(std::size(kScripts))];
    if (OneIn(20)) {
      text.push_back(*Pick({"\"", "\\", "'", " ", "\n", "\t", "/", ","}));
    } else {
      AppendUtf8(script->first + static_cast<uint32_t>(Below(script->last - script->first + 1)), &text);
    }
  }
  return text;
}

std::string HexLiteral(const std::string& bytes) { return absl::StrCat("X'", absl::BytesToHexString(bytes), "'"); }

std::string TextLiteral(const std::string& text) { return absl::StrCat("_utf8mb4 ", HexLiteral(text)); }

}  // namespace testing_property
