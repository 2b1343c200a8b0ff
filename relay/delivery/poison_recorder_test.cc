// SPDX-License-Identifier: Apache-2.0
//
// Against real servers: see testing/sql_servers.h.
#include "relay/delivery/poison_recorder.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "relay/outbox/outbox_server_fixture.h"

namespace relay {
namespace {

using ::testing::HasSubstr;

constexpr char kRelayId[] = "0f8fad5b-d9cb-469f-a165-70867728950e";

class PoisonRecorderTest : public OutboxServerTest {
 protected:
  static PoisonRow Row(uint64_t id, const std::string& reason, uint32_t attempts = 3) {
    std::vector<cdc::ColumnValue> columns(kOutboxColumnCount);
    columns[kTopic] = {cdc::ColumnValue::State::kValue, "orders"};
    columns[kPayloadJson] = {cdc::ColumnValue::State::kValue, absl::string_view("\xff\0'x", 4)};
    columns[kPayloadHeaders] = {cdc::ColumnValue::State::kNull, ""};
    PoisonRow row(0, id, columns);
    row.reason = reason;
    row.attempts = attempts;
    row.gtid = "3e11fa47-71ca-11e1-9e33-c80aa9429562:20";
    row.commit_time = absl::FromUnixMicros(1'700'000'000'123'456);
    return row;
  }
  absl::StatusOr<PoisonOutcome> Record(const std::vector<PoisonRow>& rows) { return RecordIn(schema(), rows); }
  absl::StatusOr<PoisonOutcome> RecordIn(const std::string& state_schema, const std::vector<PoisonRow>& rows) {
    std::vector<const PoisonRow*> pointers;
    for (const PoisonRow& row : rows) pointers.push_back(&row);
    return PoisonRecorder([this](size_t schema) { return tables_[schema]; }, state_schema, kRelayId)
        .Record(session(), pointers);
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, PoisonRecorderTest, testing_servers::EachServer(), testing_servers::ServerName);

TEST_P(PoisonRecorderTest, MarksEachRowWithItsOwnReasonAndNoOther) {
  Insert(1, 4);
  const auto outcome = Record({Row(3, "it's \"too\" large?", 5), Row(1, "Broker: Invalid record", 300)});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->on_row, 2);
  EXPECT_EQ(outcome->dead_lettered, 0);
  EXPECT_EQ(Select("SELECT id, errored, push_attempts, error_reason, push_completed_at FROM kafka_outbox ORDER BY id"),
            "1,1,127,Broker: Invalid record,NULL;2,0,0,,NULL;3,1,5,it's \"too\" large?,NULL;4,0,0,,NULL");
}

TEST_P(PoisonRecorderTest, RecordingAgainCountsMatchedRowsNotChangedOnes) {
  Insert(1, 1);
  const auto first = Record({Row(1, "r")});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->newly_errored, 1);
  const auto again = Record({Row(1, "r"), Row(1, "r")});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->on_row, 1);
  EXPECT_EQ(again->newly_errored, 0);
  Insert(2, 2);
  const auto some = Record({Row(1, "r"), Row(2, "r"), Row(3, "gone")});
  ASSERT_TRUE(some.ok()) << some.status();
  EXPECT_EQ(some->on_row, 2);
  EXPECT_EQ(some->newly_errored, 1);
  EXPECT_EQ(Select("SELECT COUNT(*) FROM kafka_outbox_dead"), "1");
}

TEST_P(PoisonRecorderTest, RecordingAgainWritesNoDeadLetter) {
  Insert(1, 1);
  ASSERT_TRUE(Record({Row(1, "r")}).ok());
  ASSERT_TRUE(Record({Row(1, "r")}).ok());
  EXPECT_EQ(Select("SELECT COUNT(*) FROM kafka_outbox_dead"), "0");
}

TEST_P(PoisonRecorderTest, ARowThatIsGoneIsKeptWhole) {
  Insert(1, 1);
  const auto outcome = Record({Row(1, "here"), Row(2, "gone"), Row(~uint64_t{0}, "gone too")});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->on_row, 1);
  EXPECT_EQ(outcome->dead_lettered, 2);
  EXPECT_EQ(Select("SELECT relay_id, schema_name = DATABASE(), table_name, row_id, gtid, committed_at, push_attempts, "
                   "error_reason, topic, `key`, HEX(payload_json), payload_headers FROM kafka_outbox_dead ORDER BY seq "
                   "LIMIT 1"),
            absl::StrCat(kRelayId,
                         ",1,kafka_outbox,2,3e11fa47-71ca-11e1-9e33-c80aa9429562:20,2023-11-14 22:13:20.123456,3,gone,"
                         "orders,NULL,FF002778,NULL"));
  EXPECT_EQ(Select("SELECT row_id FROM kafka_outbox_dead ORDER BY seq DESC LIMIT 1"), "-1");
}

