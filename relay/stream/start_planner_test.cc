// SPDX-License-Identifier: Apache-2.0
#include "relay/stream/start_planner.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace relay {
namespace {

using ::testing::HasSubstr;

constexpr char kOne[] = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
constexpr char kTwo[] = "4e11fa47-71ca-11e1-9e33-c80aa9429562";

cdc::GtidSet Gtids(const std::string& uuid, const std::string& numbers) {
  return *cdc::GtidSet::Parse(uuid + ":" + numbers);
}

StartFacts Facts() {
  StartFacts facts;
  facts.server.server_uuid = kOne;
  facts.server.gtid_mode = "ON";
  facts.server.gtid_executed = Gtids(kOne, "1-100");
  facts.server.log_end.position = {"binlog.000002", 500};
  facts.server.logs = {{"binlog.000001", 1000}, {"binlog.000002", 500}};
  TableCheckpoint table;
  table.schema = "shop";
  table.table = "kafka_outbox";
  facts.tables = {table};
  Checkpoint reached;
  reached.server_uuid = kOne;
  reached.gtids = Gtids(kOne, "1-90");
  reached.position = {"binlog.000002", 300};
  reached.last = {*cdc::Gtid::Parse(std::string(kOne) + ":90"), reached.position, 1700000000123456};
  reached.tables = facts.tables;
  facts.reached = reached;
  return facts;
}

StartPlan Plan(const StartFacts& facts) {
  const absl::StatusOr<StartPlan> plan = PlanStart(facts);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.value_or(StartPlan());
}

TEST(StartPlanner, GoesOnBehindTheCheckpoint) {
  const StartPlan plan = Plan(Facts());
  EXPECT_FALSE(plan.restart);
  EXPECT_TRUE(plan.by_gtid);
  EXPECT_TRUE(plan.sweep.empty());
  EXPECT_EQ(plan.from.gtids, Gtids(kOne, "1-90"));
  ASSERT_TRUE(plan.from.last.has_value()) << "the fingerprint is kept until the mark moves";
  EXPECT_EQ(plan.from.last->commit_time, absl::FromUnixMicros(1700000000123456));
}

TEST(StartPlanner, AFirstStartSweepsWithAnEmptyLedger) {
  StartFacts facts = Facts();
  facts.reached.reset();
  const StartPlan plan = Plan(facts);
  EXPECT_TRUE(plan.restart);
  EXPECT_EQ(plan.from.gtids, facts.server.gtid_executed);
  ASSERT_EQ(plan.sweep.size(), 1);
  EXPECT_EQ(plan.sweep[0].reason, SweepReason::kFirstStart);
  EXPECT_EQ(plan.sweep[0].progress.phase, SweepProgress::Phase::kTable);
  EXPECT_FALSE(plan.sweep[0].progress.judge_ledger);
}

StartFacts FirstStartAt(StartPosition::Kind kind) {
  StartFacts facts = Facts();
  facts.reached.reset();
  facts.start.kind = kind;
  facts.server.gtid_purged = Gtids(kOne, "1-40");
  return facts;
}

// FailedPrecondition whose message has the words.
void ExpectRefused(const StartFacts& facts, const std::string& setting, const std::string& cure) {
  const absl::Status status = PlanStart(facts).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr(setting));
  EXPECT_THAT(std::string(status.message()), HasSubstr(cure));
}

TEST(StartPlanner, AFirstStartAtLatestLeavesWhatWaits) {
  const StartFacts facts = FirstStartAt(StartPosition::Kind::kLatest);
  const StartPlan plan = Plan(facts);
  EXPECT_TRUE(plan.restart);
  EXPECT_TRUE(plan.by_gtid);
  EXPECT_TRUE(plan.skip_pending);
  EXPECT_TRUE(plan.sweep.empty());
  EXPECT_EQ(plan.from.gtids, facts.server.gtid_executed);
}

// A row that stands in the log and not in the set yet comes from before the log's end.
TEST(StartPlanner, WhereADumpByGtidBeginsIsForTheServerToSay) {
  StartFacts facts = FirstStartAt(StartPosition::Kind::kAuto);
  StartPlan plan = Plan(facts);
  EXPECT_TRUE(plan.by_gtid);
  EXPECT_EQ(plan.from.gtids, facts.server.gtid_executed);
  EXPECT_TRUE(plan.from.position.empty());

  facts.server.gtid_executed = {};
  facts.server.gtid_purged = {};
  plan = Plan(facts);
  EXPECT_EQ(plan.from.position, (cdc::BinlogPosition{"binlog.000002", 4})) << "an empty set can't be saved";

  facts.server.gtid_mode = "OFF";
  plan = Plan(facts);
  EXPECT_FALSE(plan.by_gtid);
  EXPECT_EQ(plan.from.position, facts.server.log_end.position);
}

