// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/layout_fit.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace cdc {
namespace {

TableMap Outbox() {
  TableMap map;
  map.schema = "shop";
  map.table = "kafka_outbox";
  map.columns.resize(3);
  map.columns[0].type = ColumnType::kLongLong;
  map.columns[1].type = ColumnType::kVarchar;
  map.columns[1].length = 1020;
  map.columns[2].type = ColumnType::kJson;
  map.columns[2].length = 4;
  return map;
}

ColumnDefinition Column(const std::string& name, const std::string& data_type, const std::string& column_type) {
  ColumnDefinition column;
  column.name = name;
  column.data_type = data_type;
  column.column_type = column_type;
  return column;
}

TableLayout OutboxLayout() {
  return TableLayout{{Column("id", "bigint", "bigint"), Column("topic", "varchar", "varchar(255)"),
                      Column("payload_json", "json", "json")}};
}

TEST(LayoutFitTest, AcceptsTheTablesOwnLayout) { EXPECT_TRUE(LayoutFits(Outbox(), OutboxLayout()).ok()); }

TEST(LayoutFitTest, RefusesAnotherNumberOfColumns) {
  TableLayout layout = OutboxLayout();
  layout.columns.push_back(Column("extra", "int", "int"));
  EXPECT_EQ(LayoutFits(Outbox(), layout).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(LayoutFitTest, RefusesAColumnOfAnotherTypeAndNamesTheCure) {
  TableLayout layout = OutboxLayout();
  std::swap(layout.columns[1], layout.columns[2]);
  absl::Status status = LayoutFits(Outbox(), layout);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("payload_json"), std::string::npos);
  EXPECT_NE(status.message().find("binlog_row_metadata=FULL"), std::string::npos);
}

TEST(LayoutFitTest, RefusesALengthThatCannotBe) {
  TableLayout layout = OutboxLayout();
  layout.columns[1].column_type = "varchar(200)";
  EXPECT_FALSE(LayoutFits(Outbox(), layout).ok());
  layout.columns[1].column_type = "varchar(340)";
  EXPECT_TRUE(LayoutFits(Outbox(), layout).ok()) << "three bytes a character";
}

TEST(LayoutFitTest, TakesMariaDbsJsonForTheTextThatItIs) {
  TableMap map = Outbox();
  map.columns[2].type = ColumnType::kBlob;
  EXPECT_TRUE(LayoutFits(map, OutboxLayout()).ok());
  TableLayout layout = OutboxLayout();
  layout.columns[2] = Column("payload_json", "longtext", "longtext");
  EXPECT_TRUE(LayoutFits(map, layout).ok());
  layout.columns[2] = Column("payload_json", "text", "text");
  EXPECT_FALSE(LayoutFits(map, layout).ok());
}

}  // namespace
}  // namespace cdc
