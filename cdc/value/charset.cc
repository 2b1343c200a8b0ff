// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/charset.h"

#include <iconv.h>

#include <cstddef>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "cdc/value/single_byte_charsets.h"

namespace cdc {
namespace {

struct CollationRange {
  uint16_t first;
  uint16_t last;
  absl::string_view charset;
};

// information_schema.COLLATIONS of MySQL 9.7 and MariaDB 11.8, which agree where both have a number below 1024. Runs of
// one character set are drawn together over numbers that are not in use.
// clang-format off
constexpr CollationRange kCollations[] = {
    {1, 1, "big5"}, {2, 2, "latin2"}, {3, 3, "dec8"}, {4, 4, "cp850"}, {5, 5, "latin1"}, {6, 6, "hp8"}, {7, 7, "koi8r"},
    {8, 8, "latin1"}, {9, 9, "latin2"}, {10, 10, "swe7"}, {11, 11, "ascii"}, {12, 12, "ujis"}, {13, 13, "sjis"},
    {14, 14, "cp1251"}, {15, 15, "latin1"}, {16, 16, "hebrew"}, {18, 18, "tis620"}, {19, 19, "euckr"},
    {20, 20, "latin7"}, {21, 21, "latin2"}, {22, 22, "koi8u"}, {23, 23, "cp1251"}, {24, 24, "gb2312"},
    {25, 25, "greek"}, {26, 26, "cp1250"}, {27, 27, "latin2"}, {28, 28, "gbk"}, {29, 29, "cp1257"}, {30, 30, "latin5"},
    {31, 31, "latin1"}, {32, 32, "armscii8"}, {33, 33, "utf8mb3"}, {34, 34, "cp1250"}, {35, 35, "ucs2"},
    {36, 36, "cp866"}, {37, 37, "keybcs2"}, {38, 38, "macce"}, {39, 39, "macroman"}, {40, 40, "cp852"},
    {41, 42, "latin7"}, {43, 43, "macce"}, {44, 44, "cp1250"}, {45, 46, "utf8mb4"}, {47, 49, "latin1"},
    {50, 52, "cp1251"}, {53, 53, "macroman"}, {54, 55, "utf16"}, {56, 56, "utf16le"}, {57, 57, "cp1256"},
    {58, 59, "cp1257"}, {60, 61, "utf32"}, {62, 62, "utf16le"}, {63, 63, "binary"}, {64, 64, "armscii8"},
    {65, 65, "ascii"}, {66, 66, "cp1250"}, {67, 67, "cp1256"}, {68, 68, "cp866"}, {69, 69, "dec8"}, {70, 70, "greek"},
    {71, 71, "hebrew"}, {72, 72, "hp8"}, {73, 73, "keybcs2"}, {74, 74, "koi8r"}, {75, 75, "koi8u"},
    {76, 76, "utf8mb3"}, {77, 77, "latin2"}, {78, 78, "latin5"}, {79, 79, "latin7"}, {80, 80, "cp850"},
    {81, 81, "cp852"}, {82, 82, "swe7"}, {83, 83, "utf8mb3"}, {84, 84, "big5"}, {85, 85, "euckr"}, {86, 86, "gb2312"},
    {87, 87, "gbk"}, {88, 88, "sjis"}, {89, 89, "tis620"}, {90, 90, "ucs2"}, {91, 91, "ujis"}, {92, 93, "geostd8"},
    {94, 94, "latin1"}, {95, 96, "cp932"}, {97, 98, "eucjpms"}, {99, 99, "cp1250"}, {101, 124, "utf16"},
    {128, 159, "ucs2"}, {160, 191, "utf32"}, {192, 223, "utf8mb3"}, {224, 247, "utf8mb4"}, {248, 250, "gb18030"},
    {255, 511, "utf8mb4"}, {576, 607, "utf8mb3"}, {608, 639, "utf8mb4"}, {640, 671, "ucs2"}, {672, 703, "utf16"},
    {736, 767, "utf32"}, {2048, 2303, "utf8mb3"}, {2304, 2559, "utf8mb4"}, {2560, 2815, "ucs2"}, {2816, 3071, "utf16"},
    {3072, 3327, "utf32"},
};
// clang-format on

constexpr uint32_t kMySqlUserDefined = 1024;

// MariaDB numbers the NOPAD form of a collation 1024 higher.
constexpr uint32_t kMariaDbNoPad = 1024;
constexpr uint32_t kMariaDbNoPadEnd = 2048;

char* PutUtf8(uint32_t character, char* out) {
  if (character < 0x80) {
    *out++ = static_cast<char>(character);
  } else if (character < 0x800) {
    *out++ = static_cast<char>(0xc0 | character >> 6);
    *out++ = static_cast<char>(0x80 | (character & 0x3f));
  } else if (character < 0x10000) {
    *out++ = static_cast<char>(0xe0 | character >> 12);
    *out++ = static_cast<char>(0x80 | (character >> 6 & 0x3f));
    *out++ = static_cast<char>(0x80 | (character & 0x3f));
  } else {
    *out++ = static_cast<char>(0xf0 | character >> 18);
    *out++ = static_cast<char>(0x80 | (character >> 12 & 0x3f));
    *out++ = static_cast<char>(0x80 | (character >> 6 & 0x3f));
    *out++ = static_cast<char>(0x80 | (character & 0x3f));
  }
  return out;
}

bool IsSurrogate(uint32_t character) { return (character & 0xfffff800) == 0xd800; }

class Identity : public CharsetConverter {
 public:
  void Append(absl::string_view text, TextBuffer* out) override { out->Append(text); }
};

class SingleByte : public CharsetConverter {
 public:
  explicit SingleByte(const SingleByteCharset& charset) : charset_(charset), is_swe7_(charset.name == "swe7") {}

