// SPDX-License-Identifier: Apache-2.0
#include "cdc/json_text.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cdc/text_buffer.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

std::string Printed(const std::string& document) {
  TextBuffer out;
  absl::Status status = AppendJsonText(document, &out);
  if (!status.ok()) return absl::StrCat("error: ", status.message());
  return std::string(out.view());
}

std::string PrintedHex(const std::string& hex) { return Printed(absl::HexStringToBytes(hex)); }

// Documents as MySQL 9.7 logged them.
TEST(JsonTextTest, PrintsContainersWithTheServersSpaces) {
  EXPECT_EQ(PrintedHex("0000000400"), "{}");
  EXPECT_EQ(PrintedHex("0200000400"), "[]");
  // {"a": 1, "b": [true, null]}
  EXPECT_EQ(PrintedHex("0002001e001200010013000100050100021400"
                       "6162"
                       "02000a0004010004000000"),
            "{\"a\": 1, \"b\": [true, null]}");
}

TEST(JsonTextTest, PrintsScalarsThatStandAlone) {
  EXPECT_EQ(PrintedHex("0400"), "null");
  EXPECT_EQ(PrintedHex("0401"), "true");
  EXPECT_EQ(PrintedHex("0402"), "false");
  EXPECT_EQ(PrintedHex("050080"), "-32768");
  EXPECT_EQ(PrintedHex("06ffff"), "65535");
  EXPECT_EQ(PrintedHex("0700000080"), "-2147483648");
  EXPECT_EQ(PrintedHex("0affffffffffffffff"), "18446744073709551615");
  EXPECT_EQ(PrintedHex("0b000000000000f03f"), "1.0");
  EXPECT_EQ(PrintedHex("0c0161"), "\"a\"");
}

TEST(JsonTextTest, PrintsAnEmptyColumnAsNull) { EXPECT_EQ(Printed(""), "null"); }

TEST(JsonTextTest, PrintsWhatOnlySqlCanPutIntoADocument) {
  EXPECT_EQ(PrintedHex("0ff6080c038000000c0154"), "12.340");
  EXPECT_EQ(PrintedHex("0ff6070b027fffffffcd"), "-0.50");
  EXPECT_EQ(PrintedHex("0f0a0800000000006ebb19"), "\"2026-11-23\"");
  EXPECT_EQ(PrintedHex("0f0b08e05ef84737ffffff"), "\"-12:34:56.500000\"");
  EXPECT_EQ(PrintedHex("0f0f03616263"), "\"base64:type15:YWJj\"");
  EXPECT_EQ(PrintedHex("0ffd03616263"), "\"abc\"") << "VAR_STRING is a string";
}

TEST(JsonTextTest, BreaksBase64AsTheServerDoes) {
  const std::string bytes(58, '\0');
  EXPECT_EQ(Printed(absl::StrCat(absl::HexStringToBytes("0ffc3a"), bytes)),
            absl::StrCat("\"base64:type252:", std::string(76, 'A'), "\\nAA==\""));
  const std::string full(57, '\0');
  EXPECT_EQ(Printed(absl::StrCat(absl::HexStringToBytes("0ffc39"), full)),
            absl::StrCat("\"base64:type252:", std::string(76, 'A'), "\""));
}

TEST(JsonTextTest, RefusesWhatIsCutShort) {
  const std::string whole = absl::HexStringToBytes("0002001e001200010013000100050100021400616202000a0004010004000000");
  for (size_t length = 1; length < whole.size() - 1; ++length) {
    EXPECT_EQ(Printed(whole.substr(0, length)).substr(0, 5), "error") << length;
  }
}

TEST(JsonTextTest, RefusesUnknownTypesAndLiterals) {
  EXPECT_NE(PrintedHex("0d00").find("unknown type"), std::string::npos);
  EXPECT_NE(PrintedHex("0403").find("unknown literal"), std::string::npos);
}

TEST(JsonTextTest, RefusesPartsThatOverlap) {
  // An array whose 100 elements are all the same string of 200 bytes.
  std::string array = absl::HexStringToBytes("02");
  const size_t head = 4 + 100 * 3;
  const std::string text = absl::StrCat(absl::HexStringToBytes("c801"), std::string(200, 'x'));
  auto put16 = [&array](size_t value) {
    array.push_back(static_cast<char>(value & 0xff));
    array.push_back(static_cast<char>(value >> 8));
  };
  put16(100);
  put16(head + text.size());
  for (int i = 0; i < 100; ++i) {
    array.push_back(12);
    put16(head);
  }
  EXPECT_NE(Printed(array + text).find("overlap"), std::string::npos);
}

TEST(JsonTextTest, RefusesNestingPastTheServersLimit) {
  auto nested = [](int depth) {
    std::string inner = absl::HexStringToBytes("00000400");  // []
    for (int i = 1; i < depth; ++i) {
      std::string outer;
      const size_t size = inner.size() + 7;
      outer.push_back(1);
      outer.push_back(0);
      outer.push_back(static_cast<char>(size & 0xff));
      outer.push_back(static_cast<char>(size >> 8));
      outer.push_back(2);
      outer.push_back(7);
      outer.push_back(0);
      inner = outer + inner;
    }
    return absl::StrCat(std::string(1, '\2'), inner);
  };
  EXPECT_EQ(Printed(nested(100)), absl::StrCat(std::string(100, '['), std::string(100, ']')));
  EXPECT_NE(Printed(nested(101)).find("too deep"), std::string::npos);
}

}  // namespace
}  // namespace cdc