TEST(StartPlanner, AFirstStartAtAutoSkipsNothing) {
  EXPECT_FALSE(Plan(FirstStartAt(StartPosition::Kind::kAuto)).skip_pending);
}

TEST(StartPlanner, AFirstStartAtEarliestReadsAllThatTheServerHas) {
  StartFacts facts = FirstStartAt(StartPosition::Kind::kEarliest);
  StartPlan plan = Plan(facts);
  EXPECT_TRUE(plan.by_gtid);
  EXPECT_TRUE(plan.skip_pending);
  EXPECT_TRUE(plan.sweep.empty());
  EXPECT_EQ(plan.from.gtids, Gtids(kOne, "1-40")) << "what was purged can't be asked for";
  EXPECT_EQ(plan.from.position, (cdc::BinlogPosition{"binlog.000001", 4}));

  facts.server.flavor = SqlSession::Flavor::kMariadb;
  plan = Plan(facts);
  EXPECT_FALSE(plan.by_gtid) << "it has no set of what was purged";
  EXPECT_EQ(plan.from.position, (cdc::BinlogPosition{"binlog.000001", 4}));

  facts.server.logs.clear();
  ExpectRefused(facts, "--start=earliest", "GRANT REPLICATION CLIENT");
}

TEST(StartPlanner, AFirstStartAtAGtidSetReadsBehindIt) {
  StartFacts facts = FirstStartAt(StartPosition::Kind::kGtid);
  facts.start.gtid_set = std::string(kOne) + ":1-70";
  const StartPlan plan = Plan(facts);
  EXPECT_TRUE(plan.by_gtid);
  EXPECT_TRUE(plan.skip_pending);
  EXPECT_EQ(plan.from.gtids, Gtids(kOne, "1-70"));
  EXPECT_TRUE(plan.from.position.empty()) << "where that is the server knows";

  facts.start.gtid_set = "nonsense";
  ExpectRefused(facts, "--start=gtid", "nonsense");

  facts.start.gtid_set = std::string(kOne) + ":1-70";
  facts.server.gtid_mode = "ON_PERMISSIVE";
  ExpectRefused(facts, "ON_PERMISSIVE", "--start=file:NAME:POS");
}

TEST(StartPlanner, AFirstStartAtAFileIsForServersWithoutGtids) {
  StartFacts facts = FirstStartAt(StartPosition::Kind::kFile);
  facts.start.file = "binlog.000001";
  facts.start.offset = 777;
  ExpectRefused(facts, "--start=file", "--start=gtid:SET");

  facts.server.gtid_mode = "OFF";
  const StartPlan plan = Plan(facts);
  EXPECT_FALSE(plan.by_gtid);
  EXPECT_TRUE(plan.skip_pending);
  EXPECT_EQ(plan.from.position, (cdc::BinlogPosition{"binlog.000001", 777}));
}

TEST(StartPlanner, WithACheckpointTheStartIsNotHonoured) {
  StartFacts facts = Facts();
  facts.start.kind = StartPosition::Kind::kLatest;
  const StartPlan plan = Plan(facts);
  EXPECT_FALSE(plan.restart);
  EXPECT_FALSE(plan.skip_pending);
  EXPECT_EQ(plan.from.gtids, Gtids(kOne, "1-90"));
}

TEST(StartPlanner, AfterAPurgeTheLedgerIsToBeJudgedHoweverOftenThePlanFails) {
  StartFacts facts = Facts();
  facts.server.gtid_purged = Gtids(kOne, "1-95");
  StartPlan plan = Plan(facts);
  ASSERT_EQ(plan.sweep.size(), 1);
  EXPECT_EQ(plan.sweep[0].reason, SweepReason::kPurged);
  EXPECT_TRUE(plan.sweep[0].progress.judge_ledger);

  // The mark is moved, the connection fails, the process may end: the gap is no longer seen in the log.
  facts.reached->gtids = plan.from.gtids;
  facts.reached->tables[0].sweep = plan.sweep[0].progress;
  plan = Plan(facts);
  EXPECT_FALSE(plan.restart);
  ASSERT_EQ(plan.sweep.size(), 1);
  EXPECT_EQ(plan.sweep[0].reason, SweepReason::kPurged);
  EXPECT_TRUE(plan.sweep[0].progress.judge_ledger);
}