  void Append(absl::string_view text, TextBuffer* out) override {
    char* next = out->Reserve(3 * text.size());
    for (char c : text) {
      const auto byte = static_cast<uint8_t>(c);
      if (byte >= 0x80) {
        next = PutUtf8(charset_.upper[byte - 0x80], next);
      } else {
        next = PutUtf8(is_swe7_ ? Swe7Lower(byte) : byte, next);
      }
    }
    out->Commit(next);
  }

 private:
  const SingleByteCharset& charset_;
  const bool is_swe7_;
};

// ucs2, utf16, utf16le, utf32.
class Wide : public CharsetConverter {
 public:
  Wide(size_t width, bool little_endian, bool surrogates)
      : width_(width), little_endian_(little_endian), surrogates_(surrogates) {}

  void Append(absl::string_view text, TextBuffer* out) override {
    char* next = out->Reserve(2 * text.size() + 4);
    size_t i = 0;
    while (i + width_ <= text.size()) {
      uint32_t character = Unit(text, i);
      i += width_;
      if (surrogates_ && (character & 0xfffffc00) == 0xd800 && i + width_ <= text.size() &&
          (Unit(text, i) & 0xfffffc00) == 0xdc00) {
        character = 0x10000 + ((character - 0xd800) << 10) + (Unit(text, i) - 0xdc00);
        i += width_;
      }
      // Where there are no pairs, the server writes a surrogate as if it were a character.
      const bool valid = character <= 0x10ffff && (!surrogates_ || !IsSurrogate(character));
      next = PutUtf8(valid ? character : '?', next);
    }
    if (i < text.size()) *next++ = '?';
    out->Commit(next);
  }

 private:
  uint32_t Unit(absl::string_view text, size_t at) const {
    uint32_t unit = 0;
    for (size_t i = 0; i < width_; ++i) {
      unit = unit << 8 | static_cast<uint8_t>(text[little_endian_ ? at + width_ - 1 - i : at + i]);
    }
    return unit;
  }

