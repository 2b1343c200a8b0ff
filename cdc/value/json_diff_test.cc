// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/json_diff.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "cdc/event/text_buffer.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

// The binary document 1.
const char kOne[] = "\x05\x01\x00";

std::string Diff(int operation, const std::string& path, bool with_value = true) {
  std::string diff(1, static_cast<char>(operation));
  absl::StrAppend(&diff, std::string(1, static_cast<char>(path.size())), path);
  if (with_value) absl::StrAppend(&diff, "\x03", std::string(kOne, 3));
  return diff;
}
std::string Replace(const std::string& path) { return Diff(0, path); }
std::string Insert(const std::string& path) { return Diff(1, path); }
std::string Remove(const std::string& path) { return Diff(2, path, false); }

std::string Applied(const std::string& document, const std::string& diffs) {
  TextBuffer out;
  absl::Status status = ApplyJsonDiffs(document, diffs, &out);
  if (!status.ok()) return absl::StrCat("error: ", status.message());
  return std::string(out.view());
}

TEST(JsonDiffTest, ReplacesAtAnyPath) {
  EXPECT_EQ(Applied("{\"a\": [1, {\"b\": \"x\"}], \"c\": null}", Replace("$.a[1].b")),
            "{\"a\": [1, {\"b\": 1}], \"c\": null}");
  EXPECT_EQ(Applied("[[], \"]\", 2]", Replace("$[1]")), "[[], 1, 2]");
  EXPECT_EQ(Applied("{\"a b\": {}}", Replace("$.\"a b\"")), "{\"a b\": 1}");
}

TEST(JsonDiffTest, RemovesWithOneSeparator) {
  EXPECT_EQ(Applied("[1, 2, 3]", Remove("$[0]")), "[2, 3]");
  EXPECT_EQ(Applied("[1, 2, 3]", Remove("$[1]")), "[1, 3]");
  EXPECT_EQ(Applied("[1, 2, 3]", Remove("$[2]")), "[1, 2]");
  EXPECT_EQ(Applied("[1]", Remove("$[0]")), "[]");
  EXPECT_EQ(Applied("{\"a\": 1, \"b\": 2}", Remove("$.b")), "{\"a\": 1}");
}

TEST(JsonDiffTest, InsertsMembersInTheServersOrder) {
  EXPECT_EQ(Applied("{}", Insert("$.a")), "{\"a\": 1}");
  EXPECT_EQ(Applied("{\"b\": 2}", Insert("$.a")), "{\"a\": 1, \"b\": 2}");
  EXPECT_EQ(Applied("{\"b\": 2, \"aa\": 3}", Insert("$.c")), "{\"b\": 2, \"c\": 1, \"aa\": 3}");
  EXPECT_EQ(Applied("{\"b\": 2, \"aa\": 3}", Insert("$.ab")), "{\"b\": 2, \"aa\": 3, \"ab\": 1}");
}

TEST(JsonDiffTest, InsertsElementsBeforeTheirIndexOrLast) {
  EXPECT_EQ(Applied("[]", Insert("$[0]")), "[1]");
  EXPECT_EQ(Applied("[7]", Insert("$[0]")), "[1, 7]");
  EXPECT_EQ(Applied("[7, 8]", Insert("$[1]")), "[7, 1, 8]");
  EXPECT_EQ(Applied("[7, 8]", Insert("$[2]")), "[7, 8, 1]");
}

TEST(JsonDiffTest, CountsFromTheEndOfAnArray) {
  EXPECT_EQ(Applied("[7, 8, 9]", Replace("$[last]")), "[7, 8, 1]");
  EXPECT_EQ(Applied("[7, 8, 9]", Replace("$[last-2]")), "[1, 8, 9]");
  EXPECT_EQ(Applied("[[7, 8], [9]]", Replace("$[last-1][last]")), "[[7, 1], [9]]");
  EXPECT_EQ(Applied("[7, 8, 9]", Remove("$[last]")), "[7, 8]");
  EXPECT_EQ(Applied("[7, 8, 9]", Remove("$[last-1]")), "[7, 9]");
  EXPECT_EQ(Applied("[7, 8]", Insert("$[last]")), "[7, 1, 8]");
  EXPECT_EQ(Applied("[7, 8]", Insert("$[last-1]")), "[1, 7, 8]");
}

TEST(JsonDiffTest, InsertsFirstWhatCountsPastTheBeginning) {
  EXPECT_EQ(Applied("[7, 8]", Insert("$[last-2]")), "[1, 7, 8]");
  EXPECT_EQ(Applied("[7, 8]", Insert("$[last-18446744073709551615]")), "[1, 7, 8]");
  EXPECT_EQ(Applied("[]", Insert("$[last]")), "[1]");
  EXPECT_EQ(Applied("[7, 8]", Replace("$[last-2]")).substr(0, 5), "error");
  EXPECT_EQ(Applied("[7, 8]", Remove("$[last-2]")).substr(0, 5), "error");
  EXPECT_EQ(Applied("[]", Replace("$[last]")).substr(0, 5), "error");
  EXPECT_EQ(Applied("{\"a\": 1}", Replace("$[last]")).substr(0, 5), "error");
}

TEST(JsonDiffTest, AppliesOneAfterAnother) {
  EXPECT_EQ(Applied("{\"a\": [0]}", Replace("$.a[0]") + Insert("$.a[1]") + Insert("$.b") + Remove("$.a[0]")),
            "{\"a\": [1], \"b\": 1}");
  EXPECT_EQ(Applied("{\"a\": 1}", ""), "{\"a\": 1}");
}

TEST(JsonDiffTest, KnowsEscapedNames) {
  EXPECT_EQ(Applied("{\"q\\\"\\u0001\": 5}", Replace("$.\"q\\\"\\u0001\"")), "{\"q\\\"\\u0001\": 1}");
}

TEST(JsonDiffTest, RefusesWhatDoesNotFitTheDocument) {
  EXPECT_EQ(Applied("{\"a\": 1}", Replace("$.b")).substr(0, 5), "error");
  EXPECT_EQ(Applied("{\"a\": 1}", Replace("$[0]")).substr(0, 5), "error");
  EXPECT_EQ(Applied("{\"a\": 1}", Insert("$.a")).substr(0, 5), "error");
  EXPECT_EQ(Applied("[1", Remove("$[1]")).substr(0, 5), "error");
}

TEST(JsonDiffTest, RefusesWhatIsMalformed) {
  const std::string diff = Replace("$.a");
  for (size_t length = 1; length < diff.size(); ++length) {
    EXPECT_EQ(Applied("{\"a\": 1}", diff.substr(0, length)).substr(0, 5), "error") << length;
  }
  EXPECT_EQ(Applied("{}", Diff(3, "$.a")).substr(0, 5), "error");
  EXPECT_EQ(Applied("{}", Insert("a")).substr(0, 5), "error");
  EXPECT_EQ(Applied("{}", Insert("$.")).substr(0, 5), "error");
  for (const char* path :
       {"$[x]", "$[]", "$[last-]", "$[last-x]", "$[last--1]", "$[last+1]", "$[lastly]", "$[-1]", "$[ 1]"}) {
    EXPECT_EQ(Applied("[]", Insert(path)).substr(0, 5), "error") << path;
  }
}

}  // namespace
}  // namespace cdc
