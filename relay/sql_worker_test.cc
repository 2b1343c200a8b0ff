// SPDX-License-Identifier: Apache-2.0
//
// Against real servers: see testing/sql_servers.h.
#include "relay/sql_worker.h"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "relay/outbox/outbox_server_fixture.h"
#include "relay/sql/server_info.h"
#include "testing/eventually.h"

namespace relay {
namespace {

class SqlWorkerTest : public OutboxServerTest {
 protected:
  void SetUp() override {
    OutboxServerTest::SetUp();
    if (tables_.empty()) return;
    connector_.emplace(endpoint());
    state_.emplace(Checkpoint(), tables_, &layouts_, &clock_);
    ledger_.emplace(std::vector<std::string>{schema()});
    const auto schema_of = [this](size_t table) { return state_->table(table); };
    recorder_.emplace(schema_of, schema(), "0f8fad5b-d9cb-469f-a165-70867728950e");
    marker_.emplace(schema_of, &*ledger_);
    cleaner_.emplace(CleanerOptions(), schema_of, &*ledger_, &clock_,
                     [this](SqlSession*) -> absl::StatusOr<bool> { return log_is_read_.load(); });
    MakeWorker(/*quiet_ahead_bytes=*/~uint64_t{0});
  }

  void MakeWorker(uint64_t quiet_ahead_bytes) {
    SqlWorker::Options options;
    options.server.quiet_ahead_bytes = quiet_ahead_bytes;
    worker_.emplace(options,
                    SqlWorker::Parts{&*connector_, &*state_, &tracker_, &*ledger_, &policy_, &sweeps_, &*recorder_,
                                     &*marker_, &*cleaner_, &metrics_, &board_, &clock_, &stop_, &stream_stop_,
                                     [](SqlSession*) -> absl::StatusOr<absl::Duration> { return absl::ZeroDuration(); },
                                     [this] { ++left_server_; }});
  }

  static PoisonRow Row(uint64_t id) {
    std::vector<cdc::ColumnValue> columns(kOutboxColumnCount);
    columns[kTopic] = {cdc::ColumnValue::State::kValue, "missing"};
    PoisonRow row(0, id, columns);
    row.reason = "no such topic";
    return row;
  }
  // A transaction of the stream with this row.
  uint64_t Read(uint64_t id, const cdc::BinlogPosition& end = {}) {
    cdc::StreamItem item;
    item.end = end;
    tracker_.Begin(item);
    const uint64_t ordinal = tracker_.Add({0, id}).ordinal;
    tracker_.End();
    return ordinal;
  }
  void Truncated() { state_->set_emptied(0, tracker_.Void(0).end_ordinal); }
  // Records what is queued.
  void RunToTheEnd() {
    stop_.Notify();
    worker_->Run();
  }
  // Nothing it waits for comes any more.
  void End(std::thread* thread) {
    absl::Notification ended;
    std::thread clock([&] {
      while (!ended.WaitForNotificationWithTimeout(absl::Milliseconds(5))) clock_.Advance(absl::Seconds(1));
    });
    stop_.Notify();
    thread->join();
    ended.Notify();
    clock.join();
  }
  // Lets the worker run until `done`, while the time passes.
  void RunUntil(const std::function<bool()>& done) {
    state_->set_server(*AskServerName(session()), {});
    state_->Planned();
    std::thread thread([&] { worker_->Run(); });
    EXPECT_TRUE(testing_support::Eventually([&] {
      clock_.Advance(absl::Seconds(5));
      absl::SleepFor(absl::Milliseconds(15));
      return done();
    }));
    End(&thread);
  }
  // A row that was published long ago.
  void PublishedRow(uint64_t id) {
    Insert(id, id);
    const LedgerTime now = {.server = *ReadServerTime(session()), .steady = clock_.Monotonic()};
    ledger_->Add(0, id, {.server = now.server - absl::Hours(2), .steady = now.steady - absl::Hours(2)});
  }
  void Acknowledged(uint64_t id) {
    ledger_->Add(0, id, state_->NowForLedger());
    marker_->Add(0, {id});
  }
  // Up to its end, and beyond what is to come.
  void LogWasRead() {
    LowWaterMark mark;
    mark.position = {AskLogEnd(session())->position.file, uint64_t{1} << 40};
    tracker_.Restart(mark);
  }
  // How often any session asked.
  int LogEndsAsked() {
    const std::string counts = Select(
        "SHOW GLOBAL STATUS WHERE Variable_name IN "
        "('Com_show_master_status', 'Com_show_binlog_status', 'Com_show_binary_log_status')");
    int asked = 0;
    for (absl::string_view word : absl::StrSplit(counts, absl::ByAnyChar(";, \t"))) {
      int count = 0;
      if (absl::SimpleAtoi(word, &count)) asked += count;
    }
    return asked;
  }
  std::string Marked() { return Select("SELECT id FROM kafka_outbox WHERE push_completed_at IS NOT NULL ORDER BY id"); }
  bool Held() const { return metrics_.cleanup_held.value() > 60 && board_.Snapshot().cleanup.problem.has_value(); }
  std::string Errored() { return Select("SELECT id FROM kafka_outbox WHERE errored = 1 ORDER BY id"); }
  std::string Dead() { return Select("SELECT row_id FROM kafka_outbox_dead ORDER BY row_id"); }

