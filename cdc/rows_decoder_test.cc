// SPDX-License-Identifier: Apache-2.0
//
// What recorded_rows_test does not reach: projection, defaults, and rows that no server writes.
#include "cdc/rows_decoder.h"

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

}  // namespace
}  // namespace cdc
