// SPDX-License-Identifier: Apache-2.0
#include "relay/status/json_line.h"

#include "gtest/gtest.h"

namespace relay {
namespace {

std::string Text(absl::string_view text) {
  std::string out = "x";
  return AppendJsonString(text, &out) ? out : out + "(no UTF-8)";
}

TEST(JsonLineTest, EscapesWhatALineCannotHold) {
  EXPECT_EQ(Text(""), "x\"\"");
  EXPECT_EQ(Text("a\"b\\c\nd\re\tf"), "x\"a\\\"b\\\\c\\nd\\re\\tf\"");
  EXPECT_EQ(Text(absl::string_view("\0\x1f\x7f", 3)), "x\"\\u0000\\u001f\\u007f\"");
  EXPECT_EQ(Text("grün 日本 😀"), "x\"grün 日本 😀\"");
}

TEST(JsonLineTest, RefusesWhatIsNoUtf8AndLeavesNothing) {
  for (absl::string_view text : {"\x80", "a\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                                 "\xF5\x80\x80\x80", "\xC3", "\xE6\x97", "\xF0\x9F\x98", "\xFF"}) {
    EXPECT_EQ(Text(text), "x(no UTF-8)");
  }
  std::string out;
  AppendJsonBase64("\xFF\x01", &out);
  EXPECT_EQ(out, "\"/wE=\"");
}

}  // namespace
}  // namespace relay
