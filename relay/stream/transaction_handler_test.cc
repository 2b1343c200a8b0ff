// SPDX-License-Identifier: Apache-2.0
#include "relay/stream/transaction_handler.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "relay/outbox/outbox_table.h"
#include "relay/state/layout_history.h"
#include "relay/status/logging.h"

namespace relay {
namespace {

constexpr char kUuid[] = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

// A server that has no row of anything, or is gone.
class EmptySession : public SqlSession {
 public:
  absl::StatusOr<uint64_t> Execute(absl::string_view, absl::Span<const SqlParam>) override { return 0; }
  absl::StatusOr<SqlRows> Query(absl::string_view sql, absl::Span<const SqlParam>) override {
    log.emplace_back(sql);
    if (!status.ok()) return status;
    SqlRows rows;
    if (sql == "SELECT 1") rows.rows.push_back({"1"});
    if (absl::StrContains(sql, "SCHEMATA")) rows.rows.push_back({"shop"});
    return rows;
  }
  absl::Status ForEachRow(absl::string_view, absl::Span<const SqlParam>,
                          absl::FunctionRef<absl::Status(SqlCells)>) override {
    return status;
  }
  absl::Status Begin() override { return status; }
  absl::Status Commit() override { return status; }
  absl::Status Rollback() override { return status; }
  bool alive() const override { return true; }
  Flavor flavor() const override { return Flavor::kMysql; }
  const std::string& server_version() const override { return version_; }
  uint32_t server_version_number() const override { return 90704; }
  uint64_t connection_id() const override { return 1; }
  const std::string& tls_cipher() const override { return version_; }
  const SqlHost& host() const override { return host_; }
  size_t host_index() const override { return 0; }

  absl::Status status;
  std::vector<std::string> log;  // Of what was asked.

 private:
  const std::string version_ = "9.7.4";
  const SqlHost host_{};
};

class NoLayouts : public cdc::LayoutProvider {
 public:
  explicit NoLayouts(EmptySession* session) : session_(session) {}
  absl::StatusOr<cdc::TableLayout> LayoutOf(absl::string_view, absl::string_view, const cdc::BinlogPosition&) override {
    session_->log.emplace_back("layout");
    return absl::FailedPreconditionError("not proven");
  }
  void TableChanged(absl::string_view, absl::string_view, const cdc::BinlogPosition&) override {}

 private:
  EmptySession* const session_;
};

class Rows : public cdc::RowCursor {
 public:
  explicit Rows(std::vector<cdc::RowChange> rows) : rows_(std::move(rows)) {}
  absl::StatusOr<const cdc::RowChange*> NextRow() override { return next_ < rows_.size() ? &rows_[next_++] : nullptr; }
  void RewindRows() override { next_ = 0; }

 private:
  std::vector<cdc::RowChange> rows_;
  size_t next_ = 0;
};

using Image = std::array<cdc::ColumnValue, kOutboxColumnCount>;

void Set(Image* image, OutboxColumn column, absl::string_view text) {
  (*image)[column].state = cdc::ColumnValue::State::kValue;
  (*image)[column].text = text;
}

OutboxSchema Table(const std::string& schema) {
  OutboxSchema table;
  table.schema = schema;
  table.table = "kafka_outbox";
  table.exists = true;
  table.engine = "InnoDB";
  for (const absl::string_view name : kOutboxColumnNames) {
    OutboxColumnInfo column;
    column.name = std::string(name);
    table.columns.push_back(column);
  }
  return table;
}

class TransactionHandlerTest : public ::testing::Test {
 protected:
  TransactionHandlerTest()
      : metrics_("test"),
        state_(Checkpoint(), {Table("shop")}, &layouts_, &clock_),
        ledger_({"shop"}),
        tracker_(size_t{16} << 20, LowWaterMark(),
                 [this](size_t table, absl::Span<const uint64_t> ids) {
                   ledger_.AddAll(table, ids, state_.NowForLedger());
                 }),
        sweeps_(1),
        handler_({.outbox_table = "kafka_outbox", .gtid_header = false},
                 {&state_, &tracker_, &ledger_, /*delivery=*/nullptr, &policy_, /*sender=*/nullptr,
                  [this](PoisonRow row, std::optional<uint64_t> ordinal) {
                    EXPECT_TRUE(ordinal.has_value());
                    poison_.push_back(std::move(row));
                  },
                  &sweeps_, &metrics_, &board_, &clock_, &give_up_}) {
    handler_.Connected(&session_, &no_layouts_, /*gtids_tell=*/true);
  }

