// SPDX-License-Identifier: Apache-2.0
#include "cdc/table_plans.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "cdc/event/dialect.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

using std::string_literals::operator""s;

// app.t (at DATETIME in the format before 5.6.4, id INT, text VARCHAR(100)), with names.
std::string Body() {
  return "\x09\0\0\0\0\0\x01\0"s  // table id, flags
         "\x03"s +
         "app\0"s + "\x01"s +
         "t\0"s                               //
         "\x03\x0C\x03\x0F\x02\x90\x01\x07"s  // types; VARCHAR's length; all may be NULL
         "\x01\x01\x00\x02\x01\x2D"s          // signed; utf8mb4
         "\x04\x0B\x02"s +
         "at"s + "\x02"s + "id"s + "\x04"s + "text"s;
}

// Answers with `layout`.
class GivenLayout : public LayoutProvider {
 public:
  explicit GivenLayout(absl::StatusOr<TableLayout> layout) : layout_(std::move(layout)) {}
  absl::StatusOr<TableLayout> LayoutOf(absl::string_view, absl::string_view, const BinlogPosition&) override {
    return layout_;
  }
  void TableChanged(absl::string_view, absl::string_view, const BinlogPosition&) override {}

 private:
  const absl::StatusOr<TableLayout> layout_;
};

absl::Status Map(Dialect dialect, const std::vector<std::string>& columns, absl::StatusOr<TableLayout> layout) {
  const std::vector<TableInterest> interests = {{"app", "t", columns, ""}};
  GivenLayout layouts(std::move(layout));
  TablePlans plans(&interests, &layouts, /*fold_names=*/false);
  plans.BeginTransaction();
  const std::string body = Body();
  const absl::Status status = plans.Map({body, 8}, dialect, {"binlog.000001", 4});
  EXPECT_EQ(plans.Find(9) != nullptr, status.ok());
  return status;
}

TableLayout Layout(const std::string& type) {
  TableLayout layout;
  for (const auto& [name, column_type] : {std::make_pair("at", type), {"id", "int"}, {"text", "varchar(100)"}}) {
    ColumnDefinition& column = layout.columns.emplace_back();
    column.name = name;
    column.column_type = column_type;
    column.data_type = column_type.substr(0, column_type.find('('));
    column.charset = column.name == "text" ? "utf8mb4" : "";
  }
  return layout;
}

// The map names its columns, so that a layout which can't be proven is left aside. The length of MariaDB's old temporal
// columns it does not tell: what stands behind would be read off by a byte.
TEST(TablePlansTest, StopsWhereOnlyAnUnprovenLayoutTellsALength) {
  const absl::Status unproven = absl::FailedPreconditionError("the columns of app.t can't be known");
  for (const std::vector<std::string>& columns : {std::vector<std::string>{"id", "text"}, {"text"}, {"at"}}) {
    for (const absl::StatusOr<TableLayout>& layout :
         {absl::StatusOr<TableLayout>(unproven), absl::StatusOr<TableLayout>(absl::NotFoundError("no such table")),
          absl::StatusOr<TableLayout>(Layout("date"))}) {
      const absl::Status status = Map(Dialect::kMariaDb, columns, layout);
      EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
      EXPECT_TRUE(absl::StartsWith(status.message(), "table app.t: column at of app.t: only the schema tells how long"))
          << status;
      EXPECT_TRUE(absl::StrContains(status.message(), "even with binlog_row_metadata=FULL")) << status;
      EXPECT_TRUE(absl::StrContains(status.message(), "by --columns/RELAY_COLUMNS")) << status;
    }
    EXPECT_TRUE(Map(Dialect::kMariaDb, columns, Layout("datetime(3) /* mariadb-5.3 */")).ok());
    EXPECT_TRUE(Map(Dialect::kMySql, columns, unproven).ok());
  }
}

TEST(TablePlansTest, ForeignTablesMayHaveColumnsWhoseLengthIsNotTold) {
  const std::vector<TableInterest> interests = {{"app", "outbox", {"id"}, ""}};
  TablePlans plans(&interests, nullptr, /*fold_names=*/false);
  plans.BeginTransaction();
  const std::string body = Body();
  ASSERT_TRUE(plans.Map({body, 8}, Dialect::kMariaDb, {"binlog.000001", 4}).ok());
  ASSERT_NE(plans.Find(9), nullptr);
  EXPECT_EQ(plans.Find(9)->interest, TablePlans::kForeign);
}

}  // namespace
}  // namespace cdc