// A failover may have lost what was published and given its ids to other rows: MariaDB's sets, which compare by number,
// don't show that, and its server refuses the dump.
TEST(StartPlanner, WhatAnotherServerCantSendVoidsTheLedger) {
  StartFacts facts = Facts();
  facts.server.flavor = SqlSession::Flavor::kMariadb;
  facts.server.server_uuid.clear();
  facts.server.server_id = 2;
  facts.server.gtid_executed = *cdc::GtidSet::Parse("0-2-110");
  facts.reached->server_uuid = "1";
  facts.reached->gtids = *cdc::GtidSet::Parse("0-1-110");
  facts.dump_refused = true;
  StartPlan plan = Plan(facts);
  EXPECT_TRUE(plan.void_ledger);
  ASSERT_EQ(plan.sweep.size(), 1);
  EXPECT_EQ(plan.sweep[0].reason, SweepReason::kPurged);
  EXPECT_EQ(plan.from.gtids.ToString(), "0-2-110") << "the other one is refused again";

  facts.reached->server_uuid = "2";
  plan = Plan(facts);
  EXPECT_FALSE(plan.void_ledger) << "its own ledger can be judged";

  facts = Facts();
  facts.server.server_uuid = kTwo;
  facts.server.gtid_purged = Gtids(kOne, "1-95");
  plan = Plan(facts);
  EXPECT_TRUE(plan.void_ledger);
  EXPECT_EQ(plan.sweep[0].reason, SweepReason::kPurged);
}

TEST(StartPlanner, ATableThatComesBackMayHaveAnOldLedger) {
  StartFacts facts = Facts();
  facts.reached->tables.clear();
  const StartPlan plan = Plan(facts);
  EXPECT_FALSE(plan.restart);
  ASSERT_EQ(plan.sweep.size(), 1);
  EXPECT_EQ(plan.sweep[0].reason, SweepReason::kSchemaAdded);
  EXPECT_TRUE(plan.sweep[0].progress.judge_ledger);
}

TEST(StartPlanner, TransactionsThatTheServerLacksAreAShortfallFirst) {
  StartFacts facts = Facts();
  facts.server.gtid_executed = Gtids(kOne, "1-80");
  const StartPlan plan = Plan(facts);
  EXPECT_TRUE(plan.shortfall);
  EXPECT_TRUE(plan.void_ledger);
  EXPECT_EQ(plan.sweep[0].reason, SweepReason::kHistoryRewritten);
}

// In the set it would count as sent for ever; and the server that comes back without it gives the numbers to others.
TEST(StartPlanner, WhatAFailoverLostCountsAsNotRead) {
  StartFacts facts = Facts();
  facts.server.server_uuid = kTwo;
  facts.server.gtid_executed = Gtids(kOne, "1-80");
  StartPlan plan = Plan(facts);
  EXPECT_FALSE(plan.shortfall);
  EXPECT_FALSE(plan.restart);
  EXPECT_FALSE(plan.void_ledger);
  EXPECT_EQ(plan.lost, Gtids(kOne, "81-90"));
  EXPECT_EQ(plan.from.gtids, Gtids(kOne, "1-80"));
  EXPECT_FALSE(plan.from.last.has_value()) << "a transaction that the log lacks is no fingerprint of it";

  facts.reached->last.gtid = *cdc::Gtid::Parse(std::string(kOne) + ":80");
  EXPECT_TRUE(Plan(facts).from.last.has_value());

  // Decided, and saved: the next plan finds nothing lost, whether the old server has new ones by then or not.
  facts.reached->gtids = plan.from.gtids;
  facts.server.gtid_executed = Gtids(kOne, "1-95");
  plan = Plan(facts);
  EXPECT_TRUE(plan.lost.empty());
  EXPECT_EQ(plan.from.gtids, Gtids(kOne, "1-80")) << "81-95 are read";
}

// Group Replication gives transactions the group's UUID.
TEST(StartPlanner, WhatTheSameServerLacksOfOthersIsAShortfallFirst) {
  StartFacts facts = Facts();
  facts.reached->gtids.Union(Gtids(kTwo, "1-10"));
  facts.server.gtid_executed = Gtids(kOne, "1-95");
  facts.server.gtid_executed.Union(Gtids(kTwo, "1-9"));
  StartPlan plan = Plan(facts);
  EXPECT_TRUE(plan.shortfall);
  EXPECT_FALSE(plan.restart);
  EXPECT_EQ(plan.lost, Gtids(kTwo, "10"));
  EXPECT_THAT(plan.explanation, HasSubstr("lacks"));

  facts.server.gtid_purged = Gtids(kOne, "1-92");
  plan = Plan(facts);
  EXPECT_TRUE(plan.shortfall);
  EXPECT_TRUE(plan.restart);
}

TEST(StartPlanner, WhatIsBeingReadAgainMayBeLostToo) {
  StartFacts facts = Facts();
  facts.server.server_uuid = kTwo;
  facts.server.gtid_executed = Gtids(kOne, "1-95");
  facts.seen = Gtids(kOne, "1-97");
  const StartPlan plan = Plan(facts);
  EXPECT_EQ(plan.lost, Gtids(kOne, "96-97"));
  EXPECT_EQ(plan.from.gtids, Gtids(kOne, "1-90"));

  facts.server.server_uuid = kOne;
  EXPECT_TRUE(Plan(facts).shortfall) << "its own";
}

