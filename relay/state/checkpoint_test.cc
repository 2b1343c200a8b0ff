// SPDX-License-Identifier: Apache-2.0
#include "relay/state/checkpoint.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace relay {
namespace {

using ::testing::HasSubstr;

constexpr char kUuid[] = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

Checkpoint Sample() {
  Checkpoint checkpoint;
  checkpoint.relay_id = "0f8fad5b-d9cb-469f-a165-70867728950e";
  checkpoint.epoch = 3;
  checkpoint.server_uuid = kUuid;
  checkpoint.gtids = *cdc::GtidSet::Parse(std::string(kUuid) + ":1-20:abc:1-3");
  checkpoint.position = {"binlog.000007", 5'000'000'000};
  checkpoint.transactions_to_skip = 2;
  checkpoint.last = {*cdc::Gtid::Parse(std::string(kUuid) + ":20"), {"binlog.000007", 4'999'999'000}, 1700000000123456};
  checkpoint.partitioner = "fnv1a";
  checkpoint.polling_relay_marks = true;
  TableCheckpoint& table = checkpoint.tables.emplace_back();
  table.schema = "shop \"one\"";
  table.table = "kafka_outbox";
  table.created = "2026-11-24 02:51:25";
  table.layout.emplace();
  table.layout->columns.push_back(
      {"id", "bigint", "bigint unsigned", "", cdc::ColumnDefinition::Default::kExpression, ""});
  table.layout->columns.push_back(
      {"topic", "varchar", "varchar(255)", "utf8mb4", cdc::ColumnDefinition::Default::kConstant, "a\"b"});
  table.layout->columns.push_back(
      {"raw", "varbinary", "varbinary(9)", "", cdc::ColumnDefinition::Default::kConstant, std::string("\0\xff", 2)});
  table.sweep.phase = SweepProgress::Phase::kStream;
  table.sweep.reason = "purged";
  table.sweep.judge_ledger = false;
  table.sweep.until = {"binlog.000006", 99};
  table.sweep.server = kUuid;
  checkpoint.tables.push_back({"crm", "kafka_outbox", "", std::nullopt, {}});
  cdc::OpenXaBranch& branch = checkpoint.open_xa.emplace_back();
  branch.xid = "X'7831',X'',1";
  branch.prepare_gtid = *cdc::Gtid::Parse(std::string(kUuid) + ":19");
  branch.prepare_position = {"binlog.000005", 157};
  checkpoint.sweep_wanted = "statement";
  checkpoint.swept_at = absl::FromUnixMicros(1700000000123456);
  return checkpoint;
}

void ExpectEqual(const Checkpoint& a, const Checkpoint& b) {
  EXPECT_EQ(a.relay_id, b.relay_id);
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.server_uuid, b.server_uuid);
  EXPECT_EQ(a.gtids, b.gtids);
  EXPECT_EQ(a.position, b.position);
  EXPECT_EQ(a.transactions_to_skip, b.transactions_to_skip);
  EXPECT_EQ(a.last, b.last);
  EXPECT_EQ(a.partitioner, b.partitioner);
  EXPECT_EQ(a.polling_relay_marks, b.polling_relay_marks);
  EXPECT_TRUE(a.tables == b.tables);
  EXPECT_EQ(a.sweep_wanted, b.sweep_wanted);
  EXPECT_EQ(a.swept_at, b.swept_at);
  ASSERT_EQ(a.open_xa.size(), b.open_xa.size());
  for (size_t i = 0; i < a.open_xa.size(); ++i) {
    EXPECT_EQ(a.open_xa[i].xid, b.open_xa[i].xid);
    EXPECT_EQ(a.open_xa[i].prepare_gtid, b.open_xa[i].prepare_gtid);
    EXPECT_EQ(a.open_xa[i].prepare_position, b.open_xa[i].prepare_position);
  }
}

TEST(Checkpoint, ComesBackFromItsJson) {
  const absl::StatusOr<Checkpoint> again = CheckpointFromJson(CheckpointToJson(Sample()));
  ASSERT_TRUE(again.ok()) << again.status();
  ExpectEqual(*again, Sample());
}

TEST(Checkpoint, ComesBackEmptyFromItsJson) {
  const absl::StatusOr<Checkpoint> again = CheckpointFromJson(CheckpointToJson(Checkpoint()));
  ASSERT_TRUE(again.ok()) << again.status();
  ExpectEqual(*again, Checkpoint());
  EXPECT_FALSE(again->has_position());
  EXPECT_TRUE(again->last.empty());
}

TEST(Checkpoint, KeepsMariadbsGtids) {
  Checkpoint checkpoint;
  checkpoint.gtids = *cdc::GtidSet::Parse("0-1-7,1-1-3");
  checkpoint.last.gtid = *cdc::Gtid::Parse("0-1-7");
  const absl::StatusOr<Checkpoint> again = CheckpointFromJson(CheckpointToJson(checkpoint));
  ASSERT_TRUE(again.ok()) << again.status();
  ExpectEqual(*again, checkpoint);
}

TEST(Checkpoint, DetailsHoldWhatRarelyChanges) {
  Checkpoint moved = Sample();
  moved.gtids.Add(*cdc::Gtid::Parse(std::string(kUuid) + ":21"));
  moved.position.offset += 100;
  moved.last.commit_micros += 5;
  EXPECT_EQ(CheckpointDetails(moved), CheckpointDetails(Sample()));

  Checkpoint again;
  ASSERT_TRUE(ApplyCheckpointDetails(CheckpointDetails(Sample()), &again).ok());
  EXPECT_EQ(again.partitioner, "fnv1a");
  EXPECT_TRUE(again.tables == Sample().tables);
  EXPECT_EQ(again.open_xa.size(), 1);
  EXPECT_FALSE(again.has_position());
}

TEST(Checkpoint, RefusesANewerFormatAndSaysWhatToDo) {
  const std::string newer = absl::StrReplaceAll(CheckpointToJson(Sample()), {{"\"format\": 1", "\"format\": 2"}});
  const absl::Status status = CheckpointFromJson(newer).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("format 2"));
  EXPECT_THAT(status.message(), HasSubstr("newer"));
}

TEST(Checkpoint, IgnoresFieldsItDoesNotKnow) {
  const std::string grown = absl::StrReplaceAll(CheckpointToJson(Sample()), {{"\"epoch\"", "\"new\": [1], \"epoch\""}});
  EXPECT_TRUE(CheckpointFromJson(grown).ok());
}

TEST(Checkpoint, ASweepThatAnOlderVersionWroteIsStillToBeJudged) {
  const std::string older = R"({"tables":[{"schema":"s","table":"t","sweep":{"phase":"table","start_gtids":"",)"
                            R"("start":{"file":"b.1","offset":4},"until":{"file":"","offset":0}}}]})";
  Checkpoint checkpoint;
  ASSERT_TRUE(ApplyCheckpointDetails(older, &checkpoint).ok());
  EXPECT_EQ(checkpoint.tables[0].sweep.phase, SweepProgress::Phase::kTable);
  EXPECT_TRUE(checkpoint.tables[0].sweep.judge_ledger);
  EXPECT_EQ(checkpoint.sweep_wanted, "");
  EXPECT_EQ(checkpoint.swept_at, absl::InfinitePast());
  EXPECT_FALSE(checkpoint.polling_relay_marks);
}

TEST(Checkpoint, DamageIsDataLossThatNamesThePlace) {
  const std::string whole = CheckpointToJson(Sample());
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(CheckpointFromJson(whole.substr(0, length)).status().code(), absl::StatusCode::kDataLoss) << length;
  }
  const struct {
    const char* from;
    const char* to;
    const char* named;
  } kCases[] = {
      {"\"epoch\": 3", "\"epoch\": -3", "checkpoint.epoch"},
      {"\"offset\": 5000000000", "\"offset\": \"x\"", "checkpoint.position.offset"},
      {":1-20:abc", ":1-x:abc", "checkpoint.gtids"},
      {"\"phase\": \"stream\"", "\"phase\": \"dance\"", "checkpoint.tables.sweep.phase"},
      {"\"open_xa\": [", "\"open_xa\": 1, \"x\": [", "checkpoint.open_xa"},
      {"\"default_base64\": \"", "\"default_base64\": \"%", "checkpoint.tables.layout.default_base64"},
  };
  for (const auto& c : kCases) {
    const std::string damaged = absl::StrReplaceAll(whole, {{c.from, c.to}});
    ASSERT_NE(damaged, whole) << c.from;
    const absl::Status status = CheckpointFromJson(damaged).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << c.from;
    EXPECT_THAT(status.message(), HasSubstr(c.named));
  }
}

TEST(Checkpoint, FindsTablesBySchemaAndName) {
  Checkpoint checkpoint = Sample();
  ASSERT_NE(checkpoint.FindTable("crm", "kafka_outbox"), nullptr);
  EXPECT_EQ(checkpoint.FindTable("crm", "other"), nullptr);
  EXPECT_EQ(checkpoint.FindTable("no", "kafka_outbox"), nullptr);
}

}  // namespace
}  // namespace relay