  const size_t width_;
  const bool little_endian_;
  const bool surrogates_;
};

// Where the server's table and iconv's differ; found by converting every code on MySQL 9.7. `first` is the character of
// the code `from`, those after it follow; 0x3f stands for none in the whole range.
struct Exception {
  uint32_t from;
  uint32_t to;
  uint16_t first;
};
constexpr Exception kNoExceptions[] = {{0, 0, 0}};
constexpr Exception kBig5Exceptions[] = {
    {0xa145, 0xa145, 0x2022}, {0xa14e, 0xa14e, 0xff64}, {0xa15a, 0xa15a, 0xfffd}, {0xa1c2, 0xa1c2, 0x203e},
    {0xa1c3, 0xa1c3, 0xfffd}, {0xa1c5, 0xa1c5, 0xfffd}, {0xa1e3, 0xa1e3, 0x223c}, {0xa1f2, 0xa1f2, 0x2641},
    {0xa1f3, 0xa1f3, 0x2609}, {0xa1fe, 0xa1fe, 0xfffd}, {0xa240, 0xa240, 0xfffd}, {0xa241, 0xa241, 0xff0f},
    {0xa242, 0xa242, 0xff3c}, {0xa244, 0xa244, 0x00a5}, {0xa246, 0xa247, 0x00a2}, {0xa2cc, 0xa2cc, 0xfffd},
    {0xa2ce, 0xa2ce, 0xfffd}, {0xa3e1, 0xa3e1, 0x003f}, {0xc6a1, 0xc6a1, 0x30fe}, {0xc6a2, 0xc6a3, 0x309d},
    {0xc6a4, 0xc6a4, 0x3005}, {0xc6a5, 0xc6f7, 0x3041}, {0xc6f8, 0xc6fe, 0x30a1}, {0xc740, 0xc77e, 0x30a8},
    {0xc7a1, 0xc7b0, 0x30e7}, {0xc7b1, 0xc7b2, 0x0414}, {0xc7b3, 0xc7b3, 0x0401}, {0xc7b4, 0xc7ba, 0x0416},
    {0xc7bb, 0xc7cd, 0x0423}, {0xc7ce, 0xc7ce, 0x0451}, {0xc7cf, 0xc7e8, 0x0436}, {0xc7e9, 0xc7f2, 0x2460},
    {0xc7f3, 0xc7fc, 0x2474}, {0xc7fd, 0xc7fe, 0x003f}, {0xc840, 0xc87e, 0x003f}, {0xc8a1, 0xc8fe, 0x003f},
    {0xf9dd, 0xf9fe, 0x003f},
};
constexpr Exception kGb18030Exceptions[] = {
    {0xa6d9, 0xa6df, 0xe78d},         {0xa6ec, 0xa6ed, 0xe794},         {0xa6f3, 0xa6f3, 0xe796},
    {0xfe51, 0xfe53, 0xe816},         {0xfe59, 0xfe59, 0xe81e},         {0xfe61, 0xfe61, 0xe826},
    {0xfe66, 0xfe67, 0xe82b},         {0xfe6c, 0xfe6d, 0xe831},         {0xfe76, 0xfe76, 0xe83b},
    {0xfe7e, 0xfe7e, 0xe843},         {0xfe90, 0xfe91, 0xe854},         {0xfea0, 0xfea0, 0xe864},
    {0x82359037, 0x82359039, 0x9fb4}, {0x82359130, 0x82359134, 0x9fb7}, {0x84318236, 0x84318239, 0xfe10},
    {0x84318330, 0x84318335, 0xfe14},
};
constexpr Exception kSjisExceptions[] = {{0x815f, 0x815f, 0x5c}};
constexpr Exception kUjisExceptions[] = {
    {0xa1c0, 0xa1c0, 0x005c},     {0xf5a1, 0xf5fe, 0xe000},     {0xf6a1, 0xf6fe, 0xe05e},
    {0xf7a1, 0xf7fe, 0xe0bc},     {0xf8a1, 0xf8fe, 0xe11a},     {0xf9a1, 0xf9fe, 0xe178},
    {0xfaa1, 0xfafe, 0xe1d6},     {0xfba1, 0xfbfe, 0xe234},     {0xfca1, 0xfcfe, 0xe292},
    {0xfda1, 0xfdfe, 0xe2f0},     {0xfea1, 0xfefe, 0xe34e},     {0x8fa2b7, 0x8fa2b7, 0x007e},
    {0x8ff5a1, 0x8ff5fe, 0xe3ac}, {0x8ff6a1, 0x8ff6fe, 0xe40a}, {0x8ff7a1, 0x8ff7fe, 0xe468},
    {0x8ff8a1, 0x8ff8fe, 0xe4c6}, {0x8ff9a1, 0x8ff9fe, 0xe524}, {0x8ffaa1, 0x8ffafe, 0xe582},
    {0x8ffba1, 0x8ffbfe, 0xe5e0}, {0x8ffca1, 0x8ffcfe, 0xe63e}, {0x8ffda1, 0x8ffdfe, 0xe69c},
    {0x8ffea1, 0x8ffefe, 0xe6fa},
};

enum class Leads { kTwoBytes, kShiftJis, kEuc, kGb18030 };

struct MultiByteCharset {
  absl::string_view name;
  const char* iconv_name;
  Leads leads;
  const Exception* exceptions;
  size_t exception_count;
};
constexpr MultiByteCharset kMultiByte[] = {
    {"big5", "BIG5", Leads::kTwoBytes, kBig5Exceptions, std::size(kBig5Exceptions)},
    {"cp932", "CP932", Leads::kShiftJis, kNoExceptions, 0},
    {"eucjpms", "EUC-JP-MS", Leads::kEuc, kNoExceptions, 0},
    {"euckr", "CP949", Leads::kTwoBytes, kNoExceptions, 0},
    {"gb18030", "GB18030", Leads::kGb18030, kGb18030Exceptions, std::size(kGb18030Exceptions)},
    {"gb2312", "EUC-CN", Leads::kTwoBytes, kNoExceptions, 0},
    {"gbk", "GBK", Leads::kTwoBytes, kNoExceptions, 0},
    {"sjis", "SHIFT_JIS", Leads::kShiftJis, kSjisExceptions, std::size(kSjisExceptions)},
    {"ujis", "EUC-JP", Leads::kEuc, kUjisExceptions, std::size(kUjisExceptions)},
};

// Character by character, so that the exceptions find their place: such columns are rare and short.
class MultiByte : public CharsetConverter {
 public:
  MultiByte(const MultiByteCharset& charset, iconv_t descriptor) : charset_(charset), descriptor_(descriptor) {}
  ~MultiByte() override { iconv_close(descriptor_); }

