// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/charset.h"

#include <string>

#include "absl/strings/escaping.h"
#include "cdc/event/text_buffer.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

std::string Converted(absl::string_view charset, const std::string& hex) {
  absl::StatusOr<std::unique_ptr<CharsetConverter>> converter = CharsetConverter::Create(charset);
  if (!converter.ok()) return std::string(converter.status().message());
  TextBuffer out;
  (*converter)->Append(absl::HexStringToBytes(hex), &out);
  return std::string(out.view());
}

TEST(CharsetTest, KnowsTheCollationsOfBothServers) {
  EXPECT_EQ(CharsetOfCollation(Dialect::kMariaDb, 8), "latin1");
  EXPECT_EQ(CharsetOfCollation(Dialect::kMariaDb, 63), "binary");
  EXPECT_EQ(CharsetOfCollation(Dialect::kMariaDb, 33), "utf8mb3");
  EXPECT_EQ(CharsetOfCollation(Dialect::kMariaDb, 45), "utf8mb4");
  EXPECT_EQ(CharsetOfCollation(Dialect::kMariaDb, 255), "utf8mb4");
  EXPECT_EQ(CharsetOfCollation(Dialect::kMariaDb, 309), "utf8mb4");
  EXPECT_EQ(CharsetOfCollation(Dialect::kMariaDb, 248), "gb18030");
  EXPECT_EQ(CharsetOfCollation(Dialect::kMariaDb, 1032), "latin1") << "MariaDB's latin1_swedish_nopad_ci";
  EXPECT_EQ(CharsetOfCollation(Dialect::kMariaDb, 2304), "utf8mb4") << "MariaDB's uca1400";
  EXPECT_EQ(CharsetOfCollation(Dialect::kMySql, 8), "latin1");
  EXPECT_EQ(CharsetOfCollation(Dialect::kMySql, 323), "utf8mb4");
  EXPECT_EQ(CharsetOfCollation(Dialect::kMySql, 1032), "") << "a user's own";
  EXPECT_EQ(CharsetOfCollation(Dialect::kMySql, 2304), "");
  EXPECT_EQ(CharsetOfCollation(Dialect::kMariaDb, 0), "");
  EXPECT_EQ(CharsetOfCollation(Dialect::kMariaDb, 17), "");
}

// Each of these is what CONVERT(… USING utf8mb4) said on MySQL 9.7.
TEST(CharsetTest, ConvertsAsTheServerDoes) {
  EXPECT_EQ(Converted("latin1", "636166e9208081"), "café €\xc2\x81");
  EXPECT_EQ(Converted("ascii", "61ff"), "a?");
  EXPECT_EQ(Converted("swe7", "5b417e"), "ÄAü");
  EXPECT_EQ(Converted("utf16", "0061d83dde00"), "a😀");
  EXPECT_EQ(Converted("utf16le", "61003dd800de"), "a😀");
  EXPECT_EQ(Converted("utf32", "0001f600"), "😀");
  EXPECT_EQ(Converted("ucs2", "d800"), "\xed\xa0\x80") << "a surrogate is a character there";
  EXPECT_EQ(Converted("gbk", "61d6d0cec4"), "a中文");
  EXPECT_EQ(Converted("gb18030", "81308131"), "\xc2\x81");
  EXPECT_EQ(Converted("gb18030", "84318236"), "\xef\xb8\x90") << "iconv has none";
  EXPECT_EQ(Converted("gb18030", "a6d9"), "\xee\x9e\x8d") << "iconv says U+FE10";
  EXPECT_EQ(Converted("sjis", "b6835e"), "ｶタ");
  EXPECT_EQ(Converted("sjis", "815f"), "\\") << "iconv says U+FF3C";
  EXPECT_EQ(Converted("cp932", "8740"), "①");
  EXPECT_EQ(Converted("ujis", "a1c0"), "\\");
  EXPECT_EQ(Converted("ujis", "f5a1"), "\xee\x80\x80") << "a private character";
  EXPECT_EQ(Converted("ujis", "8ea0"), "??");
  EXPECT_EQ(Converted("ujis", "8ea0eac9b3d7"), "??衂革") << "each of the first two stands alone";
  EXPECT_EQ(Converted("eucjpms", "8ea08ea0b3d7"), "????革");
  EXPECT_EQ(Converted("eucjpms", "8ff0f0b3d7"), "?革");
  EXPECT_EQ(Converted("big5", "a145"), "•") << "iconv says U+2027";
  EXPECT_EQ(Converted("euckr", "b0a1"), "가");
}

TEST(CharsetTest, MarksCharactersThatAreCutOff) {
  EXPECT_EQ(Converted("gbk", "61d6"), "a?");
  EXPECT_EQ(Converted("utf16", "006100"), "a?");
  EXPECT_EQ(Converted("ujis", "8fa1"), "?");
}

TEST(CharsetTest, KnowsWhatNeedsNoConversion) {
  for (const char* name : {"utf8mb4", "utf8mb3", "utf8", "binary"}) EXPECT_TRUE(CharsetConverter::IsIdentity(name));
  EXPECT_FALSE(CharsetConverter::IsIdentity("latin1"));
  EXPECT_EQ(Converted("utf8mb4", "f09f9880"), "😀");
}

TEST(CharsetTest, NamesACharsetThatItDoesNotKnow) {
  EXPECT_EQ(CharsetConverter::Create("klingon").status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_NE(Converted("klingon", "").find("klingon"), std::string::npos);
}

}  // namespace
}  // namespace cdc