TEST(StartPlanner, WhatAPurgeFollowedIsLostToo) {
  StartFacts facts = Facts();
  facts.server.server_uuid = kTwo;
  facts.server.gtid_executed = Gtids(kOne, "1-80");
  facts.server.gtid_executed.Union(Gtids(kTwo, "1-20"));
  facts.server.gtid_purged = Gtids(kTwo, "1-10");
  const StartPlan plan = Plan(facts);
  EXPECT_TRUE(plan.restart);
  EXPECT_EQ(plan.lost, Gtids(kOne, "81-90"));
  EXPECT_EQ(plan.from.gtids, facts.server.gtid_executed);
}

TEST(StartPlanner, AServerThatHasNothingOfWhatWasReadIsAnotherHistory) {
  StartFacts facts = Facts();
  facts.server.server_uuid = kTwo;
  facts.server.gtid_executed = Gtids(kTwo, "1-80");
  const StartPlan plan = Plan(facts);
  EXPECT_TRUE(plan.void_ledger);
  EXPECT_EQ(plan.sweep[0].reason, SweepReason::kHistoryRewritten);
}

TEST(StartPlanner, ARewrittenHistoryIsNotTakenForAPurge) {
  StartFacts facts = Facts();
  facts.server.gtid_purged = Gtids(kOne, "1-95");
  facts.history_rewritten = "it lacked some a moment ago";
  EXPECT_TRUE(Plan(facts).void_ledger);
}

TEST(StartPlanner, BehindATransactionWithoutGtidThePositionDecides) {
  StartFacts facts = Facts();
  facts.reached->last.gtid.reset();
  StartPlan plan = Plan(facts);
  EXPECT_FALSE(plan.by_gtid) << "more of that kind may follow: a dump by GTID would leave them out";
  EXPECT_EQ(plan.from.position, facts.reached->position);
  EXPECT_FALSE(plan.restart);

  facts.dump_refused = true;
  plan = Plan(facts);
  EXPECT_TRUE(plan.by_gtid) << "the server sends no such transaction any more";
  ASSERT_EQ(plan.sweep.size(), 1);
  EXPECT_EQ(plan.sweep[0].reason, SweepReason::kPurged);

  facts.dump_refused = false;
  facts.server.server_uuid = kTwo;
  plan = Plan(facts);
  EXPECT_TRUE(plan.by_gtid) << "positions of another server say nothing here";
}

TEST(StartPlanner, AnotherServerWithoutGtidsIsAnotherHistory) {
  StartFacts facts = Facts();
  facts.server.gtid_mode = "OFF";
  facts.server.server_uuid = kTwo;
  const StartPlan plan = Plan(facts);
  EXPECT_TRUE(plan.void_ledger);
  EXPECT_FALSE(plan.shortfall) << "no waiting mends it";
  EXPECT_EQ(plan.from.position, facts.server.log_end.position);
}

// What is anonymous between there and the first GTID stands in no set.
TEST(StartPlanner, WhatWasReadByPositionIsReadOnByPositionWhenGtidsAreSwitchedOn) {
  StartFacts facts = Facts();
  facts.reached->last = {std::nullopt, facts.reached->position, 1};
  EXPECT_FALSE(Plan(facts).by_gtid) << "the last transaction is anonymous";
  facts.reached->last = {};
  EXPECT_TRUE(Plan(facts).by_gtid);
  facts.by_position = true;
  EXPECT_FALSE(Plan(facts).by_gtid) << "this process reads so, and nothing came yet";
  facts.reached->last = {cdc::Gtid(), facts.reached->position, 1};
  EXPECT_TRUE(Plan(facts).by_gtid) << "the first one with a GTID came";
  facts.reached->last = {};
  facts.server.server_uuid = kTwo;
  EXPECT_TRUE(Plan(facts).by_gtid) << "the position says nothing there";
}

TEST(StartPlanner, StartAtAFileTakesNothingForDoneByItsGtid) {
  StartFacts facts = Facts();
  facts.reached.reset();
  facts.server.gtid_mode = "OFF";
  facts.start.kind = StartPosition::Kind::kFile;
  facts.start.file = "binlog.000001";
  facts.start.offset = 4;
  const StartPlan plan = Plan(facts);
  EXPECT_TRUE(plan.from.gtids.empty());
  EXPECT_EQ(plan.from.position, (cdc::BinlogPosition{"binlog.000001", 4}));
}

}  // namespace
}  // namespace relay