  void Append(absl::string_view text, TextBuffer* out) override {
    while (!text.empty()) {
      size_t ascii = 0;
      while (ascii < text.size() && static_cast<uint8_t>(text[ascii]) < 0x80) ++ascii;
      out->Append(text.substr(0, ascii));
      text.remove_prefix(ascii);
      if (text.empty()) return;
      size_t length = Length(text);
      if (length > text.size()) {  // cut off in mid-character
        out->Append('?');
        return;
      }
      AppendOne(text.substr(0, length), out);
      text.remove_prefix(length);
    }
  }

 private:
  size_t Length(absl::string_view text) const {
    const auto lead = static_cast<uint8_t>(text[0]);
    switch (charset_.leads) {
      case Leads::kTwoBytes:
        return 2;
      case Leads::kShiftJis:
        return lead >= 0xa1 && lead <= 0xdf ? 1 : 2;
      case Leads::kEuc: {
        const auto next = static_cast<uint8_t>(text.size() > 1 ? text[1] : 0);
        if (lead == 0x8f) return 3;
        // Half-width katakana. The server also stores 8e a0, of which it reads each byte as a character of no meaning.
        if (lead == 0x8e) return next >= 0xa1 && next <= 0xdf ? 2 : 1;
        return lead >= 0xa1 ? 2 : 1;
      }
      case Leads::kGb18030: {
        const bool four = text.size() > 1 && text[1] >= '0' && text[1] <= '9';
        return four ? 4 : 2;
      }
    }
    return 1;
  }

  void AppendOne(absl::string_view character, TextBuffer* out) {
    uint32_t code = 0;
    for (char byte : character) code = code << 8 | static_cast<uint8_t>(byte);
    char* room = out->Reserve(16);
    for (size_t i = 0; i < charset_.exception_count; ++i) {
      const Exception& exception = charset_.exceptions[i];
      if (code < exception.from || code > exception.to) continue;
      const bool none = exception.first == '?';
      return out->Commit(PutUtf8(none ? '?' : exception.first + (code - exception.from), room));
    }
    iconv(descriptor_, nullptr, nullptr, nullptr, nullptr);
    char* in = const_cast<char*>(character.data());
    size_t in_left = character.size();
    char* next = room;
    size_t room_left = 16;
    if (iconv(descriptor_, &in, &in_left, &next, &room_left) == static_cast<size_t>(-1)) {
      next = room;
      *next++ = '?';
    }
    out->Commit(next);
  }

  const MultiByteCharset& charset_;
  const iconv_t descriptor_;
};

}  // namespace

absl::string_view CharsetOfCollation(Dialect dialect, uint32_t collation) {
  if (dialect == Dialect::kMySql && collation >= kMySqlUserDefined) return absl::string_view();
  if (collation > kMariaDbNoPad && collation < kMariaDbNoPadEnd) collation -= kMariaDbNoPad;
  for (const CollationRange& range : kCollations) {
    if (collation >= range.first && collation <= range.last) return range.charset;
  }
  return absl::string_view();
}

bool CharsetConverter::IsIdentity(absl::string_view charset) {
  return charset == "utf8mb4" || charset == "utf8mb3" || charset == "utf8" || charset == "binary";
}

absl::StatusOr<std::unique_ptr<CharsetConverter>> CharsetConverter::Create(absl::string_view charset) {
  if (IsIdentity(charset)) return std::make_unique<Identity>();
  if (const SingleByteCharset* single = FindSingleByteCharset(charset)) return std::make_unique<SingleByte>(*single);
  if (charset == "ucs2") return std::make_unique<Wide>(2, /*little_endian=*/false, /*surrogates=*/false);
  if (charset == "utf16") return std::make_unique<Wide>(2, /*little_endian=*/false, /*surrogates=*/true);
  if (charset == "utf16le") return std::make_unique<Wide>(2, /*little_endian=*/true, /*surrogates=*/true);
  if (charset == "utf32") return std::make_unique<Wide>(4, /*little_endian=*/false, /*surrogates=*/false);
  for (const MultiByteCharset& multi : kMultiByte) {
    if (multi.name != charset) continue;
    iconv_t descriptor = iconv_open("UTF-8", multi.iconv_name);
    if (descriptor == reinterpret_cast<iconv_t>(-1)) {
      return absl::UnimplementedError(absl::StrCat("character set ", charset, " needs the iconv module ",
                                                   multi.iconv_name, ", which this system lacks (gconv modules)"));
    }
    return std::make_unique<MultiByte>(multi, descriptor);
  }
  return absl::UnimplementedError(absl::StrCat("unknown character set ", charset));
}

}  // namespace cdc
