// SPDX-License-Identifier: Apache-2.0
#include "relay/sql_worker.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"
#include "relay/logging.h"
#include "relay/pending_rows.h"
#include "relay/server_info.h"

namespace relay {
namespace {

constexpr size_t kPoisonQueue = 1'000;
constexpr size_t kPoisonQueueBytes = size_t{4} << 20;  // One row may be larger.
constexpr uint32_t kIdChunk = 20'000;
constexpr absl::Duration kTick = absl::Milliseconds(100);
constexpr absl::Duration kServerInterval = absl::Seconds(5);
constexpr absl::Duration kMarkInterval = absl::Seconds(1);
constexpr absl::Duration kCountInterval = absl::Minutes(10);
// Counting errored rows takes at most a twentieth of the time.
constexpr int kCountPauses = 20;

}  // namespace

bool SqlWorker::HasRoom() const { return poison_.size() < kPoisonQueue && poison_bytes_ < kPoisonQueueBytes; }

void SqlWorker::PutPoison(PoisonRow row, std::optional<uint64_t> ordinal) {
  absl::MutexLock lock(&mutex_);
  while (!mutex_.AwaitWithTimeout(absl::Condition(this, &SqlWorker::HasRoom), kTick)) {
    parts_.board->Beat(RelayThread::kStream);
    if (parts_.stop->HasBeenNotified()) return;  // Not settled: the next start meets the row again.
  }
  if (ordinal.has_value()) parts_.tracker->Condemn(*ordinal);
  poison_bytes_ += row.bytes();
  poison_.push_back({std::move(row), ordinal});
}

bool SqlWorker::Due(absl::Duration interval, absl::Duration* last) const {
  const absl::Duration now = parts_.clock->Monotonic();
  if (now - *last < interval) return false;
  *last = now;
  return true;
}

void SqlWorker::Run() {
  last_sweep_ = parts_.clock->Monotonic();
  while (!parts_.stop->HasBeenNotified()) {
    parts_.board->Beat(RelayThread::kSql);
    const absl::Status status = Work();
    if (status.ok()) {
      backoff_.Reset();
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithTimeout(absl::Condition(this, &SqlWorker::HasPoison), kTick);
      continue;
    }
    LogEvent(LogLevel::kWarning, LogCode::kSqlFailed, status.message());
    parts_.board->Update([&](RelayStatus& board) { board.source.sql_reachable = false; });
    if (session_ != nullptr && !session_->alive()) session_.reset();
    const absl::Duration until = parts_.clock->Monotonic() + backoff_.Next();
    while (parts_.clock->Monotonic() < until && !parts_.stop->WaitForNotificationWithTimeout(kTick)) {
      parts_.board->Beat(RelayThread::kSql);
    }
  }
  if (Connect().ok()) {
    const absl::Status status = RecordPoison();
    if (!status.ok()) LogEvent(LogLevel::kWarning, LogCode::kSqlFailed, status.message());
  }
  parts_.board->End(RelayThread::kSql);
}

void SqlWorker::MarkTheRest() {
  if (parts_.marker == nullptr || parts_.marker->pending() == 0) return;
  absl::Status status = Connect();
  while (status.ok() && parts_.marker->pending() > 0) {
    status = parts_.marker->Flush(session_.get(), options_.mark_chunk_rows, nullptr).status();
  }
  if (!status.ok()) LogEvent(LogLevel::kWarning, LogCode::kSqlFailed, status.message());
}

absl::Status SqlWorker::Connect() {
  if (session_ != nullptr && session_->alive()) return absl::OkStatus();
  session_.reset();
  ASSIGN_OR_RETURN(session_, parts_.connector->Connect());
  UseMinimalRowImage(session_.get());
  return absl::OkStatus();
}

absl::Status SqlWorker::Work() {
  RETURN_IF_ERROR(Connect());
  RETURN_IF_ERROR(RecordPoison());
  if (Due(kServerInterval, &last_server_)) RETURN_IF_ERROR(AskServer());
  if (parts_.marker != nullptr && Due(kMarkInterval, &last_mark_)) RETURN_IF_ERROR(Mark());
  if (sweep_.has_value()) {
    FinishSweep();
  } else {
    std::optional<SweepReason> reason = parts_.sweeps->TakeRequest();
    if (!reason.has_value() && Due(options_.sweep_interval, &last_sweep_)) reason = SweepReason::kInterval;
    if (reason.has_value()) {
      const absl::Status begun = BeginSweep(*reason);
      if (!begun.ok()) {
        parts_.sweeps->Request(*reason);
        return begun;
      }
    }
  }
  RETURN_IF_ERROR(CountErrored());
  if (cleanup_left_some_ || Due(options_.cleanup_interval, &last_cleanup_)) RETURN_IF_ERROR(Cleanup());
  return absl::OkStatus();
}

absl::Status SqlWorker::RecordPoison() {
  std::vector<Queued> batch;
  {
    absl::MutexLock lock(&mutex_);
    batch.swap(poison_);
    poison_bytes_ = 0;
  }
  if (batch.empty()) return absl::OkStatus();
  absl::Status status = Record(absl::MakeSpan(batch));
  if (status.ok()) return status;
  std::vector<Queued> left;
  if (batch.size() == 1 || !session_->alive()) {
    left = std::move(batch);
  } else {
    // One row that can't be recorded is not to keep the others.
    for (Queued& queued : batch) {
      const bool recorded = session_->alive() && Record(absl::MakeSpan(&queued, 1)).ok();
      if (!recorded) left.push_back(std::move(queued));
    }
    if (left.empty()) return absl::OkStatus();
  }
  absl::MutexLock lock(&mutex_);
  for (const Queued& queued : left) poison_bytes_ += queued.row.bytes();
  poison_.insert(poison_.begin(), std::make_move_iterator(left.begin()), std::make_move_iterator(left.end()));
  return status;
}

absl::Status SqlWorker::Record(absl::Span<Queued> batch) {
  std::vector<const PoisonRow*> rows;
  for (const Queued& queued : batch) rows.push_back(&queued.row);
  ASSIGN_OR_RETURN(const PoisonOutcome outcome, parts_.recorder->Record(session_.get(), rows));
  const absl::Time now = parts_.clock->Now();
  for (const Queued& queued : batch) {
    const RowKey key{static_cast<uint32_t>(queued.row.schema), queued.row.id};
    parts_.ledger->Remove(queued.row.schema, queued.row.id);
    parts_.policy->Forget(key);
    if (queued.ordinal.has_value()) parts_.tracker->Settle(*queued.ordinal, key);
    parts_.board->Update([&](RelayStatus& board) {
      auto& recent = board.recent_poison;
      recent.insert(recent.begin(), {parts_.state->schema(queued.row.schema), absl::StrCat(queued.row.id),
                                     queued.row.columns[kTopic].value_or(""), queued.row.reason, now});
      if (recent.size() > 20) recent.resize(20);
      ++board.poison_rows;
    });
  }
  parts_.metrics->rows_poison.Add(batch.size());
  parts_.metrics->poison_rows.Set(parts_.metrics->poison_rows.value() + static_cast<double>(outcome.on_row));
  if (outcome.dead_lettered > 0) {
    LogEvent(LogLevel::kError, LogCode::kRowDeadLettered,
             "poison rows were no longer in their table; they are kept whole in kafka_outbox_dead",
             {{"rows", outcome.dead_lettered}});
  }
  return absl::OkStatus();
}

absl::Status SqlWorker::BeginSweep(SweepReason reason) {
  Sweep sweep{reason, {}, {}};
  for (const OutboxSchema& table : parts_.state->tables()) {
    ASSIGN_OR_RETURN(IdSet pending, ReadPendingIds(session_.get(), table, kIdChunk, parts_.stop));
    sweep.pending.push_back(std::move(pending));
  }
  // The ids first, then the log's end: a visible row is in the log already.
  ASSIGN_OR_RETURN(const LogEnd end, AskLogEnd(session_.get()));
  sweep.log_end = end.position;
  LogEvent(LogLevel::kInfo, LogCode::kSweepStarted, "comparing the table with what the log brings",
           {{"reason", SweepReasonName(reason)}, {"until", sweep.log_end.ToString()}});
  parts_.metrics->Sweeps(reason).Add();
  parts_.board->Update([&](RelayStatus& board) {
    board.sweep.running = true;
    board.sweep.reason = std::string(SweepReasonName(reason));
  });
  sweep_ = std::move(sweep);
  last_sweep_ = parts_.clock->Monotonic();
  return absl::OkStatus();
}

void SqlWorker::FinishSweep() {
  if (parts_.tracker->low_water().position < sweep_->log_end) return;
  uint64_t found = 0;
  for (size_t table = 0; table < sweep_->pending.size(); ++table) {
    IdSet& missed = sweep_->pending[table];
    missed.Subtract(parts_.ledger->All(table));
    missed.Subtract(parts_.ledger->Skipped(table));
    found += missed.size();
    // Rows that were published, recorded or deleted meanwhile are no longer pending when they are read again.
    parts_.sweeps->Offer(table, missed);
  }
  if (found > 0) {
    LogEvent(LogLevel::kWarning, LogCode::kSweepFoundRows,
             "rows that the log did not bring are published from the table",
             {{"reason", SweepReasonName(sweep_->reason)}, {"rows", found}});
  }
  LogEvent(LogLevel::kInfo, LogCode::kSweepFinished, "the table was compared with the log",
           {{"reason", SweepReasonName(sweep_->reason)}, {"rows", found}});
  parts_.board->Update([&](RelayStatus& board) {
    board.sweep.running = false;
    board.sweep.last_finished = parts_.clock->Now();
    board.sweep.last_found_rows = found;
  });
  sweep_.reset();
}

absl::Status SqlWorker::AskServer() {
  const absl::Time before = parts_.clock->Now();
  ASSIGN_OR_RETURN(const ServerInfo server, AskServerInfo(session_.get()));
  const absl::Time after = parts_.clock->Now();
  parts_.state->set_clock_offset(server.server_time - (before + (after - before) / 2));
  const LowWaterMark mark = parts_.tracker->low_water();

  uint64_t ahead = 0;
  absl::Duration to_purge = server.log_retention.value_or(absl::InfiniteDuration());
  if (server.log_retention.has_value() && mark.last.has_value()) {
    // A log is purged when its last event is that old; the checkpoint's own log lasts at least as long as this.
    to_purge = *server.log_retention - (server.server_time - mark.last->commit_time);
    if (!server.logs.empty() && server.logs.back().name == mark.position.file) to_purge = *server.log_retention;
  }
  for (const BinaryLog& log : server.logs) {
    const auto order = cdc::CompareBinlogFiles(log.name, mark.position.file);
    if (order == 0) ahead += log.size - std::min(log.size, mark.position.offset);
    if (order > 0) ahead += log.size;
  }
  parts_.metrics->seconds_to_purge.Set(to_purge);
  ahead_bytes_ = ahead;
  parts_.metrics->source_ahead_bytes.Set(static_cast<double>(ahead));
  parts_.board->Update([&](RelayStatus& board) {
    board.source.sql_reachable = true;
    board.source.log_end = server.log_end.position.ToString();
    board.source.ahead_bytes = ahead;
    board.source.to_purge.reset();
    if (server.log_retention.has_value()) board.source.to_purge = to_purge;
  });
  return absl::OkStatus();
}

absl::Status SqlWorker::CountErrored() {
  const absl::Duration now = parts_.clock->Monotonic();
  // Reading the table would compete with a backlog.
  if (now < next_count_ || ahead_bytes_ > options_.quiet_ahead_bytes) return absl::OkStatus();
  if (!count_began_.has_value()) count_began_ = now;
  ASSIGN_OR_RETURN(const std::optional<uint64_t> counted,
                   errored_counter_.Step(session_.get(), parts_.state->tables()));
  if (!counted.has_value()) return absl::OkStatus();
  next_count_ = now + std::max(kCountInterval, kCountPauses * (now - *count_began_));
  count_began_.reset();
  parts_.metrics->poison_rows.Set(static_cast<double>(*counted));
  parts_.board->Update([&](RelayStatus& board) { board.poison_rows = *counted; });
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> SqlWorker::CleanTable(size_t table) {
  OutboxSchema schema = parts_.state->table(table);
  ASSIGN_OR_RETURN(const CleanupResult result,
                   parts_.cleaner->Clean(session_.get(), table, schema.created, options_.cleanup_budget, parts_.stop));
  switch (result.identity.verdict) {
    case TableIdentity::Verdict::kSame:
      break;
    case TableIdentity::Verdict::kRebuilt:
      schema.created = result.identity.created;
      parts_.state->set_table(table, std::move(schema));
      break;
    case TableIdentity::Verdict::kGone:
      // The stream brings the DROP, and the CREATE of the next one.
      break;
    case TableIdentity::Verdict::kOther:
      parts_.ledger->Void(table);
      LogEvent(LogLevel::kWarning, LogCode::kLedgerVoided,
               "the table is not the one that was published from: its rows may be published again",
               {{"schema", schema.schema}});
      schema.created = result.identity.created;
      parts_.state->set_table(table, std::move(schema));
      parts_.sweeps->Request(SweepReason::kLedgerVoid);
      break;
  }
  cleanup_left_some_ |= result.more;
  return result.published_rows + result.completed_rows;
}

absl::Status SqlWorker::Cleanup() {
  cleanup_left_some_ = false;
  if (parts_.cleaner == nullptr || ahead_bytes_ > options_.quiet_ahead_bytes) return absl::OkStatus();
  absl::StatusOr<uint64_t> deleted = 0;
  for (size_t table = 0; table < parts_.state->table_count(); ++table) {
    const auto rows = CleanTable(table);
    if (rows.ok()) {
      if (deleted.ok()) *deleted += *rows;
    } else {
      deleted = rows.status();
    }
  }
  if (!deleted.ok()) {
    if (absl::IsCancelled(deleted.status())) return absl::OkStatus();
    parts_.metrics->cleanup_failures.Add();
    parts_.board->Update([&](RelayStatus& board) {
      board.cleanup.problem = RelayStatus::Problem{parts_.clock->Now(), std::string(deleted.status().message())};
    });
    LogEvent(LogLevel::kWarning, LogCode::kCleanupFailed, deleted.status().message());
    // The others' work goes on.
    return session_->alive() ? absl::OkStatus() : deleted.status();
  }
  parts_.metrics->cleanup_rows.Add(*deleted);
  if (*deleted > 0) {
    LogEvent(LogLevel::kInfo, LogCode::kCleanupPass, "published rows were deleted", {{"rows", *deleted}});
  }
  uint64_t ledger_rows = 0;
  for (size_t i = 0; i < parts_.state->table_count(); ++i) ledger_rows += parts_.ledger->size(i);
  parts_.metrics->ledger_rows.Set(static_cast<double>(ledger_rows));
  parts_.board->Update([&](RelayStatus& board) {
    board.cleanup.problem.reset();
    board.cleanup.ledger_rows = ledger_rows;
    board.cleanup.deleted_rows += *deleted;
    board.cleanup.last_pass = parts_.clock->Now();
  });
  return absl::OkStatus();
}

absl::Status SqlWorker::Mark() {
  return parts_.marker->Flush(session_.get(), options_.mark_chunk_rows, parts_.stop).status();
}

}  // namespace relay
