// SPDX-License-Identifier: Apache-2.0
#include "relay/sql_worker.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"
#include "relay/outbox/outbox_table_shape.h"
#include "relay/outbox/pending_rows.h"
#include "relay/outbox/table_identity.h"
#include "relay/sql/server_info.h"
#include "relay/status/logging.h"
#include "relay/stream/replaced_table.h"

namespace relay {
namespace {

constexpr size_t kPoisonQueue = 1'000;
constexpr size_t kPoisonQueueBytes = size_t{4} << 20;  // One row may be larger.
constexpr absl::Duration kTick = absl::Milliseconds(100);
constexpr absl::Duration kServerInterval = absl::Seconds(5);
constexpr absl::Duration kMarkInterval = absl::Seconds(1);
// At the end, of which the checkpoint's save comes first.
constexpr absl::Duration kMarkPatience = absl::Seconds(2);
// How long a backlog of the log is waited for, and how often it is looked at.
constexpr absl::Duration kReadPatience = absl::Seconds(1);
constexpr absl::Duration kReadStep = absl::Milliseconds(2);
// A backlog that is read sooner needs no word.
constexpr absl::Duration kHeldPatience = absl::Minutes(1);
constexpr absl::Duration kHeldLogInterval = absl::Minutes(1);
constexpr absl::Duration kCountInterval = absl::Minutes(10);
// Counting errored rows takes at most a twentieth of the time.
constexpr int kCountPauses = 20;

}  // namespace

SqlWorker::SqlWorker(Options options, Parts parts) : options_(options), parts_(std::move(parts)) {}

bool SqlWorker::HasRoom() const { return poison_.size() < kPoisonQueue && poison_bytes_ < kPoisonQueueBytes; }

void SqlWorker::PutPoison(PoisonRow row, std::optional<uint64_t> ordinal) {
  absl::MutexLock lock(&mutex_);
  while (!mutex_.AwaitWithTimeout(absl::Condition(this, &SqlWorker::HasRoom), kTick)) {
    parts_.board->Beat(RelayThread::kStream);
    if (parts_.stop->HasBeenNotified()) return;  // Not settled: the next start meets the row again.
  }
  if (ordinal.has_value()) parts_.tracker->Condemn(*ordinal);
  poison_bytes_ += row.bytes();
  const uint64_t emptied = parts_.state->emptied(row.schema).times;
  poison_.push_back({std::move(row), ordinal, emptied});
}

bool SqlWorker::Due(absl::Duration interval, absl::Duration* last) const {
  const absl::Duration now = parts_.clock->Monotonic();
  if (now - *last < interval) return false;
  *last = now;
  return true;
}

void SqlWorker::Run() {
  while (!parts_.stop->HasBeenNotified()) {
    parts_.board->Beat(RelayThread::kSql);
    Work();
    if (std::max(poison_task_.next, connecting_.next) > parts_.clock->Monotonic()) {
      // What can't be recorded now is no reason to hurry.
      parts_.stop->WaitForNotificationWithTimeout(kTick);
      continue;
    }
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(this, &SqlWorker::HasPoison), kTick);
  }
  RecordTheRest();
  parts_.board->End(RelayThread::kSql);
}

absl::StatusOr<bool> SqlWorker::MayMarkTheRest() {
  if (!end_was_read_) return false;
  RETURN_IF_ERROR(Connect());
  if (session_server_ != parts_.state->server()) return false;
  for (size_t table = 0; table < parts_.state->table_count(); ++table) {
    const IdSet ids = parts_.marker->Pending(table);
    if (ids.empty()) continue;
    const OutboxSchema schema = parts_.state->table(table);
    ASSIGN_OR_RETURN(const TableIdentity identity,
                     CheckTableIdentity(session_.get(), schema, parts_.state->created(table)));
    const bool same =
        identity.verdict == TableIdentity::Verdict::kSame || identity.verdict == TableIdentity::Verdict::kRebuilt;
    if (!same || IdsComeAgain(identity, schema, ids)) return false;
  }
  // A row that someone holds is not to hold up the end.
  session_->Execute("SET SESSION innodb_lock_wait_timeout = 1").IgnoreError();
  return true;
}

