// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/rows_event.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

TEST(RowsEventTest, ReadsAnInsertOfVersion2) {
  const std::string body = absl::HexStringToBytes("6e00000000001100020013ffffff0102");
  absl::StatusOr<RowsEvent> event = RowsEvent::Parse(30, body, 10);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->operation, RowsOperation::kInsert);
  EXPECT_EQ(event->table_id, 0x6eu);
  EXPECT_TRUE(event->ends_statement()) << "9.7 sets other flags besides";
  EXPECT_EQ(event->column_count, 19u);
  EXPECT_EQ(event->before_columns.size(), 3u);
  EXPECT_EQ(event->rows, absl::HexStringToBytes("0102"));
}

TEST(RowsEventTest, SkipsExtraData) {
  const std::string body = absl::HexStringToBytes(
      "6e00000000000000060001000203"
      "0307aa");
  absl::StatusOr<RowsEvent> event = RowsEvent::Parse(32, body, 10);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->operation, RowsOperation::kDelete);
  EXPECT_EQ(event->column_count, 3u);
}

TEST(RowsEventTest, GivesUpdatesTwoBitmapsFromVersion1On) {
  const std::string body = absl::HexStringToBytes(
      "6e0000000000000002"
      "030155");
  absl::StatusOr<RowsEvent> event = RowsEvent::Parse(24, body, 8);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->before_columns, "\x03");
  EXPECT_EQ(event->after_columns, "\x01");
  EXPECT_EQ(event->rows, "\x55");
  event = RowsEvent::Parse(21, body, 8);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->after_columns, "\x03") << "version 0 had one for both";
}

TEST(RowsEventTest, KnowsPartialAndCompressedEvents) {
  const std::string body = absl::HexStringToBytes(
      "6e00000000000000"
      "0200"
      "020301"
      "55");
  EXPECT_TRUE(RowsEvent::Parse(39, body, 10)->partial_json);
  EXPECT_TRUE(RowsEvent::Parse(170, body, 10)->compressed);
  EXPECT_TRUE(RowsEvent::IsRowsEvent(166));
  EXPECT_FALSE(RowsEvent::IsRowsEvent(19));
  EXPECT_EQ(RowsEvent::Parse(2, body, 10).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(RowsEventTest, RefusesEveryPrefixOfItsHead) {
  const std::string body = absl::HexStringToBytes("6e00000000001100020013ffffff");
  for (size_t length = 0; length < body.size(); ++length) {
    EXPECT_EQ(RowsEvent::Parse(30, body.substr(0, length), 10).status().code(), absl::StatusCode::kDataLoss) << length;
  }
}

}  // namespace
}  // namespace cdc
