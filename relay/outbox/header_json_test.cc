// SPDX-License-Identifier: Apache-2.0

#include "relay/outbox/header_json.h"

#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace relay {
namespace {

using Pairs = std::vector<std::pair<std::string, std::optional<std::string>>>;

absl::StatusOr<Pairs> Parsed(absl::string_view json) {
  HeaderJson parser;
  std::vector<kafka::Header> headers;
  const absl::Status status = parser.Parse(json, &headers);
  if (!status.ok()) return status;
  Pairs pairs;
  for (const kafka::Header& header : headers) {
    pairs.emplace_back(std::string(header.name), header.value.has_value()
                                                     ? std::optional<std::string>(std::string(*header.value))
                                                     : std::nullopt);
  }
  return pairs;
}

TEST(HeaderJsonTest, StringsPassAsTheyAre) {
  EXPECT_EQ(*Parsed(R"({"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})"),
            (Pairs{{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}));
  EXPECT_EQ(*Parsed(R"({"": "", "a": "1"})"), (Pairs{{"", ""}, {"a", "1"}}));
}

TEST(HeaderJsonTest, OtherScalarsAreTheirJsonText) {
  EXPECT_EQ(
      *Parsed(R"({"a": 1, "b": -0.5e+10, "c": true, "d": false, "e": 18446744073709551616, "f": 0})"),
      (Pairs{{"a", "1"}, {"b", "-0.5e+10"}, {"c", "true"}, {"d", "false"}, {"e", "18446744073709551616"}, {"f", "0"}}));
}

TEST(HeaderJsonTest, NullIsAHeaderWithoutValue) {
  EXPECT_EQ(*Parsed(R"({"a": null, "b": ""})"), (Pairs{{"a", std::nullopt}, {"b", ""}}));
}

TEST(HeaderJsonTest, ObjectsAndArraysKeepTheirTextByteForByte) {
  EXPECT_EQ(*Parsed(R"({"a": {"b":  [1, {"c": "\u00e9\n"}] , "d": {}}, "e": [ ], "f": [[], null]})"),
            (Pairs{{"a", R"({"b":  [1, {"c": "\u00e9\n"}] , "d": {}})"}, {"e", "[ ]"}, {"f", "[[], null]"}}));
}

TEST(HeaderJsonTest, EscapesAreUndoneInNamesAndValues) {
  EXPECT_EQ(*Parsed(R"({"a\"\\\/\b\f\n\r\tz": "\u0041\u00e9\u20ac\ud83d\ude00"})"),
            (Pairs{{"a\"\\/\b\f\n\r\tz", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"}}));
  EXPECT_EQ(*Parsed(R"({"nul\u0000": "x\u0000y"})"), (Pairs{{std::string("nul\0", 4), std::string("x\0y", 3)}}));
  EXPECT_EQ(*Parsed("{\"\xf0\x9f\x98\x80\": \"\xc3\xa9\"}"), (Pairs{{"\xf0\x9f\x98\x80", "\xc3\xa9"}}));
}

TEST(HeaderJsonTest, HalfASurrogatePairBecomesTheReplacementCharacter) {
  const std::string replaced = "\xef\xbf\xbd";
  EXPECT_EQ(*Parsed(R"({"a": "\ud800"})"), (Pairs{{"a", replaced}}));
  EXPECT_EQ(*Parsed(R"({"a": "\ude00x"})"), (Pairs{{"a", replaced + "x"}}));
  EXPECT_EQ(*Parsed(R"({"a": "\ud800\u0041"})"), (Pairs{{"a", replaced + "A"}}));
  EXPECT_EQ(*Parsed(R"({"a": "\ud800\ud83d\ude00"})"), (Pairs{{"a", replaced + "\xf0\x9f\x98\x80"}}));
}

TEST(HeaderJsonTest, NothingAndNullAreNoHeaders) {
  for (const char* json : {"", "  ", "{}", " { } ", "null", "\tnull\n"}) {
    ASSERT_TRUE(Parsed(json).ok()) << json;
    EXPECT_TRUE(Parsed(json)->empty()) << json;
  }
}

TEST(HeaderJsonTest, LastOfEqualNamesWins) {
  EXPECT_EQ(*Parsed(R"({"a": 1, "b": 2, "a": 3, "\u0061": 4, "c": 5, "b": 6})"),
            (Pairs{{"a", "4"}, {"c", "5"}, {"b", "6"}}));
  std::vector<std::string> members;
  Pairs expected;
  for (int i = 0; i < 5000; ++i) members.push_back(absl::StrCat("\"n", i % 2500, "\": ", i));
  for (int i = 2500; i < 5000; ++i) expected.emplace_back(absl::StrCat("n", i % 2500), absl::StrCat(i));
  EXPECT_EQ(*Parsed(absl::StrCat("{", absl::StrJoin(members, ","), "}")), expected);
}

TEST(HeaderJsonTest, NoObjectIsARowFault) {
  for (const char* json : {"[]", "[{\"a\": 1}]", "\"text\"", "1", "true", "nul", "nullx", "null {}"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Parsed(json).status())) << json;
  }
}

TEST(HeaderJsonTest, MalformedJsonIsARowFault) {
  for (const char* json : {"{",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\": }",
                           "{\"a\": 1",
                           "{\"a\": 1,",
                           "{\"a\": 1,}",
                           "{,}",
                           "{a: 1}",
                           "{\"a\" 1}",
                           "{\"a\": 01}",
                           "{\"a\": 1.}",
                           "{\"a\": .5}",
                           "{\"a\": 1e}",
                           "{\"a\": +1}",
                           "{\"a\": -}",
                           "{\"a\": tru}",
                           "{\"a\": \"x}",
                           "{\"a\": \"\\x\"}",
                           "{\"a\": \"\\u12g4\"}",
                           "{\"a\": \"\\u12",
                           "{\"a\": \"\n\"}",
                           "{\"a\": [1, ]}",
                           "{\"a\": [1}",
                           "{\"a\": {\"b\": 1]}",
                           "{\"a\": {1: 2}}",
                           "{\"a\": 1} x",
                           "{} {}",
                           "{\"a\": NaN}",
                           "{'a': 1}"}) {
    const absl::Status status = Parsed(json).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << json;
  }
}

TEST(HeaderJsonTest, ErrorsHoldNothingOfTheText) {
  const absl::Status status = Parsed(R"({"s3cret": "s3cret" x})").status();
  EXPECT_EQ(status.message().find("s3cret"), absl::string_view::npos);
  EXPECT_NE(status.message().find("byte 20"), absl::string_view::npos) << status;
}

TEST(HeaderJsonTest, DeepNestingNeedsNoStack) {
  const std::string deep = absl::StrCat(std::string(1'000'000, '['), std::string(1'000'000, ']'));
  EXPECT_EQ(*Parsed(absl::StrCat("{\"a\": ", deep, "}")), (Pairs{{"a", deep}}));
}

// Every prefix and many damaged documents: never accepted when nlohmann/json refuses them, never refused when it
// accepts (its UTF-8 check aside, hence ASCII), and values agree.
TEST(HeaderJsonTest, AgreesWithAnotherParserOnDamagedDocuments) {
  const std::string whole = R"({"a": "x\u00e9\n", "b": [1, -2.5e3, {"c": null}], "d": true, "\"e": {"f": ""}, "g": 0})";
  std::mt19937 random(7);
  const std::string alphabet = "{}[]\",:\\u0159eE+-. \ntrfalsn";
  int accepted = 0;
  for (int i = 0; i < 40'000; ++i) {
    std::string json = whole;
    if (i < static_cast<int>(whole.size())) {
      json.resize(static_cast<size_t>(i));
    } else {
      const size_t changes = random() % 3 + 1;
      for (size_t change = 0; change < changes; ++change) {
        const size_t at = random() % json.size();
        const char c = alphabet[random() % alphabet.size()];
        switch (random() % 3) {
          case 0:
            json[at] = c;
            break;
          case 1:
            json.insert(at, 1, c);
            break;
          default:
            json.erase(at, 1);
        }
      }
    }
    const nlohmann::json other = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
    const absl::StatusOr<Pairs> ours = Parsed(json);
    if (other.is_discarded()) {
      // The one difference: nlohmann refuses half a surrogate pair, and we take nothing for no headers.
      if (ours.ok() && json.find("\\u") == std::string::npos) {
        EXPECT_TRUE(ours->empty()) << json;
      }
      continue;
    }
    ASSERT_EQ(ours.ok(), other.is_object() || other.is_null()) << json << " " << ours.status();
    if (!ours.ok()) continue;
    ++accepted;
    ASSERT_EQ(ours->size(), other.size()) << json;
    for (const auto& [name, value] : *ours) {
      ASSERT_TRUE(other.contains(name)) << json;
      const nlohmann::json& theirs = other[name];
      if (theirs.is_null()) {
        ASSERT_FALSE(value.has_value()) << json;
      } else if (theirs.is_string()) {
        ASSERT_EQ(*value, theirs.get<std::string>()) << json;
      } else {
        ASSERT_EQ(nlohmann::json::parse(*value), theirs) << json;
      }
    }
  }
  EXPECT_GT(accepted, 500);
}

}  // namespace
}  // namespace relay
