// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/json_text.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cdc/event/text_buffer.h"
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

std::string Le(uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> 8 * i));
  return text;
}

struct LargeEntry {
  std::string key;  // of an object
  char type;
  std::string value;  // stands in the entry if it has 4 bytes, else behind the keys
};

// The large form, which servers use from 64 KiB on. `type` is 1 or 3, and is not part of it.
std::string Large(char type, const std::vector<LargeEntry>& entries) {
  const bool is_object = type == 1;
  std::string key_entries, value_entries, keys, values;
  const size_t head = 8 + entries.size() * ((is_object ? 6 : 0) + 5);
  size_t key_bytes = 0;
  for (const LargeEntry& entry : entries) key_bytes += entry.key.size();
  for (const LargeEntry& entry : entries) {
    if (is_object) absl::StrAppend(&key_entries, Le(head + keys.size(), 4), Le(entry.key.size(), 2));
    keys += entry.key;
    value_entries.push_back(entry.type);
    if (entry.value.size() == 4) {
      value_entries += entry.value;
    } else {
      value_entries += Le(head + key_bytes + values.size(), 4);
      values += entry.value;
    }
  }
  return absl::StrCat(Le(entries.size(), 4), Le(head + keys.size() + values.size(), 4), key_entries, value_entries,
                      keys, values);
}

TEST(JsonTextTest, PrintsLargeContainers) {
  const std::vector<LargeEntry> in_their_entries = {
      {"a", 7, Le(0x80000000, 4)}, {"b", 7, Le(70000, 4)}, {"c", 8, Le(0xFFFFFFFF, 4)}, {"d", 4, Le(0, 4)},
      {"e", 4, Le(1, 4)},          {"ff", 4, Le(2, 4)},    {"gg", 5, Le(0xFFFF, 4)},    {"hh", 6, Le(0xFFFF, 4)},
  };
  EXPECT_EQ(Printed("\x01" + Large(1, in_their_entries)),
            "{\"a\": -2147483648, \"b\": 70000, \"c\": 4294967295, \"d\": null, \"e\": true, \"ff\": false, "
            "\"gg\": -1, \"hh\": 65535}");
  EXPECT_EQ(Printed("\x03" + Large(3, {{"", 7, Le(0x80000000, 4)}, {"", 8, Le(0xFFFFFFFF, 4)}, {"", 4, Le(1, 4)}})),
            "[-2147483648, 4294967295, true]");
  const std::vector<LargeEntry> behind_offsets = {
      {"", 12, "\x02hi"},
      {"a", 9, std::string(8, '\xFF')},
      {"b", 10, std::string(8, '\xFF')},
      {"c", 11, absl::HexStringToBytes("000000000000f03f")},
      {"d", 15, absl::HexStringToBytes("f6080c038000000c0154")},
      {"ee", 1, Large(1, {{"k", 7, Le(7, 4)}})},
      {"ff", 3, Large(3, {{"", 12, "\x02yo"}, {"", 7, Le(7, 4)}})},
      {"gg", 2, absl::HexStringToBytes("01000700050700")},
      {"hh", 12, std::string(1, '\0')},
  };
  EXPECT_EQ(Printed("\x01" + Large(1, behind_offsets)),
            "{\"\": \"hi\", \"a\": -1, \"b\": 18446744073709551615, \"c\": 1.0, \"d\": 12.340, "
            "\"ee\": {\"k\": 7}, \"ff\": [\"yo\", 7], \"gg\": [7], \"hh\": \"\"}");
  EXPECT_EQ(Printed("\x01" + Large(1, {})), "{}");
}

TEST(JsonTextTest, RefusesALargeObjectThatIsCutShort) {
  const std::string whole = "\x01" + Large(1, {{"a", 7, Le(7, 4)}, {"b", 12, "\x02hi"}, {"c", 4, Le(1, 4)}});
  ASSERT_EQ(Printed(whole), "{\"a\": 7, \"b\": \"hi\", \"c\": true}");
  for (size_t length = 1; length < whole.size(); ++length) {
    EXPECT_EQ(Printed(whole.substr(0, length)).substr(0, 5), "error") << length;
  }
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
