// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/binlog_position.h"

#include "gtest/gtest.h"

namespace cdc {
namespace {

TEST(BinlogPositionTest, ParsesWhatItPrints) {
  const auto position = BinlogPosition::Parse("mysql-bin.000042:5000000000");
  ASSERT_TRUE(position.ok()) << position.status();
  EXPECT_EQ(position->file, "mysql-bin.000042");
  EXPECT_EQ(position->offset, 5000000000u);
  EXPECT_EQ(position->ToString(), "mysql-bin.000042:5000000000");
  EXPECT_FALSE(position->reachable());
}

TEST(BinlogPositionTest, RefusesTextThatIsNoPosition) {
  for (const char* text :
       {"", ":", "binlog.1", "binlog.1:", ":4", "binlog.1:x", "binlog.1:-1", "binlog.1:18446744073709551616"}) {
    EXPECT_EQ(BinlogPosition::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(BinlogPositionTest, OrdersFilesByNumberAndNotByText) {
  const BinlogPosition six{"binlog.999999", 900};
  const BinlogPosition seven{"binlog.1000000", 4};
  EXPECT_LT(six, seven);
  EXPECT_GT(seven, six);
  EXPECT_LT((BinlogPosition{"binlog.000001", 4}), (BinlogPosition{"binlog.000001", 5}));
  EXPECT_EQ((BinlogPosition{"binlog.000001", 4}), (BinlogPosition{"binlog.000001", 4}));
}

TEST(BinlogPositionTest, OrdersNamesWithoutANumberByText) {
  EXPECT_LT((BinlogPosition{"a", 9}), (BinlogPosition{"b", 4}));
  EXPECT_LT((BinlogPosition{"a.5", 9}), (BinlogPosition{"b.4", 4}));
}

TEST(BinlogPositionTest, KnowsWhichFilesAreOfOneSeries) {
  EXPECT_TRUE(AreOfOneSeries("binlog.000001", "binlog.1000000"));
  EXPECT_TRUE(AreOfOneSeries("a", "a"));
  EXPECT_FALSE(AreOfOneSeries("a", "b"));
  EXPECT_FALSE(AreOfOneSeries("a.5", "b.5"));
  EXPECT_FALSE(AreOfOneSeries("a.5", "a"));
  EXPECT_FALSE(AreOfOneSeries("a.5", "a.x"));
}

}  // namespace
}  // namespace cdc