void SqlWorker::RecordTheRest() {
  {
    absl::MutexLock lock(&mutex_);
    if (!HasPoison()) return;
  }
  absl::Status status = Connect();
  if (status.ok()) status = RecordPoison();
  if (!status.ok()) LogEvent(LogLevel::kWarning, LogCode::kSqlFailed, status.message());
}

void SqlWorker::LookForTheEnd(absl::Duration until, const absl::Notification& stream_ended) {
  if (parts_.marker == nullptr || session_ == nullptr || !session_->alive()) return;
  const absl::StatusOr<bool> read = LogIsRead(session_.get(), [&] {
    return parts_.clock->Monotonic() < until && !stream_ended.WaitForNotificationWithTimeout(kReadStep);
  });
  if (!read.ok()) LogEvent(LogLevel::kWarning, LogCode::kSqlFailed, read.status().message());
  end_was_read_ = read.ok() && *read;
}

void SqlWorker::MarkTheRest() {
  if (parts_.marker == nullptr || parts_.marker->pending() == 0) return;
  const absl::Duration until = parts_.clock->Monotonic() + kMarkPatience;
  const absl::StatusOr<bool> may = MayMarkTheRest();
  absl::Status status = may.status();
  while (status.ok() && *may && parts_.marker->pending() > 0 && parts_.clock->Monotonic() < until) {
    status =
        parts_.marker->Flush(session_.get(), options_.mark_chunk_rows, nullptr, nullptr, /*statements=*/1).status();
  }
  if (!status.ok()) LogEvent(LogLevel::kWarning, LogCode::kSqlFailed, status.message());
}

absl::Status SqlWorker::Connect() {
  if (session_ != nullptr && session_->alive()) return absl::OkStatus();
  session_.reset();
  ASSIGN_OR_RETURN(std::unique_ptr<SqlSession> session, parts_.connector->Connect());
  ASSIGN_OR_RETURN(session_server_, AskServerName(session.get()));
  UseMinimalRowImage(session.get());
  session_ = std::move(session);
  // A commit on another session may have been another server's.
  barrier_passed_.reset();
  return absl::OkStatus();
}

void SqlWorker::Try(Task* task, absl::FunctionRef<absl::Status()> work) {
  if (parts_.clock->Monotonic() < task->next) return;
  if (task != &connecting_ && (session_ == nullptr || !session_->alive())) return;
  const absl::Status status = work();
  if (status.ok()) {
    task->backoff.Reset();
    return;
  }
  if (absl::IsCancelled(status)) return;
  task->next = parts_.clock->Monotonic() + task->backoff.Next();
  LogEvent(LogLevel::kWarning, LogCode::kSqlFailed, status.message());
  if (session_ == nullptr || !session_->alive()) {
    parts_.board->Update([&](RelayStatus& board) { board.source.sql_reachable = false; });
  }
}

