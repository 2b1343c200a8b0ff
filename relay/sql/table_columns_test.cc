// SPDX-License-Identifier: Apache-2.0
#include "relay/sql/table_columns.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

using Default = cdc::ColumnDefinition::Default;
constexpr auto kMysql = SqlSession::Flavor::kMysql;
constexpr auto kMariadb = SqlSession::Flavor::kMariadb;

cdc::ColumnDefinition Column(std::string type, std::optional<std::string> text, SqlSession::Flavor flavor,
                             bool nullable = false, std::string extra = "") {
  return ColumnFromInformationSchema({"c", type, type, "utf8mb4", text, nullable, extra}, flavor);
}

TEST(TableColumnsTest, NoDefaultIsNullWhereNullIsAllowed) {
  EXPECT_EQ(Column("varchar", std::nullopt, kMysql, true).default_kind, Default::kNull);
  EXPECT_EQ(Column("varchar", std::nullopt, kMysql, false).default_kind, Default::kNone);
  EXPECT_EQ(Column("varchar", "NULL", kMariadb, true).default_kind, Default::kNull);
  EXPECT_EQ(Column("varchar", std::nullopt, kMariadb, false).default_kind, Default::kNone);
}

TEST(TableColumnsTest, ConstantsArePlainTextOnMysqlAndLiteralsOnMariadb) {
  EXPECT_EQ(Column("varchar", "", kMysql).default_text, "");
  EXPECT_EQ(Column("varchar", "", kMysql).default_kind, Default::kConstant);
  EXPECT_EQ(Column("varchar", "NULL", kMysql).default_text, "NULL");
  EXPECT_EQ(Column("varchar", "'it''s'", kMariadb).default_text, "it's");
  EXPECT_EQ(Column("varchar", "''", kMariadb).default_kind, Default::kConstant);
  EXPECT_EQ(Column("tinyint", "0", kMysql).default_text, "0");
  EXPECT_EQ(Column("tinyint", "-1", kMariadb).default_text, "-1");
}

TEST(TableColumnsTest, WhatOnlyTheServerKnowsIsAnExpression) {
  EXPECT_EQ(Column("bigint", std::nullopt, kMysql, false, "auto_increment").default_kind, Default::kExpression);
  EXPECT_EQ(Column("datetime", "CURRENT_TIMESTAMP", kMysql, true, "DEFAULT_GENERATED").default_kind,
            Default::kExpression);
  EXPECT_EQ(Column("datetime", "CURRENT_TIMESTAMP", kMysql, true).default_kind, Default::kExpression);
  EXPECT_EQ(Column("datetime", "current_timestamp()", kMariadb, true).default_kind, Default::kExpression);
  EXPECT_EQ(Column("json", "json_array()", kMysql, true, "DEFAULT_GENERATED").default_kind, Default::kExpression);
  EXPECT_EQ(Column("int", std::nullopt, kMysql, true, "VIRTUAL GENERATED").default_kind, Default::kExpression);
  EXPECT_EQ(Column("varchar", "concat('a','b')", kMariadb).default_kind, Default::kExpression);
}

TEST(TableColumnsTest, ADefaultThatASelectPrintsOtherwiseIsNoConstant) {
  EXPECT_EQ(Column("bit", "b'1'", kMysql).default_kind, Default::kExpression);
  EXPECT_EQ(Column("varbinary", "0x61", kMysql).default_kind, Default::kExpression);
  EXPECT_EQ(Column("timestamp", "2020-01-01 00:00:00", kMysql).default_kind, Default::kExpression);
  EXPECT_EQ(Column("varchar", "smile ?", kMysql).default_kind, Default::kExpression);
  EXPECT_EQ(Column("varchar", "'a\\nb'", kMariadb).default_kind, Default::kExpression);
}

}  // namespace
}  // namespace relay
