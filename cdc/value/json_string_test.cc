// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/json_string.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "cdc/event/text_buffer.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

TEST(JsonStringTest, EscapesWhatTheServerEscapesAtEveryOffset) {
  for (size_t before = 0; before < 40; ++before) {
    TextBuffer out;
    AppendJsonString(absl::StrCat(std::string(before, 'x'), "\"\\\b\f\n\r\t", std::string(1, '\0'), "\x1f\x7fü/",
                                  std::string(before, 'y')),
                     &out);
    EXPECT_EQ(out.view(), absl::StrCat("\"", std::string(before, 'x'), "\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\x7fü/",
                                       std::string(before, 'y'), "\""));
  }
}

TEST(JsonStringTest, EscapesStringsLongerThanAPiece) {
  for (size_t length : {4095, 4096, 4097, 100000}) {
    TextBuffer out;
    AppendJsonString(std::string(length, '\n'), &out);
    EXPECT_EQ(out.size(), 2 * length + 2);
  }
}

// Every length takes another way through words and vectors; every place of it can hold what is escaped.
TEST(JsonStringTest, EscapesAtEveryPlaceOfEveryLength) {
  for (size_t length = 1; length < 40; ++length) {
    for (size_t place = 0; place < length; ++place) {
      for (char special : {'"', '\\', '\n', '\x1f', '\x20', '\x7f', '\x80', '\xff'}) {
        std::string text(length, 'x');
        text[place] = special;
        std::string expected = "\"";
        for (char c : text) {
          if (c == '"' || c == '\\') {
            absl::StrAppend(&expected, "\\", std::string(1, c));
          } else if (c == '\n') {
            expected += "\\n";
          } else if (c == '\x1f') {
            expected += "\\u001f";
          } else {
            expected += c;
          }
        }
        TextBuffer out;
        AppendJsonString(text, &out);
        ASSERT_EQ(out.view(), expected + "\"") << length << " " << place;
      }
    }
  }
}

}  // namespace
}  // namespace cdc
