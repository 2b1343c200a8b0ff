// SPDX-License-Identifier: Apache-2.0
#include "relay/sql/sql_param.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace relay {
namespace {

std::string Bound(absl::string_view sql, std::initializer_list<SqlParam> params) {
  absl::StatusOr<std::string> bound = BindParams(sql, params);
  return bound.ok() ? *bound : std::string(bound.status().message());
}

TEST(SqlParamTest, EachKindHasItsLiteral) {
  EXPECT_EQ(Bound("?,?,?,?,?,?", {nullptr, -1, std::numeric_limits<uint64_t>::max(), "a", true, SqlBytes{"\x01\xff"}}),
            "NULL,-1,18446744073709551615,'a',1,x'01ff'");
  EXPECT_EQ(Bound("?", {0.5}), "5e-01");
}

TEST(SqlParamTest, TextIsEscaped) {
  EXPECT_EQ(Bound("?", {absl::string_view("a'b\\c\0d\x1a\"\n€", 13)}), "'a\\'b\\\\c\\0d\\Z\"\n€'");
}

TEST(SqlParamTest, AnEmptyTextIsNotNull) {
  EXPECT_EQ(Bound("?", {""}), "''");
  EXPECT_EQ(Bound("?", {SqlBytes{""}}), "x''");
}

TEST(SqlParamTest, QuestionMarksInQuotesNamesAndCommentsStay) {
  EXPECT_EQ(Bound("SELECT '?', \"?\", `?`, 'it''s ?', '\\'?' /* ? */ # ?\n -- ?\n ?", {7}),
            "SELECT '?', \"?\", `?`, 'it''s ?', '\\'?' /* ? */ # ?\n -- ?\n 7");
}

TEST(SqlParamTest, ParamTextIsNeverScannedForPlaceholders) { EXPECT_EQ(Bound("? ?", {"a ? b", 2}), "'a ? b' 2"); }

TEST(SqlParamTest, AWrongNumberOfParamsIsRefused) {
  EXPECT_EQ(BindParams("? ?", {1}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(BindParams("?", {1, 2}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(SqlParamTest, UnterminatedQuoteEndsWithTheStatement) { EXPECT_EQ(Bound("SELECT 'a?", {}), "SELECT 'a?"); }

TEST(SqlParamTest, IdentifiersAreQuoted) {
  EXPECT_EQ(QuoteIdentifier("a`b"), "`a``b`");
  EXPECT_EQ(QuoteTable("s-1", "t"), "`s-1`.`t`");
}

}  // namespace
}  // namespace relay
