// SPDX-License-Identifier: Apache-2.0
//
// What recorded_rows_test does not reach: projection, defaults, and rows that no server writes.
#include "cdc/value/rows_decoder.h"

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace cdc {
namespace {

// A table (id INT, name VARCHAR(20), n INT) with names.
TableMap Map() {
  TableMap map;
  map.schema = "shop";
  map.table = "t";
  map.columns.resize(3);
  map.columns[0].type = ColumnType::kLong;
  map.columns[0].is_unsigned = false;
  map.columns[0].name = "id";
  map.columns[1].type = ColumnType::kVarchar;
  map.columns[1].length = 80;
  map.columns[1].collation = 255;
  map.columns[1].name = "name";
  map.columns[2].type = ColumnType::kLong;
  map.columns[2].is_unsigned = true;
  map.columns[2].name = "n";
  return map;
}

TableLayout Layout() {
  TableLayout layout;
  layout.columns.resize(3);
  layout.columns[0].name = "id";
  layout.columns[0].data_type = layout.columns[0].column_type = "int";
  layout.columns[1].name = "name";
  layout.columns[1].data_type = "varchar";
  layout.columns[1].column_type = "varchar(20)";
  layout.columns[1].charset = "utf8mb4";
  layout.columns[1].default_kind = ColumnDefinition::Default::kConstant;
  layout.columns[1].default_text = "nobody";
  layout.columns[2].name = "n";
  layout.columns[2].data_type = "int";
  layout.columns[2].column_type = "int unsigned";
  layout.columns[2].default_kind = ColumnDefinition::Default::kNull;
  return layout;
}

RowsEvent Insert(absl::string_view columns, absl::string_view rows) {
  RowsEvent event;
  event.column_count = 3;
  event.before_columns = columns;
  event.rows = rows;
  return event;
}

std::unique_ptr<RowsDecoder> Decoder(const std::vector<std::string>& wanted, const TableLayout* layout = nullptr) {
  absl::StatusOr<std::unique_ptr<RowsDecoder>> decoder = RowsDecoder::Create(Map(), layout, wanted);
  EXPECT_TRUE(decoder.ok()) << decoder.status();
  return decoder.ok() ? *std::move(decoder) : nullptr;
}

const std::string& TwoRows() {
  static const std::string* const rows =
      new std::string("\x00\x01\x00\x00\x00\x02hi\xff\xff\xff\xff\x02\x02\x00\x00\x00\x05\x00\x00\x00", 21);
  return *rows;
}

TEST(RowsDecoderTest, ProjectsTheWantedColumnsInTheirOrder) {
  std::unique_ptr<RowsDecoder> decoder = Decoder({"N", "id"});
  ASSERT_TRUE(decoder->Start(Insert("\x07", TwoRows())).ok());
  absl::StatusOr<const RowImages*> row = decoder->Next();
  ASSERT_TRUE(row.ok()) << row.status();
  ASSERT_EQ((*row)->after.size(), 2u);
  EXPECT_TRUE((*row)->before.empty());
  EXPECT_EQ((*row)->after[0].text, "4294967295");
  EXPECT_EQ((*row)->after[1].text, "1");
  row = decoder->Next();
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ((*row)->after[0].text, "5");
  EXPECT_EQ((*row)->after[1].text, "2");
  row = decoder->Next();
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(*row, nullptr);
}

TEST(RowsDecoderTest, TextThatNeedsNoConversionIsNotCopied) {
  std::unique_ptr<RowsDecoder> decoder = Decoder({"name"});
  ASSERT_TRUE(decoder->Start(Insert("\x07", TwoRows())).ok());
  absl::StatusOr<const RowImages*> row = decoder->Next();
  ASSERT_TRUE(row.ok());
  EXPECT_EQ((*row)->after[0].text, "hi");
  EXPECT_EQ((*row)->after[0].text.data(), TwoRows().data() + 6);
  row = decoder->Next();
  ASSERT_TRUE(row.ok());
  EXPECT_TRUE((*row)->after[0].is_null());
}

// Its bytes may be gone by then.
TEST(RowsDecoderTest, ACellWithoutValueHasNoTextOfAnEarlierRow) {
  std::unique_ptr<RowsDecoder> decoder = Decoder({"name", "n"});
  const std::string two = TwoRows();
  ASSERT_TRUE(decoder->Start(Insert("\x07", two)).ok());
  absl::StatusOr<const RowImages*> row = decoder->Next();
  ASSERT_TRUE(row.ok()) << row.status();
  ASSERT_EQ((*row)->after[0].text, "hi");
  row = decoder->Next();
  ASSERT_TRUE(row.ok()) << row.status();
  ASSERT_EQ((*row)->after[0].state, ColumnValue::State::kNull);
  EXPECT_EQ((*row)->after[0].text, "");
  ASSERT_EQ((*row)->after[1].text, "5");
  const std::string one("\x00\x03\x00\x00\x00", 5);
  ASSERT_TRUE(decoder->Start(Insert("\x01", one)).ok());
  row = decoder->Next();
  ASSERT_TRUE(row.ok()) << row.status();
  ASSERT_EQ((*row)->after[1].state, ColumnValue::State::kAbsent);
  EXPECT_EQ((*row)->after[1].text, "");
}

TEST(RowsDecoderTest, NamesTheColumnsThatTheTableLacks) {
  std::unique_ptr<RowsDecoder> decoder = Decoder({"id", "partition_key"});
  EXPECT_EQ(decoder->missing(), (std::vector<size_t>{1}));
  ASSERT_TRUE(decoder->Start(Insert("\x07", TwoRows())).ok());
  absl::StatusOr<const RowImages*> row = decoder->Next();
  ASSERT_TRUE(row.ok());
  EXPECT_EQ((*row)->after[1].state, ColumnValue::State::kAbsent);
}

TEST(RowsDecoderTest, AnInsertThatLeavesColumnsOutHasTheirConstantDefaults) {
  const TableLayout layout = Layout();
  std::unique_ptr<RowsDecoder> decoder = Decoder({"id", "name", "n"}, &layout);
  const std::string row_of_id("\x00\x07\x00\x00\x00", 5);
  ASSERT_TRUE(decoder->Start(Insert("\x01", row_of_id)).ok());
  absl::StatusOr<const RowImages*> row = decoder->Next();
  ASSERT_TRUE(row.ok());
  EXPECT_EQ((*row)->after[0].text, "7");
  EXPECT_EQ((*row)->after[1].text, "nobody");
  EXPECT_TRUE((*row)->after[2].is_null());
  // The next event carries them again.
  ASSERT_TRUE(decoder->Start(Insert("\x07", TwoRows())).ok());
  row = decoder->Next();
  ASSERT_TRUE(row.ok());
  EXPECT_EQ((*row)->after[1].text, "hi");
}

TEST(RowsDecoderTest, AnImageOfAnUpdateHasNoDefaults) {
  const TableLayout layout = Layout();
  std::unique_ptr<RowsDecoder> decoder = Decoder({"id", "name"}, &layout);
  const std::string images("\x00\x07\x00\x00\x00\x00\x01x", 8);
  RowsEvent event = Insert("\x01", images);
  event.operation = RowsOperation::kUpdate;
  event.after_columns = "\x02";
  ASSERT_TRUE(decoder->Start(event).ok());
  absl::StatusOr<const RowImages*> row = decoder->Next();
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ((*row)->before[0].text, "7");
  EXPECT_EQ((*row)->before[1].state, ColumnValue::State::kAbsent);
  EXPECT_EQ((*row)->after[0].state, ColumnValue::State::kAbsent);
  EXPECT_EQ((*row)->after[1].text, "x");
}

TEST(RowsDecoderTest, RefusesAnotherNumberOfColumns) {
  std::unique_ptr<RowsDecoder> decoder = Decoder({"id"});
  RowsEvent event = Insert("\x0f", TwoRows());
  event.column_count = 4;
  EXPECT_EQ(decoder->Start(event).code(), absl::StatusCode::kDataLoss);
}

TEST(RowsDecoderTest, SaysWhereARowIsCutShortAndThenIsAtItsEnd) {
  std::unique_ptr<RowsDecoder> decoder = Decoder({"id"});
  ASSERT_TRUE(decoder->Start(Insert("\x07", absl::string_view(TwoRows()).substr(0, 10))).ok());
  absl::Status status = decoder->Next().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("shop.t"), std::string::npos);
  EXPECT_NE(status.message().find("column n"), std::string::npos);
  absl::StatusOr<const RowImages*> row = decoder->Next();
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(*row, nullptr);
}

TEST(RowsDecoderTest, RefusesWhatNeitherMapNorLayoutTells) {
  TableMap map = Map();
  map.columns[1].collation.reset();
  absl::Status status = RowsDecoder::Create(map, nullptr, {"name"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("character set"), std::string::npos);
  EXPECT_TRUE(RowsDecoder::Create(map, nullptr, {"id"}).ok()) << "an unwanted column is only skipped";
  const TableLayout layout = Layout();
  EXPECT_TRUE(RowsDecoder::Create(map, &layout, {"name"}).ok());
}

// (id INT, at DATETIME(3), name VARCHAR(20)) of MariaDB with mysql56_temporal_format=OFF.
TableMap MapWithOldTime() {
  TableMap map = Map();
  map.dialect = Dialect::kMariaDb;
  map.columns[2] = map.columns[1];
  map.columns[1] = MappedColumn();
  map.columns[1].type = ColumnType::kDatetime;
  map.columns[1].name = "at";
  return map;
}

TableLayout LayoutWithOldTime() {
  TableLayout layout = Layout();
  layout.columns[2] = layout.columns[1];
  layout.columns[1] = ColumnDefinition();
  layout.columns[1].name = "at";
  layout.columns[1].data_type = "datetime";
  layout.columns[1].column_type = "datetime(3) /* mariadb-5.3 */";
  return layout;
}

TEST(RowsDecoderTest, RefusesAColumnBehindOneWhoseLengthOnlyTheSchemaTells) {
  const TableMap map = MapWithOldTime();
  for (const char* wanted : {"at", "name"}) {
    const absl::Status status = RowsDecoder::Create(map, nullptr, {"id", wanted}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << wanted;
    EXPECT_NE(status.message().find("column at of shop.t: "), std::string::npos) << status;
    EXPECT_NE(status.message().find("even with binlog_row_metadata=FULL: give the columns that the table had then by "
                                    "--columns/RELAY_COLUMNS"),
              std::string::npos)
        << status;
  }
  const absl::Status status = RowsDecoder::CreateForAll(map, nullptr).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("column at of shop.t: "), std::string::npos) << status;
  EXPECT_EQ(status.message().find("--columns"), std::string::npos) << status;

  const TableLayout layout = LayoutWithOldTime();
  EXPECT_TRUE(RowsDecoder::Create(map, &layout, {"id", "name"}).ok());
  EXPECT_TRUE(RowsDecoder::CreateForAll(map, &layout).ok());
  TableMap of_mysql = map;
  of_mysql.dialect = Dialect::kMySql;
  EXPECT_TRUE(RowsDecoder::Create(of_mysql, nullptr, {"id", "name"}).ok());
}

TEST(RowsDecoderTest, StopsAtAValueOfUntoldLengthBehindTheWantedColumns) {
  absl::StatusOr<std::unique_ptr<RowsDecoder>> decoder = RowsDecoder::Create(MapWithOldTime(), nullptr, {"id"});
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  // NULL, then 7 bytes of a DATETIME(3).
  const std::string rows("\x02\x01\x00\x00\x00\x02hi\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x02hi", 23);
  ASSERT_TRUE((*decoder)->Start(Insert("\x07", rows)).ok());
  absl::StatusOr<const RowImages*> row = (*decoder)->Next();
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ((*row)->after[0].text, "1");
  row = (*decoder)->Next();
  EXPECT_EQ(row.status().code(), absl::StatusCode::kFailedPrecondition) << row.status();
  EXPECT_NE(row.status().message().find("column at of shop.t: "), std::string::npos) << row.status();
  // An image that does not carry it.
  const std::string ids("\x00\x03\x00\x00\x00\x00\x04\x00\x00\x00", 10);
  ASSERT_TRUE((*decoder)->Start(Insert("\x01", ids)).ok());
  for (const char* id : {"3", "4"}) {
    row = (*decoder)->Next();
    ASSERT_TRUE(row.ok()) << row.status();
    EXPECT_EQ((*row)->after[0].text, id);
  }
}

}  // namespace
}  // namespace cdc
