// SPDX-License-Identifier: Apache-2.0
#include "relay/delivery/stream_steps.h"

#include <string>

#include "gtest/gtest.h"

namespace relay {
namespace {

constexpr char kUuid[] = "911ea5f6-0c1b-11ef-9262-0242ac120002";

cdc::StreamItem Item(const std::string& gtid, const std::string& file = "binlog.000001", uint64_t offset = 500) {
  cdc::StreamItem item;
  item.kind = cdc::StreamItem::Kind::kForeign;
  if (!gtid.empty()) item.gtid = *cdc::Gtid::Parse(gtid);
  item.begin = {file, offset - 100};
  item.end = {file, offset};
  item.commit_time = absl::FromUnixMicros(1'700'000'000'123'456);
  return item;
}

std::string Tagged(absl::string_view tag, int number) {
  return std::string(kUuid) + ":" + std::string(tag) + (tag.empty() ? "" : ":") + std::to_string(number);
}

TEST(StreamStepsTest, AppliesWhatWasTakenIn) {
  StreamSteps steps;
  StreamStep step;
  for (int i = 1; i <= 3; ++i) steps.Extend(Item(Tagged("", i), "binlog.000001", 1000u * i), &step);
  steps.Extend(Item(Tagged("abc", 1), "binlog.000002", 200), &step);
  LowWaterMark mark;
  steps.Apply(step, &mark);
  EXPECT_EQ(mark.gtids.ToString(), std::string(kUuid) + ":1-3:abc:1");
  EXPECT_EQ(mark.position, (cdc::BinlogPosition{"binlog.000002", 200}));
  ASSERT_TRUE(mark.last.has_value());
  EXPECT_EQ(mark.last->gtid->ToString(), Tagged("abc", 1));
  EXPECT_EQ(mark.last->commit_time, absl::FromUnixMicros(1'700'000'000'123'456));
}

TEST(StreamStepsTest, KeepsMariadbsServers) {
  StreamSteps steps;
  StreamStep step;
  steps.Extend(Item("0-1-10"), &step);
  steps.Extend(Item("0-2-11"), &step);
  steps.Extend(Item("7-2-3"), &step);
  LowWaterMark mark;
  steps.Apply(step, &mark);
  EXPECT_EQ(mark.gtids.ToString(), "0-2-11,7-2-3");
}

TEST(StreamStepsTest, AnAnonymousTransactionMovesThePositionAndIsTheLast) {
  StreamSteps steps;
  StreamStep step;
  steps.Extend(Item(""), &step);
  LowWaterMark mark;
  mark.last = LastTransaction{*cdc::Gtid::Parse(Tagged("", 9)), absl::UnixEpoch()};
  steps.Apply(step, &mark);
  EXPECT_EQ(mark.position.offset, 500u);
  EXPECT_FALSE(mark.last->gtid.has_value());
}

// A row that waits through an outage gathers all foreign transactions behind it.
TEST(StreamStepsTest, SourcesThatTakeTurnsTakeNoMoreRoomThanOne) {
  StreamSteps steps;
  StreamStep step;
  constexpr int kTransactions = 2'000;
  const std::string tags[] = {"", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"};
  for (int i = 1; i <= kTransactions; ++i) {
    for (const std::string& tag : tags) steps.Extend(Item(Tagged(tag, i)), &step);
  }
  EXPECT_LE(step.runs.size(), 8u);
  LowWaterMark mark;
  steps.Apply(step, &mark);
  EXPECT_EQ(mark.gtids.Count(), kTransactions * std::size(tags));
  EXPECT_LT(mark.gtids.ToString().size(), 300u) << "the numbers do not follow one another";
}

TEST(StreamStepsTest, NumbersThatComeOutOfOrderAreAllThere) {
  StreamSteps steps;
  StreamStep step;
  for (int i = 1; i <= 999; i += 2) {
    steps.Extend(Item(Tagged("", i + 1)), &step);
    steps.Extend(Item(Tagged("", i)), &step);
  }
  LowWaterMark mark;
  steps.Apply(step, &mark);
  EXPECT_EQ(mark.gtids.ToString(), std::string(kUuid) + ":1-1000");
}

TEST(StreamStepsTest, APlaceIsKnownAgainBehindAnotherFile) {
  StreamSteps steps;
  const StreamPlace place = steps.PlaceOf(Item("", "binlog.000001", 500));
  StreamStep step;
  steps.Extend(Item("", "binlog.000001", 500), &step);
  steps.Extend(Item("", "binlog.000002", 500), &step);
  steps.ForgetFilesBefore(nullptr);
  EXPECT_TRUE(place == steps.PlaceOf(Item("", "binlog.000001", 500)));
  EXPECT_FALSE(place == steps.PlaceOf(Item("", "binlog.000002", 500)));
  EXPECT_FALSE(place == steps.PlaceOf(Item("", "binlog.000001", 600)));
  EXPECT_FALSE(place == steps.PlaceOf(Item(Tagged("", 1), "binlog.000001", 500)));
}

TEST(StreamStepsTest, FilesStayKnownWhileAStepEndsInThem) {
  StreamSteps steps;
  StreamStep first, second;
  steps.Extend(Item(Tagged("", 1), "binlog.000001"), &first);
  steps.Extend(Item(Tagged("", 2), "binlog.000002"), &second);
  steps.ForgetFilesBefore(&second);
  steps.ForgetFilesBefore(nullptr);
  LowWaterMark mark;
  steps.Apply(second, &mark);
  EXPECT_EQ(mark.position.file, "binlog.000002");
  StreamStep third;
  steps.Extend(Item(Tagged("", 3), "binlog.000003"), &third);
  steps.Apply(third, &mark);
  EXPECT_EQ(mark.position.file, "binlog.000003");
}

}  // namespace
}  // namespace relay
