// SPDX-License-Identifier: Apache-2.0
#include "relay/jobs/sweep_job.h"

#include <cstddef>
#include <utility>

#include "cdc/event/gtid_set.h"
#include "relay/base/status_macros.h"
#include "relay/outbox/pending_rows.h"
#include "relay/sql/server_info.h"
#include "relay/state/low_water_mark.h"
#include "relay/status/logging.h"

namespace relay {

SweepJob::SweepJob(Options options, Parts parts) : options_(options), parts_(std::move(parts)) {}

absl::Status SweepJob::Run(JobSession* session) {
  // Before that, nothing is known of what the log brings.
  if (!parts_.state->planned()) return absl::OkStatus();
  if (sweep_.has_value()) {
    Finish();
    return absl::OkStatus();
  }
  if (taken_.has_value()) {
    ASSIGN_OR_RETURN(const bool visible, IsVisible(*taken_, *session));
    return visible ? Begin(*session) : absl::OkStatus();
  }
  const std::optional<SweepQueue::Wish> wish = parts_.sweeps->wish();
  if (wish.has_value()) return Take(*wish, session);
  AskByInterval();
  return absl::OkStatus();
}

void SweepJob::Recorded(RowKey key) {
  if (sweep_.has_value()) sweep_->pending[key.table].Remove(key.id);
}

void SweepJob::AskByInterval() {
  const absl::Time last = parts_.sweeps->swept_at();
  const absl::Time now = parts_.state->ServerNow();
  // A clock that was set back is no reason to wait longer.
  if (last <= now && now - last < options_.interval) return;
  // One that publishes from the table ends with one of this kind.
  for (size_t table = 0; table < parts_.state->table_count(); ++table) {
    if (parts_.state->sweep(table).phase != SweepProgress::Phase::kNone) return;
  }
  if (parts_.sweeps->wanted().empty()) parts_.sweeps->Request(SweepReason::kInterval);
}

absl::Status SweepJob::Take(const SweepQueue::Wish& wish, JobSession* session) {
  const absl::Duration now = parts_.clock->Monotonic();
  if (wish.only_statements && now - last_for_statements_ < options_.statement_pause) return absl::OkStatus();
  if (session->server() != parts_.state->server()) {
    session->Drop();
    return absl::UnavailableError("the log is read from another server than this session is to");
  }
  if (wish.only_statements) last_for_statements_ = now;
  taken_ = parts_.sweeps->Begin();
  barrier_.reset();
  return absl::OkStatus();
}

absl::StatusOr<bool> SweepJob::IsVisible(const SweepQueue::Wish& wish, const JobSession& session) {
  bool commit = wish.behind_commit;
  if (!wish.commits.empty() && !commit) {
    ASSIGN_OR_RETURN(const std::optional<std::string> text, session.get()->QueryValue("SELECT @@global.gtid_executed"));
    ASSIGN_OR_RETURN(const cdc::GtidSet executed, cdc::GtidSet::Parse(text.value_or("")));
    if (executed.Contains(wish.commits)) return true;
    // Another server may never have got them; and this one may have begun to count anew.
    commit = true;
  }
  if (!commit) return true;
  const absl::Duration now = parts_.clock->Monotonic();
  // A commit on another session may have been another server's.
  if (!barrier_.has_value() || barrier_->session != session.opened()) {
    ASSIGN_OR_RETURN(const absl::Duration pause, parts_.commit_barrier(session.get()));
    barrier_ = {session.opened(), parts_.clock->Monotonic() + pause};
  }
  return now >= barrier_->passed;
}

absl::Status SweepJob::Begin(const JobSession& session) {
  const SweepQueue::Wish wish = *std::exchange(taken_, std::nullopt);
  Sweep sweep{wish.reason, {}, {}, session.server(), parts_.state->ServerNow(), parts_.state->history()};
  const absl::Status read = [&]() -> absl::Status {
    for (const OutboxSchema& table : parts_.state->tables()) {
      ASSIGN_OR_RETURN(IdSet pending, ReadPendingIds(session.get(), table, kPendingIdChunk, parts_.stop));
      sweep.pending.push_back(std::move(pending));
    }
    // The ids first, then the log's end: a visible row is in the log already.
    ASSIGN_OR_RETURN(const LogEnd end, AskLogEnd(session.get()));
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

void SweepJob::Finish() {
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

}  // namespace relay
