// SPDX-License-Identifier: Apache-2.0
#include "relay/stream/table_sweep.h"

#include <string>
#include <utility>

#include "relay/base/status_macros.h"
#include "relay/delivery/delivery.h"
#include "relay/outbox/pending_rows.h"
#include "relay/outbox/table_identity.h"
#include "relay/status/logging.h"
#include "relay/stream/commit_barrier.h"
#include "relay/stream/transaction_handler.h"

namespace relay {
namespace {

constexpr absl::Duration kStep = absl::Milliseconds(200);

}  // namespace

TableSweep::TableSweep(Parts parts) : parts_(std::move(parts)) {}

absl::Status TableSweep::Run(SqlSession* session, const ServerInfo& server, absl::Span<const PlannedSweep> tables) {
  const SweepReason reason = tables.front().reason;
  parts_.metrics->Sweeps(reason).Add();
  LogEvent(LogLevel::kInfo, LogCode::kSweepStarted, "publishing the rows that wait in the table before reading the log",
           {{"reason", SweepReasonName(reason)}});
  RETURN_IF_ERROR(WaitUntilVisible(session, server));
  uint64_t found = 0;
  for (const PlannedSweep& sweep : tables) {
    ASSIGN_OR_RETURN(const uint64_t rows, OfferPending(session, sweep.table));
    found += rows;
  }
  // Behind the ids: a row that was seen is in the log before it.
  ASSIGN_OR_RETURN(const LogEnd end, AskLogEnd(session));
  parts_.board->Update([&](RelayStatus& status) {
    status.sweep.running = true;
    status.sweep.reason = std::string(SweepReasonName(reason));
    status.sweep.pending_rows = found;
  });
  RETURN_IF_ERROR(PublishOffered(session));
  for (const PlannedSweep& sweep : tables) {
    SweepProgress progress = parts_.state->sweep(sweep.table);
    progress.phase = SweepProgress::Phase::kStream;
    progress.until = end.position;
    progress.server = ServerName(server);
    parts_.state->set_sweep(sweep.table, progress);
  }
  LogEvent(LogLevel::kInfo, LogCode::kSweepFinished, "the rows that waited in the table are published",
           {{"rows", found}});
  parts_.board->Update([&](RelayStatus& status) {
    status.sweep.running = false;
    status.sweep.last_finished = parts_.clock->Now();
    status.sweep.last_found_rows = found;
  });
  return absl::OkStatus();
}

absl::Status TableSweep::WaitUntilVisible(SqlSession* session, const ServerInfo& server) {
  if (GtidsTellVisibility(server)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const absl::Duration pause, parts_.commit_barrier(session));
  const absl::Duration until = parts_.clock->Monotonic() + pause;
  while (parts_.clock->Monotonic() < until) {
    parts_.board->Beat(RelayThread::kStream);
    if (parts_.stop->WaitForNotificationWithTimeout(kStep)) return absl::CancelledError("stopping");
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> TableSweep::OfferPending(SqlSession* session, size_t table) {
  const OutboxSchema schema = parts_.state->table(table);
  ASSIGN_OR_RETURN(const std::string created, ReadTableCreated(session, schema.schema, schema.table));
  ASSIGN_OR_RETURN(IdSet pending, ReadPendingIds(session, schema, kPendingIdChunk, parts_.stop));
  SweepProgress progress = parts_.state->sweep(table);
  RETURN_IF_ERROR(JudgeSkipped(session, table, schema, progress.judge_ledger));
  pending.Subtract(parts_.ledger->Skipped(table));
  if (progress.judge_ledger) {
    RETURN_IF_ERROR(JudgeLedger(session, table, schema, pending));
    // From here on the ledger is this table's. Judged again, what this sweep publishes would look like ids come back.
    progress.judge_ledger = false;
    parts_.state->set_created(table, created);
    parts_.state->set_sweep(table, std::move(progress));
  } else if (parts_.state->created(table).empty()) {
    parts_.state->set_created(table, created);
  }
  pending.Subtract(parts_.ledger->All(table));
  parts_.sweeps->Offer(table, pending);
  return pending.size();
}

absl::Status TableSweep::JudgeLedger(SqlSession* session, size_t table, const OutboxSchema& schema,
                                     const IdSet& pending) {
  const IdSet published = parts_.ledger->All(table);
  if (published.empty()) return absl::OkStatus();
  const std::string created = parts_.state->created(table);
  ASSIGN_OR_RETURN(const TableIdentity identity, CheckTableIdentity(session, schema, created));
  IdSet others = pending;
  others.Subtract(published);
  if (!created.empty() && LedgerStillHolds(identity, published, others)) return absl::OkStatus();
  parts_.ledger->Void(table);
  LogEvent(
      LogLevel::kWarning, LogCode::kLedgerVoided,
      "whether the ids that were published still name the same rows can't be told, since a part of the log went by "
      "unread: rows may be published again",
      {{"schema", schema.schema}, {"ids", published.size()}});
  return absl::OkStatus();
}

absl::Status TableSweep::JudgeSkipped(SqlSession* session, size_t table, const OutboxSchema& schema, bool log_unread) {
  const IdSet skipped = parts_.ledger->Skipped(table);
  if (skipped.empty()) return absl::OkStatus();
  const std::string created = parts_.state->created(table);
  ASSIGN_OR_RETURN(const TableIdentity identity, CheckTableIdentity(session, schema, created));
  const bool other = created.empty() || identity.verdict == TableIdentity::Verdict::kOther;
  if ((log_unread && other) || !SkippedStillHold(identity, skipped)) parts_.ledger->ForgetSkipped(table);
  return absl::OkStatus();
}

absl::Status TableSweep::PublishOffered(SqlSession* session) {
  while (parts_.sweeps->waiting() > 0) {
    parts_.board->Beat(RelayThread::kStream);
    ASSIGN_OR_RETURN(const Delivery::Result result, parts_.publisher->PublishSome(session, kSweepChunk));
    if (result == Delivery::Result::kRewind) {
      RETURN_IF_ERROR(parts_.recover());
      continue;
    }
    RETURN_IF_ERROR(TransactionHandler::After(result));
    const uint64_t waiting = parts_.sweeps->waiting();
    parts_.board->Update([&](RelayStatus& status) { status.sweep.pending_rows = waiting; });
  }
  return absl::OkStatus();
}

}  // namespace relay
