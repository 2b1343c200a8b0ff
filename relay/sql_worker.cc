// SPDX-License-Identifier: Apache-2.0
#include "relay/sql_worker.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "relay/base/status_macros.h"
#include "relay/sql/server_info.h"
#include "relay/state/low_water_mark.h"
#include "relay/status/logging.h"

namespace relay {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(100);
// How long a backlog of the log is waited for, and how often it is looked at.
constexpr absl::Duration kReadPatience = absl::Seconds(1);
constexpr absl::Duration kReadStep = absl::Milliseconds(2);

}  // namespace

SqlWorker::SqlWorker(Options options, Parts parts)
    : end_patience_(options.end_patience),
      parts_(std::move(parts)),
      session_(parts_.connector),
      sweep_(options.sweep, {parts_.state, parts_.tracker, parts_.ledger, parts_.sweeps, parts_.metrics, parts_.board,
                             parts_.clock, parts_.stop, parts_.commit_barrier}),
      poison_({parts_.state, parts_.tracker, parts_.ledger, parts_.policy, parts_.sweeps, parts_.recorder,
               parts_.metrics, parts_.board, parts_.clock, parts_.stream_stop,
               [this](RowKey key) { sweep_.Recorded(key); }}),
      server_(options.server,
              {parts_.state, parts_.tracker, parts_.metrics, parts_.board, parts_.clock, parts_.leave_server}),
      counts_({parts_.state, parts_.ledger, parts_.marker, parts_.metrics, parts_.board, parts_.clock}),
      cleanup_(options.cleanup, {parts_.state, parts_.tracker, parts_.ledger, parts_.sweeps, parts_.cleaner,
                                 parts_.marker, &counts_, parts_.metrics, parts_.board, parts_.clock, parts_.stop}) {
  if (parts_.marker == nullptr) return;
  mark_.emplace(options.mark, MarkJob::Parts{parts_.state, parts_.ledger, parts_.marker, &counts_, parts_.clock,
                                             parts_.stop, [this](SqlSession* session) { return LogIsRead(session); }});
}

void SqlWorker::PutPoison(PoisonRow row, std::optional<uint64_t> ordinal) { poison_.Put(std::move(row), ordinal); }

void SqlWorker::Run() {
  while (!parts_.stop->HasBeenNotified()) {
    parts_.board->Beat(RelayThread::kSql);
    Work();
    if (std::max(poison_turn_.next, connect_turn_.next) > parts_.clock->Monotonic()) {
      // What can't be recorded now is no reason to hurry.
      parts_.stop->WaitForNotificationWithTimeout(kTick);
    } else {
      poison_.AwaitWork(kTick);
    }
  }
  parts_.board->End(RelayThread::kSql);
  RecordTheRest();
  const absl::Status looked = LookForTheEnd();
  if (!looked.ok()) LogEvent(LogLevel::kWarning, LogCode::kSqlFailed, looked.message());
}

void SqlWorker::Work() {
  Try(&connect_turn_, [&] { return session_.Connect(); });
  Try(&poison_turn_, [&] { return poison_.Run(session_.get()); });
  Try(&server_turn_, [&] { return server_.Run(&session_); });
  if (mark_.has_value()) Try(&mark_turn_, [&] { return mark_->Run(session_.get(), server_.backlog()); });
  Try(&sweep_turn_, [&] { return sweep_.Run(&session_); });
  // Reading the table would compete with a backlog.
  if (!server_.backlog()) Try(&count_turn_, [&] { return counts_.Run(session_.get()); });
  Try(&cleanup_turn_, [&] { return cleanup_.Run(session_.get(), server_.backlog(), server_.ahead_bytes()); });
}

void SqlWorker::Try(Turn* turn, absl::FunctionRef<absl::Status()> work) {
  if (parts_.clock->Monotonic() < turn->next) return;
  if (turn != &connect_turn_ && !session_.alive()) return;
  const absl::Status status = work();
  if (status.ok()) {
    turn->backoff.Reset();
    return;
  }
  if (absl::IsCancelled(status)) return;
  turn->next = parts_.clock->Monotonic() + turn->backoff.Next();
  LogEvent(LogLevel::kWarning, LogCode::kSqlFailed, status.message());
  if (!session_.alive()) {
    parts_.board->Update([&](RelayStatus& board) { board.source.sql_reachable = false; });
  }
}

absl::StatusOr<bool> SqlWorker::LogIsRead(SqlSession* session) {
  const absl::Duration until = parts_.clock->Monotonic() + kReadPatience;
  return LogIsRead(session, [&] {
    parts_.board->Beat(RelayThread::kSql);
    return parts_.clock->Monotonic() < until && !parts_.stop->WaitForNotificationWithTimeout(kReadStep);
  });
}

absl::StatusOr<bool> SqlWorker::LogIsRead(SqlSession* session, absl::FunctionRef<bool()> wait) {
  if (!parts_.state->planned() || session_.server() != parts_.state->server()) return false;
  ASSIGN_OR_RETURN(const LogEnd end, AskLogEnd(session));
  // Handed over, not acknowledged: a row's id leaves the ledger when the row is read.
  for (;;) {
    const LowWaterMark handed = parts_.tracker->handed();
    if (parts_.state->IsHere(handed) && handed.position >= end.position) break;
    if (!wait()) return false;
  }
  return session_.server() == parts_.state->server();
}

IdSet SqlWorker::Unmarked(size_t table) const { return mark_.has_value() ? mark_->Unmarked(table) : IdSet(); }

void SqlWorker::ShowFigures() {
  server_.ShowTimeToPurge();
  parts_.metrics->kept_rows.Set(static_cast<double>(counts_.Kept()));
}

void SqlWorker::RecordTheRest() {
  if (!poison_.HasWork()) return;
  absl::Status status = session_.Connect();
  if (status.ok()) status = poison_.Run(session_.get());
  if (!status.ok()) LogEvent(LogLevel::kWarning, LogCode::kSqlFailed, status.message());
}

absl::Status SqlWorker::LookForTheEnd() {
  if (!mark_.has_value()) return absl::OkStatus();
  // What may come until the stream has ended is not worth a new connection.
  if (!session_.alive() && parts_.marker->pending() == 0) return absl::OkStatus();
  const absl::Duration until = parts_.clock->Monotonic() + end_patience_;
  RETURN_IF_ERROR(session_.Connect());
  ASSIGN_OR_RETURN(end_was_read_, LogIsRead(session_.get(), [&] {
                     absl::SleepFor(kReadStep);
                     return parts_.clock->Monotonic() < until;
                   }));
  return absl::OkStatus();
}

void SqlWorker::MarkTheRest() {
  if (!mark_.has_value() || !end_was_read_) return;
  const absl::Status status = mark_->MarkTheRest(&session_);
  if (!status.ok()) LogEvent(LogLevel::kWarning, LogCode::kSqlFailed, status.message());
}

}  // namespace relay