  std::atomic<bool> log_is_read_{true};
  std::atomic<int> left_server_{0};
  base::FakeClock clock_;
  LayoutHistory layouts_;
  Metrics metrics_{"test"};
  StatusBoard board_;
  absl::Notification stop_;
  absl::Notification stream_stop_;
  AckTracker tracker_{size_t{1} << 20, LowWaterMark(), [](size_t, absl::Span<const uint64_t>) {}};
  FaultPolicy policy_{FaultPolicy::Options(), &clock_};
  SweepQueue sweeps_{1};
  std::optional<SqlConnector> connector_;
  std::optional<PipelineState> state_;
  std::optional<Ledger> ledger_;
  std::optional<PoisonRecorder> recorder_;
  std::optional<CompletedMarker> marker_;
  std::optional<Cleaner> cleaner_;
  std::optional<SqlWorker> worker_;
};

INSTANTIATE_TEST_SUITE_P(Servers, SqlWorkerTest, testing_servers::EachServer(), testing_servers::ServerName);

TEST_P(SqlWorkerTest, TimeToPurgeRunsOnWhileTheServerDoesNotAnswer) {
  const std::string before = Select("SELECT @@GLOBAL.binlog_expire_logs_seconds");
  Run("SET GLOBAL binlog_expire_logs_seconds = 86400");
  RunUntil([&] { return metrics_.seconds_to_purge.value() <= 86400; });
  Run("SET GLOBAL binlog_expire_logs_seconds = " + before);
  worker_->ShowFigures();
  const double then = metrics_.seconds_to_purge.value();
  // Nobody asks it any more.
  clock_.Advance(absl::Hours(20));
  worker_->ShowFigures();
  EXPECT_EQ(metrics_.seconds_to_purge.value(), then - 20 * 3600);
}

TEST_P(SqlWorkerTest, AStreamThatReadsAnotherServerThanThePrimaryLooksOnce) {
  int rounds = 0;
  RunUntil([&] {
    state_->set_server("the server before", {});
    return left_server_ > 0 && ++rounds > 20;
  });
  EXPECT_EQ(left_server_, 1);
}

TEST_P(SqlWorkerTest, AStreamThatReadsThePrimaryIsLeftAlone) {
  RunUntil([&] { return !board_.Snapshot().source.log_end.empty(); });
  EXPECT_EQ(left_server_, 0);
}

TEST_P(SqlWorkerTest, PoisonOfBeforeATruncateLeavesTheNewRowOfItsIdAlone) {
  const uint64_t old = Read(1);
  Truncated();
  // The new row of the id is published by now.
  Insert(1, 1);
  ledger_->Add(0, 1, state_->NowForLedger());
  worker_->PutPoison(Row(1), old);
  RunToTheEnd();
  EXPECT_EQ(Errored(), "");
  EXPECT_EQ(Dead(), "1");
  EXPECT_TRUE(ledger_->Contains(0, 1)) << "a row that leaves the ledger is never deleted";
  EXPECT_EQ(tracker_.progress().rows_waiting, 0);
}

TEST_P(SqlWorkerTest, ATruncateThatIsReadWhilePoisonWaitsCounts) {
  Insert(1, 1);
  Insert(2, 2);
  worker_->PutPoison(Row(1), Read(1));
  worker_->PutPoison(Row(2), std::nullopt);  // From the table.
  Truncated();
  RunToTheEnd();
  EXPECT_EQ(Errored(), "");
  EXPECT_EQ(Dead(), "1;2");
}

TEST_P(SqlWorkerTest, PoisonOfBehindATruncateIsRecordedOnItsRow) {
  Read(1);
  Truncated();
  Insert(1, 1);
  Insert(2, 2);
  worker_->PutPoison(Row(1), Read(1));
  worker_->PutPoison(Row(2), std::nullopt);
  RunToTheEnd();
  EXPECT_EQ(Errored(), "1;2");
  EXPECT_EQ(Dead(), "");
}

// Until the stream is to stop, too, it is held back: what it sent behind the row would be sent again.
TEST_P(SqlWorkerTest, PoisonThatFindsNoRoomBehindTheStopIsRecorded) {
  Insert(1, 2);
  PoisonRow large = Row(1);
  large.columns[kTopic] = std::string(size_t{5} << 20, 'x');
  worker_->PutPoison(std::move(large), std::nullopt);
  stop_.Notify();
  std::thread stream([&] { worker_->PutPoison(Row(2), std::nullopt); });
  // Its first beat says that it waits.
  while (board_.Stuck(absl::ZeroDuration()).empty()) absl::SleepFor(absl::Milliseconds(1));
  worker_->RecordTheRest();
  stream.join();
  worker_->RecordTheRest();
  EXPECT_EQ(Errored(), "1;2");
}

// The stream hands a transaction over to its end though the stop was notified.
TEST_P(SqlWorkerTest, PoisonThatComesBehindTheStopIsRecorded) {
  RunToTheEnd();
  Insert(1, 1);
  worker_->PutPoison(Row(1), Read(1));
  worker_->RecordTheRest();
  EXPECT_EQ(Errored(), "1");
  EXPECT_EQ(tracker_.progress().rows_waiting, 0);
}

TEST_P(SqlWorkerTest, PoisonThatIsRecordedDuringASweepIsNoRowTheLogDidNotBring) {
  Insert(1, 1);
  Insert(2, 2);
  sweeps_.Request(SweepReason::kInterval);
  bool recorded = false;
  RunUntil([&] {
    if (!recorded && board_.Snapshot().sweep.running) {
      cdc::BinlogPosition end = AskLogEnd(session())->position;
      end.offset += 1'000'000'000;
      worker_->PutPoison(Row(1), Read(1, end));
      recorded = true;
    }
    return board_.Snapshot().sweep.last_finished > absl::InfinitePast();
  });
  EXPECT_EQ(Errored(), "1");
  EXPECT_EQ(board_.Snapshot().sweep.last_found_rows, 1) << "row 2 alone";
}

TEST_P(SqlWorkerTest, CleanupThatIsHeldUpByAnUnreadLogIsSaid) {
  PublishedRow(1);
  log_is_read_ = false;
  bool was_held = false;
  RunUntil([&] {
    if (!was_held && Held()) {
      EXPECT_EQ(board_.Snapshot().cleanup.last_pass, absl::InfinitePast());
      EXPECT_EQ(Select("SELECT id FROM kafka_outbox"), "1");
      was_held = true;
      log_is_read_ = true;
    }
    return was_held && metrics_.cleanup_held.value() == 0 && !board_.Snapshot().cleanup.problem.has_value() &&
           board_.Snapshot().cleanup.last_pass > absl::InfinitePast();
  });
  EXPECT_TRUE(was_held);
  EXPECT_EQ(Select("SELECT id FROM kafka_outbox"), "");
}

// The mark's position is the old server's, and behind the new one's end.
TEST_P(SqlWorkerTest, AnotherServersPositionDoesNotSayThatTheLogIsRead) {
  LowWaterMark mark;
  mark.position = AskLogEnd(session())->position;
  mark.position.offset += 1'000'000'000;
  tracker_.Restart(mark);
  Insert(1, 1);
  sweeps_.Request(SweepReason::kInterval);
  state_->set_server("the server before", {});
  int rounds = 0;
  RunUntil([&] { return board_.Snapshot().sweep.running && ++rounds > 20; });
  EXPECT_EQ(board_.Snapshot().sweep.last_finished, absl::InfinitePast()) << "the sweep waits for the new server's log";
  const auto read = worker_->LogIsRead(session());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_FALSE(*read);
}

TEST_P(SqlWorkerTest, CleanupThatIsHeldUpByABacklogIsSaid) {
  MakeWorker(/*quiet_ahead_bytes=*/0);
  LowWaterMark begin;
  begin.position = {AskLogEnd(session())->position.file, 4};
  tracker_.Restart(begin);
  PublishedRow(1);
  RunUntil([&] { return Held(); });
  EXPECT_EQ(Select("SELECT id FROM kafka_outbox"), "1");
}

TEST_P(SqlWorkerTest, TheEndMarksWhatWasAcknowledgedSinceTheLogWasRead) {
  Insert(1, 2);
  Acknowledged(1);
  LogWasRead();
  RunUntil([&] { return Marked() == "1"; });
  Acknowledged(2);
  worker_->MarkTheRest();
  EXPECT_EQ(Marked(), "1;2");
}

TEST_P(SqlWorkerTest, TheEndMarksNothingWhileAPartOfTheLogIsUnread) {
  Insert(1, 1);
  Acknowledged(1);
  int rounds = 0;
  RunUntil([&] { return board_.Snapshot().source.sql_reachable && ++rounds > 20; });
  worker_->MarkTheRest();
  EXPECT_EQ(Marked(), "") << "what is unread may have another row of the id";
  EXPECT_EQ(marker_->pending(), 1);
}

// A relay that is stopped right behind its first sweep, for the polling relay to go on.
TEST_P(SqlWorkerTest, TheEndMarksWhatWasPublishedBeforeAnybodyLookedAtTheLog) {
  Insert(1, 1);
  Acknowledged(1);
  state_->set_server(*AskServerName(session()), {});
  state_->Planned();
  LogWasRead();
  RunToTheEnd();
  worker_->MarkTheRest();
  EXPECT_EQ(Marked(), "1");
}

TEST_P(SqlWorkerTest, TheEndWaitsForTheStreamToComeToTheEndOfTheLog) {
  Insert(1, 1);
  Acknowledged(1);
  state_->set_server(*AskServerName(session()), {});
  state_->Planned();
  const int before = LogEndsAsked();
  stop_.Notify();
  std::thread thread([&] { worker_->Run(); });
  while (LogEndsAsked() == before) absl::SleepFor(absl::Milliseconds(1));
  LogWasRead();
  thread.join();
  worker_->MarkTheRest();
  EXPECT_EQ(Marked(), "1");
}

TEST_P(SqlWorkerTest, TheEndMarksNothingWhenNobodyLookedAtTheLog) {
  Insert(1, 1);
  Acknowledged(1);
  LogWasRead();
  state_->set_server(*AskServerName(session()), {});
  worker_->MarkTheRest();
  EXPECT_EQ(Marked(), "");
}

TEST_P(SqlWorkerTest, TheEndMarksNoRowOfATableThatWasEmptiedMeanwhile) {
  Insert(1, 3);
  Acknowledged(1);
  LogWasRead();
  RunUntil([&] { return Marked() == "1"; });
  Acknowledged(3);
  Run("TRUNCATE kafka_outbox");
  Run("INSERT INTO kafka_outbox (topic, payload_json, payload_headers) VALUES ('t','{}','{}'), ('t','{}','{}')");
  Acknowledged(2);
  worker_->MarkTheRest();
  EXPECT_EQ(Marked(), "");
}

TEST_P(SqlWorkerTest, RowsThatAreKeptCountWhenTheLedgerHasForgottenThem) {
  CleanerOptions keep;
  keep.keep_rows = true;
  cleaner_.emplace(
      keep, [this](size_t table) { return state_->table(table); }, &*ledger_, &clock_,
      [this](SqlSession*) -> absl::StatusOr<bool> { return log_is_read_.load(); },
      [this](size_t table) { return worker_->Unmarked(table); });
  MakeWorker(~uint64_t{0});
  for (uint64_t id = 1; id <= 3; ++id) PublishedRow(id);
  Insert(4, 4);
  Run("UPDATE kafka_outbox SET push_completed_at = NOW() WHERE id = 4");  // By the polling relay.
  LogWasRead();
  RunUntil([&] {
    worker_->ShowFigures();
    return ledger_->total_size() == 0 && metrics_.kept_rows.value() == 4;
  });
  EXPECT_EQ(Select("SELECT COUNT(*) FROM kafka_outbox"), "4");
}

TEST_P(SqlWorkerTest, WhatAnEarlierProcessPublishedCountsAsUnmarked) {
  ledger_->Add(0, 7, state_->NowForLedger());
  EXPECT_TRUE(worker_->Unmarked(0).Contains(7)) << "the log is not read: nothing was given to the marker";
}

}  // namespace
}  // namespace relay