void SqlWorker::Work() {
  Try(&connecting_, [&] { return Connect(); });
  Try(&poison_task_, [&] { return RecordPoison(); });
  Try(&server_task_, [&] { return Due(kServerInterval, &last_server_) ? AskServer() : absl::OkStatus(); });
  if (parts_.marker != nullptr) {
    Try(&mark_task_, [&] { return Due(kMarkInterval, &last_mark_) ? Mark() : absl::OkStatus(); });
  }
  Try(&sweep_task_, [&] { return SweepAlongside(); });
  Try(&count_task_, [&] { return CountErrored(); });
  Try(&cleanup_task_, [&] {
    return cleanup_left_some_ || Due(options_.cleanup_interval, &last_cleanup_) ? Cleanup() : absl::OkStatus();
  });
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

bool SqlWorker::IsGone(const Queued& queued) const {
  const PipelineState::Emptied emptied = parts_.state->emptied(queued.row.schema);
  // A row of the log may be met again after the statement was, by a stream that went back.
  return queued.ordinal.has_value() ? *queued.ordinal < emptied.end_ordinal : queued.emptied < emptied.times;
}

absl::Status SqlWorker::Record(absl::Span<Queued> batch) {
  std::vector<const PoisonRow*> rows;
  for (Queued& queued : batch) {
    queued.row.gone = IsGone(queued);
    rows.push_back(&queued.row);
  }
  ASSIGN_OR_RETURN(const PoisonOutcome outcome, parts_.recorder->Record(session_.get(), rows));
  const absl::Time now = parts_.clock->Now();
  for (const Queued& queued : batch) {
    const RowKey key{static_cast<uint32_t>(queued.row.schema), queued.row.id};
    if (!queued.row.gone) {
      parts_.ledger->Remove(queued.row.schema, queued.row.id);
      // The log has brought it, or a sweep before.
      if (sweep_.has_value()) sweep_->pending[queued.row.schema].Remove(queued.row.id);
    }
    parts_.policy->Forget(key);
    if (queued.ordinal.has_value()) {
      parts_.tracker->Settle(*queued.ordinal, key);
    } else {
      parts_.sweeps->Recorded(queued.row.schema, queued.row.id);
    }
    parts_.board->Update([&](RelayStatus& board) {
      auto& recent = board.recent_poison;
      recent.insert(recent.begin(), {parts_.state->schema(queued.row.schema), absl::StrCat(queued.row.id),
                                     queued.row.columns[kTopic].value_or(""), queued.row.reason, now});
      if (recent.size() > 20) recent.resize(20);
      ++board.poison_rows;
    });
  }
  parts_.metrics->rows_poison.Add(batch.size());
  parts_.metrics->poison_rows.Move(static_cast<double>(outcome.newly_errored));
  if (outcome.dead_lettered > 0) {
    LogEvent(LogLevel::kError, LogCode::kRowDeadLettered,
             "poison rows were no longer in their table; they are kept whole in kafka_outbox_dead",
             {{"rows", outcome.dead_lettered}});
  }
  return absl::OkStatus();
}

absl::Status SqlWorker::SweepAlongside() {
  // Before that, nothing is known of what the log brings.
  if (!parts_.state->planned()) return absl::OkStatus();
  if (sweep_.has_value()) {
    FinishSweep();
    return absl::OkStatus();
  }
  if (taken_.has_value()) {
    ASSIGN_OR_RETURN(const bool visible, IsVisible(*taken_));
    return visible ? BeginSweep() : absl::OkStatus();
  }
  const std::optional<SweepQueue::Wish> wish = parts_.sweeps->wish();
  if (!wish.has_value()) {
    const absl::Time last = parts_.sweeps->swept_at();
    const absl::Time now = parts_.state->ServerNow();
    // A clock that was set back is no reason to wait longer.
    if (last <= now && now - last < options_.sweep_interval) return absl::OkStatus();
    // One that publishes from the table ends with one of this kind.
    for (size_t table = 0; table < parts_.state->table_count(); ++table) {
      if (parts_.state->sweep(table).phase != SweepProgress::Phase::kNone) return absl::OkStatus();
    }
    if (parts_.sweeps->wanted().empty()) parts_.sweeps->Request(SweepReason::kInterval);
    return absl::OkStatus();
  }
  const absl::Duration now = parts_.clock->Monotonic();
  if (wish->only_statements && now - last_statement_sweep_ < options_.statement_pause) return absl::OkStatus();
  if (session_server_ != parts_.state->server()) {
    session_.reset();
    return absl::UnavailableError("the log is read from another server than this session is to");
  }
  if (wish->only_statements) last_statement_sweep_ = now;
  taken_ = parts_.sweeps->Begin();
  barrier_passed_.reset();
  return absl::OkStatus();
}

absl::StatusOr<bool> SqlWorker::IsVisible(const SweepQueue::Wish& wish) {
  bool commit = wish.behind_commit;
  if (!wish.commits.empty() && !commit) {
    ASSIGN_OR_RETURN(const std::optional<std::string> text, session_->QueryValue("SELECT @@global.gtid_executed"));
    ASSIGN_OR_RETURN(const cdc::GtidSet executed, cdc::GtidSet::Parse(text.value_or("")));
    if (executed.Contains(wish.commits)) return true;
    // Another server may never have got them; and this one may have begun to count anew.
    commit = true;
  }
  if (!commit) return true;
  const absl::Duration now = parts_.clock->Monotonic();
  if (!barrier_passed_.has_value()) {
    ASSIGN_OR_RETURN(const absl::Duration pause, parts_.commit_barrier(session_.get()));
    barrier_passed_ = parts_.clock->Monotonic() + pause;
  }
  return now >= *barrier_passed_;
}

absl::Status SqlWorker::BeginSweep() {
  const SweepQueue::Wish wish = *std::exchange(taken_, std::nullopt);
  Sweep sweep{wish.reason, {}, {}, session_server_, parts_.state->ServerNow(), parts_.state->history()};
  const absl::Status read = [&]() -> absl::Status {
    for (const OutboxSchema& table : parts_.state->tables()) {
      ASSIGN_OR_RETURN(IdSet pending, ReadPendingIds(session_.get(), table, kPendingIdChunk, parts_.stop));
      sweep.pending.push_back(std::move(pending));
    }
    // The ids first, then the log's end: a visible row is in the log already.
    ASSIGN_OR_RETURN(const LogEnd end, AskLogEnd(session_.get()));
    sweep.log_end = end.position;
    return absl::OkStatus();
  }();
  if (!read.ok()) {
    parts_.sweeps->GiveUp();
    return read;
  }
  LogEvent(LogLevel::kInfo, LogCode::kSweepStarted, "comparing the table with what the log brings",
           {{"reason", SweepReasonName(sweep.reason)}, {"until", sweep.log_end.ToString()}});
  parts_.metrics->Sweeps(sweep.reason).Add();
  parts_.board->Update([&](RelayStatus& board) {
    board.sweep.running = true;
    board.sweep.reason = std::string(SweepReasonName(sweep.reason));
  });
  sweep_ = std::move(sweep);
  return absl::OkStatus();
}

void SqlWorker::FinishSweep() {
  // In this order: a mark that is read before may be one of the server before.
  const std::string server = parts_.state->server();
  const LowWaterMark mark = parts_.tracker->low_water();
  // And in this order: no mark of another history passes for one of the sweep's.
  if (server != sweep_->server || parts_.state->history() != sweep_->history) {
    LogEvent(LogLevel::kInfo, LogCode::kSweepFinished,
             "the log is read from another server or another place: the sweep begins anew",
             {{"reason", SweepReasonName(sweep_->reason)}});
    sweep_.reset();
    parts_.sweeps->GiveUp();
    return;
  }
  if (mark.position < sweep_->log_end || !parts_.state->IsHere(mark)) return;
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
  const absl::Time begun = sweep_->begun;
  sweep_.reset();
  parts_.sweeps->Compared(begun);
}

absl::Status SqlWorker::AskServer() {
  const absl::Time before = parts_.clock->Now();
  ASSIGN_OR_RETURN(const ServerInfo server, AskServerInfo(session_.get()));
  const absl::Time after = parts_.clock->Now();
  parts_.state->set_clock_offset(server.server_time - (before + (after - before) / 2));
  if (!server.primary()) {
    // A switchover may leave every connection open.
    if (ServerName(server) == parts_.state->server()) parts_.leave_server();
    session_.reset();
    return absl::UnavailableError(absl::StrCat("the server ", ServerName(server),
                                               server.read_only ? " is read only" : " replicates from another one",
                                               ": no primary any more; one is looked for"));
  }
  if (session_server_ != parts_.state->server()) {
    // A primary, and not the one whose log is read: that may be none any more, its connections left open. The stream
    // looks once, since there may be two.
    if (parts_.state->planned() && !std::exchange(stream_looked_, true)) parts_.leave_server();
  } else {
    stream_looked_ = false;
  }
  const LowWaterMark mark = parts_.tracker->low_water();

  uint64_t ahead = 0;
  absl::Duration to_purge = server.log_retention.value_or(absl::InfiniteDuration());
  if (server.log_retention.has_value() && mark.last.has_value()) {
    // A log is purged when its last event is that old; the checkpoint's own log lasts at least as long as this.
    to_purge = *server.log_retention - (server.server_time - mark.last->commit_time);
    if (!server.logs.empty() && server.logs.back().name == mark.position.file) to_purge = *server.log_retention;
  }
  for (const BinaryLog& log : server.logs) {
    if (mark.position.empty()) break;  // Where a dump by GTID begins is known by its first event.
    const auto order = cdc::CompareBinlogFiles(log.name, mark.position.file);
    if (order == 0) ahead += log.size - std::min(log.size, mark.position.offset);
    if (order > 0) ahead += log.size;
  }
  {
    absl::MutexLock lock(&mutex_);
    purge_at_ = parts_.clock->Monotonic() + to_purge;
  }
  ShowFigures();
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

void SqlWorker::ShowFigures() {
  absl::MutexLock lock(&mutex_);
  parts_.metrics->seconds_to_purge.Set(purge_at_ - parts_.clock->Monotonic());
  parts_.metrics->kept_rows.Set(static_cast<double>(KeptRows()));
}

int64_t SqlWorker::KeptRows() const {
  int64_t kept = completed_.load();
  if (parts_.marker != nullptr) {
    // What the ledger knows is marked, or waits for it.
    kept += static_cast<int64_t>(parts_.marker->pending()) - static_cast<int64_t>(parts_.ledger->total_size());
  }
  return std::max(int64_t{0}, kept);
}

void SqlWorker::CompletedDeleted(uint64_t rows) {
  completed_ = std::max(int64_t{0}, completed_.load() - static_cast<int64_t>(rows));
  deleted_while_counting_ += static_cast<int64_t>(rows);
}

absl::Status SqlWorker::CountErrored() {
  const absl::Duration now = parts_.clock->Monotonic();
  // Reading the table would compete with a backlog.
  if (now < next_count_ || ahead_bytes_ > options_.quiet_ahead_bytes) return absl::OkStatus();
  if (!count_began_.has_value()) {
    count_began_ = now;
    deleted_while_counting_ = 0;
  }
  ASSIGN_OR_RETURN(const std::optional<RowCounts> counted, row_counter_.Step(session_.get(), parts_.state->tables()));
  if (!counted.has_value()) return absl::OkStatus();
  next_count_ = now + std::max(kCountInterval, kCountPauses * (now - *count_began_));
  count_began_.reset();
  completed_ = std::max(int64_t{0}, static_cast<int64_t>(counted->completed) - deleted_while_counting_);
  parts_.metrics->poison_rows.Set(static_cast<double>(counted->errored));
  parts_.board->Update([&](RelayStatus& board) { board.poison_rows = counted->errored; });
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> SqlWorker::CleanTable(size_t table, bool* held) {
  // Until a part of the log that went by unread is made up for, the ledger is not to be believed.
  if (parts_.state->sweep(table).phase != SweepProgress::Phase::kNone) {
    *held |= parts_.ledger->size(table) > 0;
    return 0;
  }
  ASSIGN_OR_RETURN(
      const CleanupResult result,
      parts_.cleaner->Clean(session_.get(), table, parts_.state->created(table), options_.cleanup_budget, parts_.stop));
  switch (result.identity.verdict) {
    case TableIdentity::Verdict::kSame:
      break;
    case TableIdentity::Verdict::kRebuilt:
      parts_.state->set_created(table, result.identity.created);
      break;
    case TableIdentity::Verdict::kGone:
      // The stream brings the DROP, and the CREATE of the next one.
      break;
    case TableIdentity::Verdict::kOther:
      ForgetReplacedTable(table, result.identity, *parts_.state, parts_.tracker, parts_.ledger, parts_.sweeps);
      parts_.state->set_created(table, result.identity.created);
      break;
  }
  *held |= result.published_rows == 0 && (result.ids_came_back || result.log_unread);
  cleanup_left_some_ |= result.more;
  if (result.lacks_index && KeptRows() > 0 && !said_lacks_index_) {
    said_lacks_index_ = true;
    const OutboxSchema schema = parts_.state->table(table);
    LogEvent(LogLevel::kWarning, LogCode::kCleanupFailed,
             absl::StrCat(CompletedIndexMissing(schema), "; ", AddCompletedIndex(schema)));
  }
  CompletedDeleted(result.completed_rows + (parts_.marker != nullptr ? result.published_rows : 0));
  return result.published_rows + result.completed_rows;
}

void SqlWorker::ShowHeld(bool held) {
  const absl::Duration now = parts_.clock->Monotonic();
  if (!held) {
    cleanup_held_since_.reset();
    parts_.metrics->cleanup_held.Set(absl::ZeroDuration());
    return;
  }
  if (!cleanup_held_since_.has_value()) cleanup_held_since_ = now;
  const absl::Duration since = now - *cleanup_held_since_;
  parts_.metrics->cleanup_held.Set(since);
  if (since < kHeldPatience) return;
  constexpr absl::string_view kWhy =
      "published rows are not deleted while a part of the log is not read and done: it may hold other rows of their "
      "ids";
  parts_.board->Update([&](RelayStatus& board) {
    board.cleanup.problem = RelayStatus::Problem{parts_.clock->Now(), std::string(kWhy)};
  });
  if (!Due(kHeldLogInterval, &last_held_log_)) return;
  LogEvent(LogLevel::kWarning, LogCode::kCleanupHeld, kWhy,
           {{"seconds", absl::ToInt64Seconds(since)}, {"ahead_bytes", ahead_bytes_}});
}

absl::Status SqlWorker::Cleanup() {
  cleanup_left_some_ = false;
  if (!parts_.state->planned()) return absl::OkStatus();
  if (ahead_bytes_ > options_.quiet_ahead_bytes) {
    ShowHeld(parts_.ledger->total_size() > 0 && parts_.cleaner->deletes());
    return absl::OkStatus();
  }
  bool held = false;
  absl::StatusOr<uint64_t> deleted = 0;
  for (size_t table = 0; table < parts_.state->table_count(); ++table) {
    const auto rows = CleanTable(table, &held);
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
  const uint64_t ledger_rows = parts_.ledger->total_size();
  parts_.metrics->ledger_rows.Set(static_cast<double>(ledger_rows));
  parts_.board->Update([&](RelayStatus& board) {
    board.cleanup.problem.reset();
    board.cleanup.ledger_rows = ledger_rows;
    board.cleanup.deleted_rows += *deleted;
    if (!held) board.cleanup.last_pass = parts_.clock->Now();
  });
  ShowHeld(held && parts_.cleaner->deletes());
  return absl::OkStatus();
}

absl::StatusOr<bool> SqlWorker::LogIsRead(SqlSession* session) {
  const absl::Duration until = parts_.clock->Monotonic() + kReadPatience;
  return LogIsRead(session, [&] {
    parts_.board->Beat(RelayThread::kSql);
    return parts_.clock->Monotonic() < until && !parts_.stop->WaitForNotificationWithTimeout(kReadStep);
  });
}

absl::StatusOr<bool> SqlWorker::LogIsRead(SqlSession* session, absl::FunctionRef<bool()> wait) {
  if (!parts_.state->planned() || session_server_ != parts_.state->server()) return false;
  ASSIGN_OR_RETURN(const LogEnd end, AskLogEnd(session));
  // Handed over, not acknowledged: a row's id leaves the ledger when the row is read.
  for (;;) {
    const LowWaterMark handed = parts_.tracker->handed();
    if (parts_.state->IsHere(handed) && handed.position >= end.position) break;
    if (!wait()) return false;
  }
  return session_server_ == parts_.state->server();
}

IdSet SqlWorker::Unmarked(size_t table) const {
  if (parts_.marker == nullptr) return {};
  return ledger_marked_ ? parts_.marker->Pending(table) : parts_.ledger->All(table);
}

absl::Status SqlWorker::Mark() {
  if (!parts_.state->planned()) return absl::OkStatus();
  bool read = false;
  // A backlog is known without a look that waits for its end.
  if (parts_.marker->pending() > 0 || ahead_bytes_ <= options_.quiet_ahead_bytes) {
    ASSIGN_OR_RETURN(read, LogIsRead(session_.get()));
  }
  if (!read) return absl::OkStatus();
  if (!ledger_marked_) {
    // What was published right before the last process ended may not be marked yet; which rows that were is known only
    // when the log is read.
    for (size_t table = 0; table < parts_.state->table_count(); ++table) {
      parts_.marker->AddAll(table, parts_.ledger->All(table));
    }
    ledger_marked_ = true;
  }
  ASSIGN_OR_RETURN(const uint64_t marked,
                   parts_.marker->Flush(session_.get(), options_.mark_chunk_rows, parts_.stop,
                                        [this](SqlSession* session) { return LogIsRead(session); }));
  completed_ += static_cast<int64_t>(marked);
  return absl::OkStatus();
}

}  // namespace relay