TEST_P(PoisonRecorderTest, ARowWhoseTableWasEmptiedLeavesTheRowOfItsIdAlone) {
  Insert(1, 2);
  PoisonRow old = Row(1, "old");
  old.gone = true;
  const auto outcome = Record({Row(1, "new"), old, Row(2, "new")});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->on_row, 2);
  EXPECT_EQ(outcome->dead_lettered, 1);
  EXPECT_EQ(Select("SELECT id, error_reason FROM kafka_outbox ORDER BY id"), "1,new;2,new");
  EXPECT_EQ(Select("SELECT row_id, error_reason FROM kafka_outbox_dead"), "1,old");
}

TEST_P(PoisonRecorderTest, ADeadRowMayBeLargerThanOneStatement) {
  const std::string large(12'000'000, '\xfe');  // As a literal it would have twice the size.
  std::vector<cdc::ColumnValue> columns(kOutboxColumnCount);
  columns[kPayloadJson] = {cdc::ColumnValue::State::kValue, large};
  const auto outcome = RecordIn(schema(), {PoisonRow(0, 2, columns)});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(Select("SELECT LENGTH(payload_json), payload_json = REPEAT(x'FE', 12000000) FROM kafka_outbox_dead"),
            "12000000,1");
}

TEST_P(PoisonRecorderTest, ManyRowsAreRecordedInOneTransaction) {
  Run("INSERT INTO kafka_outbox (topic, payload_json, payload_headers) WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL "
      "SELECT i+1 FROM n WHERE i < 900) SELECT 't','{}','{}' FROM n");
  std::vector<PoisonRow> rows;
  for (uint64_t id = 1; id <= 1000; ++id) rows.push_back(Row(id, absl::StrCat("reason ", id)));
  const auto outcome = Record(rows);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->on_row + outcome->dead_lettered, 1000);
  EXPECT_EQ(Select("SELECT COUNT(*) FROM kafka_outbox WHERE error_reason = CONCAT('reason ', id) AND errored=1"),
            absl::StrCat(outcome->on_row));
  EXPECT_EQ(outcome->on_row, 900);
}

TEST_P(PoisonRecorderTest, WithoutATableForDeadRowsNothingIsRecordedAndTheRowIsNamed) {
  Insert(1, 1);
  const auto outcome = RecordIn("no_such_schema", {Row(1, "here"), Row(2, "gone")});
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(outcome.status().message(), HasSubstr("row 2"));
  EXPECT_EQ(Select("SELECT errored FROM kafka_outbox"), "0");
}

TEST_P(PoisonRecorderTest, ReasonsFitNarrowColumnsOfOtherCharsets) {
  Run("ALTER TABLE kafka_outbox MODIFY error_reason VARCHAR(10) CHARACTER SET ascii NOT NULL DEFAULT '', MODIFY "
      "push_attempts INT NULL");
  tables_[0] = *ReadOutboxSchema(session(), schema(), "kafka_outbox");
  Insert(1, 1);
  ASSERT_TRUE(Record({Row(1, "größer als alles")}).ok());
  EXPECT_EQ(Select("SELECT error_reason FROM kafka_outbox"), "gr????er a");
}

TEST_P(PoisonRecorderTest, ATableThatStoresNothingHasDeadRowsOnly) {
  tables_[0].engine = "BLACKHOLE";
  const auto outcome = Record({Row(1, "r")});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->dead_lettered, 1);
}

TEST_P(PoisonRecorderTest, RowsOfATableThatWasDroppedAreKeptWhole) {
  Run("DROP TABLE kafka_outbox");
  const auto outcome = Record({Row(1, "r")});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->dead_lettered, 1);
}

TEST_P(PoisonRecorderTest, WaitsForAWriterThatHasTheRowLocked) {
  Insert(1, 1);
  const std::unique_ptr<SqlSession> application = Connect();
  ASSERT_TRUE(application->Begin().ok());
  ASSERT_TRUE(application->Execute(absl::StrCat("UPDATE ", schema(), ".kafka_outbox SET topic='x'")).ok());
  Run("SET SESSION innodb_lock_wait_timeout=1");
  EXPECT_EQ(Record({Row(1, "r")}).status().code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(application->Commit().ok());
  EXPECT_TRUE(Record({Row(1, "r")}).ok());
}

}  // namespace
}  // namespace relay
