// SPDX-License-Identifier: Apache-2.0
#include "relay/delivery/pipeline_state.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace relay {
namespace {

constexpr char kUuid[] = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

OutboxSchema Table(const std::string& schema, const std::string& created) {
  OutboxSchema table;
  table.schema = schema;
  table.table = "kafka_outbox";
  table.created = created;
  return table;
}

Checkpoint Loaded() {
  Checkpoint loaded;
  loaded.server_uuid = "one";
  loaded.tables.push_back({"shop", "kafka_outbox", "2026-01-01 00:00:00", std::nullopt, {}});
  return loaded;
}

LowWaterMark MarkAt(int number) {
  LowWaterMark mark;
  mark.gtids = *cdc::GtidSet::Parse(std::string(kUuid) + ":1-" + std::to_string(number));
  mark.position = {"binlog.000001", static_cast<uint64_t>(number)};
  mark.last = LastTransaction{*cdc::Gtid::Parse(std::string(kUuid) + ":" + std::to_string(number)),
                              absl::FromUnixSeconds(1'800'000'000)};
  return mark;
}

class PipelineStateTest : public ::testing::Test {
 protected:
  base::FakeClock clock_;
  LayoutHistory layouts_;
  PipelineState state_{
      Loaded(), {Table("shop", "2026-02-02 00:00:00"), Table("crm", "2026-02-02 00:00:00")}, &layouts_, &clock_};
};

TEST_F(PipelineStateTest, ATableIsCoveredFromTheFirstPlanOn) {
  EXPECT_FALSE(state_.planned());
  ASSERT_EQ(state_.CheckpointAt(MarkAt(5)).tables.size(), 1);
  EXPECT_EQ(state_.CheckpointAt(MarkAt(5)).tables[0].schema, "shop");
  SweepProgress progress;
  progress.phase = SweepProgress::Phase::kTable;
  state_.set_sweep(1, progress);
  const uint64_t version = state_.version();
  state_.Planned();
  EXPECT_GT(state_.version(), version);
  ASSERT_EQ(state_.CheckpointAt(MarkAt(5)).tables.size(), 2);
  EXPECT_EQ(state_.CheckpointAt(MarkAt(5)).tables[1].sweep.phase, SweepProgress::Phase::kTable);
}

TEST_F(PipelineStateTest, TheLedgersTableIsTheCheckpointsUntilItIsConfirmed) {
  EXPECT_EQ(state_.created(0), "2026-01-01 00:00:00");
  EXPECT_EQ(state_.created(1), "");
  EXPECT_EQ(state_.CheckpointAt(MarkAt(5)).tables[0].created, "2026-01-01 00:00:00");
  state_.set_created(0, "2026-03-03 00:00:00");
  EXPECT_EQ(state_.CheckpointAt(MarkAt(5)).tables[0].created, "2026-03-03 00:00:00");
}

TEST_F(PipelineStateTest, ATransactionOfTheServerBeforeIsNoFingerprint) {
  EXPECT_FALSE(state_.CheckpointAt(MarkAt(5)).last.empty());
  state_.set_server("two", MarkAt(7).gtids);
  EXPECT_EQ(state_.server(), "two");
  EXPECT_TRUE(state_.CheckpointAt(MarkAt(5)).last.empty());
  EXPECT_TRUE(state_.CheckpointAt(MarkAt(7)).last.empty());
  EXPECT_FALSE(state_.CheckpointAt(MarkAt(8)).last.empty());
}

TEST_F(PipelineStateTest, ReadAnewThePastDoesNotMatter) {
  state_.set_server("two", MarkAt(7).gtids);
  state_.set_server("two", {});
  EXPECT_FALSE(state_.CheckpointAt(MarkAt(5)).last.empty());
}

// The servers may have different transactions: what is in the mark's set says nothing of its position.
TEST_F(PipelineStateTest, APositionIsOneServers) {
  LowWaterMark mark = MarkAt(7);
  EXPECT_TRUE(state_.IsHere(mark));
  const uint32_t two = state_.set_server("two", MarkAt(9).gtids);
  EXPECT_FALSE(state_.IsHere(mark));
  EXPECT_EQ(state_.CheckpointAt(mark).server_uuid, "one");
  mark.server = two;
  EXPECT_TRUE(state_.IsHere(mark));
  EXPECT_EQ(state_.CheckpointAt(mark).server_uuid, "two");
  EXPECT_EQ(state_.set_server("two", MarkAt(9).gtids), two);
  EXPECT_TRUE(state_.IsHere(mark));
  state_.set_server("one", MarkAt(9).gtids);
  EXPECT_FALSE(state_.IsHere(mark));
}

TEST_F(PipelineStateTest, TheFirstServerIsTheOneOfTheMark) {
  PipelineState state(Checkpoint(), {Table("shop", "")}, &layouts_, &clock_);
  EXPECT_EQ(state.set_server("one", {}), 0);
  EXPECT_TRUE(state.IsHere(MarkAt(1)));
}

}  // namespace
}  // namespace relay