  cdc::StreamItem Item(uint64_t offset = 100) {
    cdc::StreamItem item;
    item.kind = cdc::StreamItem::Kind::kTransaction;
    item.gtid = *cdc::Gtid::Parse(absl::StrCat(kUuid, ":", offset));
    item.begin = {"binlog.000001", offset};
    item.end = {"binlog.000001", offset + 10};
    return item;
  }
  absl::Status HandleRow(const cdc::RowChange& change, cdc::StreamItem item) {
    Rows rows({change});
    item.rows = &rows;
    item.row_count = 1;
    return handler_.Handle(item);
  }
  void Published(uint64_t id) { ledger_.Add(0, id, state_.NowForLedger()); }
  absl::Status Ddl(cdc::SchemaChange::Kind kind, bool if_not_exists = false, const std::string& statement = "…") {
    cdc::StreamItem item = Item();
    item.schema_changes.push_back({kind, "shop", "kafka_outbox", statement, if_not_exists});
    return handler_.Handle(item);
  }

  base::FakeClock clock_;
  Metrics metrics_;
  StatusBoard board_;
  absl::Notification give_up_;
  LayoutHistory layouts_;
  PipelineState state_;
  Ledger ledger_;
  AckTracker tracker_;
  FaultPolicy policy_{FaultPolicy::Options(), &clock_};
  SweepQueue sweeps_;
  std::vector<PoisonRow> poison_;
  TransactionHandler handler_;
  EmptySession session_;
  NoLayouts no_layouts_{&session_};
};

TEST_F(TransactionHandlerTest, AStatementAsksForASweepBehindItsCommit) {
  cdc::StreamItem item = Item(100);
  item.statement_dml = true;
  ASSERT_TRUE(handler_.Handle(item).ok());
  EXPECT_EQ(sweeps_.wanted(), "statement");
  EXPECT_TRUE(sweeps_.wish()->only_statements);
  EXPECT_TRUE(sweeps_.wish()->commits.Contains(*item.gtid));
  EXPECT_EQ(tracker_.low_water().position, item.end);
}

TEST_F(TransactionHandlerTest, TheLastOfManyStatementsIsNotLeftOut) {
  cdc::StreamItem item = Item(100);
  item.statement_dml = item.statement_names_table = true;
  ASSERT_TRUE(handler_.Handle(item).ok());
  sweeps_.Begin();
  sweeps_.Compared(absl::UnixEpoch());
  EXPECT_EQ(sweeps_.wanted(), "");
  clock_.Advance(absl::Seconds(1));
  item = Item(200);
  item.statement_dml = true;
  ASSERT_TRUE(handler_.Handle(item).ok());
  EXPECT_EQ(sweeps_.wanted(), "statement");
}

TEST_F(TransactionHandlerTest, WithoutGtidsThatTellASweepWaitsForACommitOfOurs) {
  handler_.Connected(&session_, &no_layouts_, /*gtids_tell=*/false);
  cdc::StreamItem item = Item();
  item.unknown_xa_commit = true;
  ASSERT_TRUE(handler_.Handle(item).ok());
  EXPECT_EQ(sweeps_.wanted(), "xa");
  EXPECT_TRUE(sweeps_.wish()->behind_commit);
}

TEST_F(TransactionHandlerTest, ACreateLeavesTheLedgerAlone) {
  Published(7);
  ASSERT_TRUE(Ddl(cdc::SchemaChange::Kind::kCreate, /*if_not_exists=*/true).ok());
  EXPECT_TRUE(ledger_.Contains(0, 7)) << "CREATE TABLE IF NOT EXISTS is logged though the table exists";
  EXPECT_EQ(sweeps_.wanted(), "");
}

TEST_F(TransactionHandlerTest, OtherChangesVoidTheLedgerAndAskForASweep) {
  for (const auto kind : {cdc::SchemaChange::Kind::kAlter, cdc::SchemaChange::Kind::kTruncate,
                          cdc::SchemaChange::Kind::kDrop, cdc::SchemaChange::Kind::kRename}) {
    Published(7);
    ASSERT_TRUE(Ddl(kind).ok());
    EXPECT_EQ(ledger_.size(0), 0);
    EXPECT_EQ(sweeps_.wanted(), "ledger_void");
  }
}

// The ids begin anew, and a sweep would leave the new rows out for ever.
TEST_F(TransactionHandlerTest, SkippedIdsGoWithTheRowsOfTheTable) {
  using Kind = cdc::SchemaChange::Kind;
  IdSet skipped;
  skipped.Add(7);
  ledger_.Skip(0, skipped);
  for (const auto kind : {Kind::kAlter, Kind::kRename}) ASSERT_TRUE(Ddl(kind).ok());
  ASSERT_TRUE(Ddl(Kind::kCreate, /*if_not_exists=*/true).ok());
  EXPECT_EQ(ledger_.skipped_size(0), 1) << "the rows may be there still";
  for (const auto kind : {Kind::kTruncate, Kind::kDrop, Kind::kCreate}) {
    ledger_.Skip(0, skipped);
    ASSERT_TRUE(Ddl(kind).ok());
    EXPECT_EQ(ledger_.skipped_size(0), 0);
  }
}

TEST_F(TransactionHandlerTest, AChangeVoidsWhatIsPublishedBehindAHeldRowToo) {
  tracker_.Begin(Item(10));
  const uint64_t held = tracker_.Add({0, 1}).ordinal;
  tracker_.End();
  tracker_.Begin(Item(20));
  const uint64_t sequence = tracker_.Sent(tracker_.Add({0, 2}).ordinal, absl::UnixEpoch());
  tracker_.End();
  std::vector<absl::Time> times;
  tracker_.Acknowledged({sequence}, &times);
  ASSERT_EQ(ledger_.size(0), 0);
  ASSERT_TRUE(Ddl(cdc::SchemaChange::Kind::kTruncate).ok());
  EXPECT_EQ(sweeps_.wanted(), "ledger_void");
  tracker_.Settle(held, {0, 1});
  EXPECT_EQ(tracker_.progress().transactions_waiting, 0);
  EXPECT_FALSE(ledger_.Contains(0, 2)) << "cleanup would delete the new row of this id";
}

TEST_F(TransactionHandlerTest, AnAlterMayBringRowsThoughNothingIsPublished) {
  const auto alter = [this](const std::string& rest) {
    return Ddl(cdc::SchemaChange::Kind::kAlter, /*if_not_exists=*/false, "ALTER TABLE kafka_outbox " + rest);
  };
  ASSERT_TRUE(alter("ADD COLUMN imported INT").ok());
  EXPECT_EQ(sweeps_.wanted(), "");
  for (const char* rest :
       {"import tablespace", "EXCHANGE PARTITION p WITH TABLE u", "CONVERT TABLE u TO PARTITION p"}) {
    ASSERT_TRUE(alter(rest).ok());
    ASSERT_EQ(sweeps_.wanted(), "ledger_void") << rest;
    sweeps_.Begin();
    sweeps_.Compared(absl::UnixEpoch());
  }
}

TEST_F(TransactionHandlerTest, TellsWhichRowsAreGoneWithTheirTable) {
  using Kind = cdc::SchemaChange::Kind;
  tracker_.Begin(Item(10));
  tracker_.Add({0, 1});
  tracker_.End();
  for (const auto kind : {Kind::kAlter, Kind::kRename}) {
    ASSERT_TRUE(Ddl(kind).ok());
    EXPECT_EQ(state_.emptied(0).times, 0) << "its rows may go on";
  }
  ASSERT_TRUE(Ddl(Kind::kCreate, /*if_not_exists=*/true).ok());
  EXPECT_EQ(state_.emptied(0).times, 0) << "it may have been there";
  uint64_t times = 0;
  // A plain CREATE: what was there was renamed away.
  for (const auto kind : {Kind::kTruncate, Kind::kDrop, Kind::kCreate}) {
    tracker_.Begin(Item(20));
    const uint64_t before = tracker_.Add({0, 1}).ordinal;
    tracker_.End();
    ASSERT_TRUE(Ddl(kind).ok());
    EXPECT_EQ(state_.emptied(0).times, ++times);
    EXPECT_EQ(state_.emptied(0).end_ordinal, before + 1);
  }
}

TEST_F(TransactionHandlerTest, AChangeIsDoneBeforeTheNewColumnsAreRead) {
  ASSERT_TRUE(Ddl(cdc::SchemaChange::Kind::kAlter).ok());
  ASSERT_GE(session_.log.size(), 2);
  EXPECT_EQ(session_.log[0], "SELECT 1 FROM `shop`.`kafka_outbox` WHERE FALSE") << "waits for its lock";
  EXPECT_EQ(session_.log[1], "layout");
}

TEST_F(TransactionHandlerTest, AChangeOfTheTableIsNotPassedWithoutItsNewColumns) {
  session_.status = absl::UnavailableError("gone");
  clock_.Advance(absl::Hours(9));
  EXPECT_EQ(Ddl(cdc::SchemaChange::Kind::kAlter).code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(tracker_.low_water().position.empty()) << "it is read again on the next connection";
}

TEST_F(TransactionHandlerTest, ARowThatOnlyTheTableCouldTellAndThatIsGoneIsKeptAsADeadLetter) {
  Image image;
  Set(&image, kId, "41");
  Set(&image, kTopic, "orders");
  cdc::RowChange change;
  change.after = image;
  ASSERT_TRUE(HandleRow(change, Item()).ok());
  ASSERT_EQ(poison_.size(), 1);
  EXPECT_EQ(poison_[0].id, 41);
  EXPECT_NE(poison_[0].reason, "");
  EXPECT_EQ(tracker_.progress().rows_waiting, 1) << "it is done when it is recorded";
}

TEST_F(TransactionHandlerTest, ANewRowIsNotSuspectedForAnotherOfItsId) {
  const RowKey key{0, 41};
  policy_.Failed(key, "orders", kafka::Fault::kRow, 10, "too large");
  while (policy_.Judge(key, "orders").action == FaultPolicy::Action::kSendAlone) {
    policy_.Failed(key, "orders", kafka::Fault::kRow, 10, "too large");
  }
  ASSERT_EQ(policy_.Judge(key, "orders").action, FaultPolicy::Action::kPoison) << "it waits to be recorded";
  // The table is emptied meanwhile, and gives the id out again.
  Image image;
  Set(&image, kId, "41");
  Set(&image, kTopic, "orders");
  cdc::RowChange change;
  change.after = image;
  ASSERT_TRUE(HandleRow(change, Item()).ok());
  EXPECT_EQ(policy_.Judge(key, "orders").action, FaultPolicy::Action::kSend);
}

TEST_F(TransactionHandlerTest, ARequeuedRowThatIsGoneIsDone) {
  Image before, after;
  Set(&before, kId, "41");
  Set(&before, kErrored, "1");
  Set(&after, kErrored, "0");
  cdc::RowChange change;
  change.kind = cdc::RowChange::Kind::kUpdate;
  change.before = before;
  change.after = after;
  ASSERT_TRUE(HandleRow(change, Item()).ok());
  EXPECT_TRUE(poison_.empty());
  EXPECT_EQ(tracker_.progress().rows_waiting, 0);
}

TEST_F(TransactionHandlerTest, AMinimalImageOfAPublishedRowIsNoRequeue) {
  Published(41);
  Image before, after;
  Set(&before, kId, "41");
  Set(&after, kErrored, "0");
  cdc::RowChange change;
  change.kind = cdc::RowChange::Kind::kUpdate;
  change.before = before;
  change.after = after;
  ASSERT_TRUE(HandleRow(change, Item()).ok());
  EXPECT_EQ(metrics_.rows_requeued.value(), 0);
  EXPECT_TRUE(ledger_.Contains(0, 41));
  // At another reading the ledger may say something else: the rows behind must not move up.
  tracker_.Begin(Item(150));
  EXPECT_EQ(tracker_.Add({0, 42}).ordinal, 1u);
  tracker_.Settle(1, {0, 42});
  tracker_.End();

  ledger_.Remove(0, 41);  // As an errored row's id is.
  metrics_.poison_rows.Set(3);
  ASSERT_TRUE(HandleRow(change, Item(200)).ok());
  EXPECT_EQ(metrics_.rows_requeued.value(), 1);
  EXPECT_EQ(metrics_.poison_rows.value(), 2);
}

class UpdateTest : public TransactionHandlerTest {
 protected:
  UpdateTest() {
    Set(&before_, kId, "41");
    Set(&before_, kTopic, "orders");
    Set(&before_, kPayloadJson, "{}");
    Set(&before_, kPayloadHeaders, "{}");
    Set(&before_, kErrored, "0");
    for (const OutboxColumn column : {kKey, kBatchId, kPushStartedAt, kPushCompletedAt}) {
      before_[column].state = cdc::ColumnValue::State::kNull;
    }
    after_ = before_;
  }
  // No update here sends anything.
  void Update() {
    cdc::RowChange change;
    change.kind = cdc::RowChange::Kind::kUpdate;
    change.before = before_;
    change.after = after_;
    ASSERT_TRUE(HandleRow(change, Item()).ok());
    EXPECT_TRUE(poison_.empty());
    EXPECT_EQ(tracker_.progress().rows_waiting, 0);
    EXPECT_EQ(metrics_.rows_requeued.value(), 0);
  }

  Image before_, after_;
};

TEST_F(UpdateTest, AClaimOfAPollingRelayIsCounted) {
  Set(&after_, kBatchId, "one");
  Set(&after_, kPushStartedAt, "2026-11-24 02:51:25");
  Update();
  EXPECT_EQ(metrics_.polling_relay_claims.value(), 1);
  before_ = after_;
  Set(&after_, kBatchId, "two");
  Update();
  EXPECT_EQ(metrics_.polling_relay_claims.value(), 2) << "a claim that was never completed";
  EXPECT_EQ(metrics_.upserts.value(), 0);
}

TEST_F(UpdateTest, TheEndOfAClaimAndAMarkOfOursAreCountedAsNothing) {
  Set(&before_, kBatchId, "one");
  Set(&after_, kBatchId, "one");
  Set(&after_, kPushCompletedAt, "2026-11-24 02:51:25");
  Update();
  before_[kBatchId] = after_[kBatchId] = cdc::ColumnValue{cdc::ColumnValue::State::kNull, ""};
  Update();
  EXPECT_EQ(metrics_.polling_relay_claims.value(), 0);
  EXPECT_EQ(metrics_.upserts.value(), 0);
}

TEST_F(UpdateTest, ARowThatIsReplacedIsCountedOnce) {
  Set(&after_, kTopic, "payments");
  Set(&after_, kPayloadJson, "{\"a\": 1}");
  Update();
  EXPECT_EQ(metrics_.upserts.value(), 1);
  EXPECT_EQ(metrics_.polling_relay_claims.value(), 0);
}

TEST_F(UpdateTest, RowsChangedInPlaceAreSaidOnceAMinuteWithTheirNumber) {
  std::vector<std::string> lines;
  SetLogOutputForTest([&](absl::string_view line) { lines.emplace_back(line); });
  Set(&after_, kTopic, "payments");
  for (int i = 0; i < 10; ++i) Update();
  EXPECT_EQ(lines.size(), 1);
  clock_.Advance(absl::Minutes(1));
  Update();
  SetLogOutputForTest(nullptr);
  ASSERT_EQ(lines.size(), 2);
  EXPECT_TRUE(absl::StrContains(lines[1], "rows=10")) << lines[1];
}

TEST_F(UpdateTest, AChangeOfTheHeadersAloneIsCounted) {
  Set(&after_, kPayloadHeaders, "{\"a\": 1}");
  Update();
  EXPECT_EQ(metrics_.upserts.value(), 1);
}

TEST_F(UpdateTest, AChangeFromOrToNullIsCounted) {
  Set(&after_, kKey, "k");
  Update();
  EXPECT_EQ(metrics_.upserts.value(), 1);
  std::swap(before_, after_);
  Update();
  EXPECT_EQ(metrics_.upserts.value(), 2);
}

TEST_F(UpdateTest, AnErroredRowThatIsMendedIsNotCounted) {
  Set(&before_, kErrored, "1");
  Set(&after_, kErrored, "1");
  Set(&after_, kPayloadJson, "{\"a\": 1}");
  Update();
  EXPECT_EQ(metrics_.upserts.value(), 0);
}

TEST_F(UpdateTest, WhatAnImageLeavesOutIsNotTakenForAChange) {
  before_[kPayloadJson] = before_[kKey] = cdc::ColumnValue();
  Set(&after_, kKey, "k");
  Update();
  EXPECT_EQ(metrics_.upserts.value(), 0);
}

class TableSweepTest : public TransactionHandlerTest {
 protected:
  // Row 41 was sent from the table, and its insert stands before `until`.
  void Sweep(const std::string& server) {
    state_.set_server("one", {});
    SweepProgress progress;
    progress.phase = SweepProgress::Phase::kStream;
    progress.reason = "purged";
    progress.until = {"binlog.000001", 500};
    progress.server = server;
    state_.set_sweep(0, progress);
    Published(41);
    handler_.Connected(&session_, &no_layouts_, /*gtids_tell=*/true);
  }
  // Whether the insert is passed over. One that isn't goes the way of a row without a payload.
  bool IsSkipped(uint64_t offset) {
    Image image;
    Set(&image, kId, "41");
    cdc::RowChange change;
    change.after = image;
    poison_.clear();
    EXPECT_TRUE(HandleRow(change, Item(offset)).ok());
    return poison_.empty();
  }
};

TEST_F(TableSweepTest, InsertsThatWereSentFromTheTableAreSkippedUpToTheEnd) {
  Sweep("one");
  EXPECT_TRUE(IsSkipped(100));
  EXPECT_EQ(sweeps_.wanted(), "");
  cdc::StreamItem idle;
  idle.end = {"binlog.000001", 500};
  handler_.HandleForeign(idle, /*moves=*/true);
  EXPECT_EQ(sweeps_.wanted(), "purged") << "it ends with a sweep alongside";
  EXPECT_EQ(state_.sweep(0).phase, SweepProgress::Phase::kNone);
  EXPECT_FALSE(IsSkipped(600));
}

TEST_F(TableSweepTest, InsertsThatProvedToBePoisonInTheTableAreSkippedUpToTheEnd) {
  Sweep("one");
  ledger_.Remove(0, 41);
  IdSet pending;
  pending.Add(41);
  sweeps_.Offer(0, pending);
  sweeps_.Poisoned(0, 41);
  EXPECT_TRUE(IsSkipped(100));
  sweeps_.Recorded(0, 41);
  EXPECT_TRUE(IsSkipped(200));
  EXPECT_FALSE(IsSkipped(600)) << "another row under the same id";
}

TEST_F(TableSweepTest, ARowThatTheTableHasOnHoldIsTheStreamsFromNowOn) {
  Sweep("one");
  ledger_.Remove(0, 41);
  IdSet pending;
  pending.Add(41);
  sweeps_.Offer(0, pending);
  sweeps_.Hold(0, 41);
  EXPECT_FALSE(IsSkipped(100));
  sweeps_.RetryHeld();
  EXPECT_EQ(sweeps_.waiting(), 0) << "it would be sent twice";
}

TEST_F(TableSweepTest, OnAnotherServerNoInsertIsTakenForOneThatWasSent) {
  Sweep("one");
  state_.set_server("two", {});
  EXPECT_FALSE(IsSkipped(100)) << "a failover may give ids anew";
  EXPECT_EQ(sweeps_.wanted(), "purged");
  EXPECT_EQ(state_.sweep(0).phase, SweepProgress::Phase::kNone);
}

}  // namespace
}  // namespace relay
