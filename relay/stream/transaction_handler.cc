// SPDX-License-Identifier: Apache-2.0
#include "relay/stream/transaction_handler.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cdc/query_classifier.h"
#include "relay/base/status_macros.h"
#include "relay/outbox/outbox_table.h"
#include "relay/outbox/pending_rows.h"
#include "relay/sql/sql_param.h"
#include "relay/status/logging.h"

namespace relay {
namespace {

// A session used so lately is taken to be alive.
constexpr absl::Duration kFreshFor = absl::Seconds(5);
// An application that changes rows does so with each of them.
constexpr absl::Duration kUpsertLogInterval = absl::Minutes(1);

using State = cdc::ColumnValue::State;

bool Is(const cdc::ColumnValue& value, absl::string_view text) { return value.has_value() && value.text == text; }

// Whether the update surely gave the column another value; an image without the column tells nothing.
bool Changed(const cdc::RowChange& change, OutboxColumn column) {
  const cdc::ColumnValue& before = change.before[column];
  const cdc::ColumnValue& after = change.after[column];
  if (after.state == State::kJsonDiff) return true;
  if (before.state == State::kAbsent || after.state == State::kAbsent) return false;
  return before.state != after.state || before.text != after.text;
}

std::optional<uint64_t> IdOf(const cdc::RowChange& change) {
  const cdc::ColumnValue& value =
      change.after[kId].has_value() || change.before.empty() ? change.after[kId] : change.before[kId];
  return value.has_value() ? ParseOutboxId(value.text) : std::nullopt;
}

// An ALTER that swaps a part of the table, or gives it a file.
bool MayBringRows(absl::string_view statement) {
  return cdc::NamesIdentifier(statement, "EXCHANGE") || cdc::NamesIdentifier(statement, "IMPORT") ||
         cdc::NamesIdentifier(statement, "CONVERT");
}

}  // namespace

void TransactionHandler::Connected(SqlSession* session, cdc::LayoutProvider* layouts, bool gtids_tell) {
  session_ = session;
  layouts_ = layouts;
  gtids_tell_ = gtids_tell;
  session_used_ = parts_.clock->Monotonic();
  skip_by_ledger_ = false;
  for (size_t i = 0; i < parts_.state->table_count(); ++i) {
    skip_by_ledger_ |= parts_.state->sweep(i).phase == SweepProgress::Phase::kStream;
  }
}

absl::Status TransactionHandler::KeepSession(absl::Duration idle) {
  const absl::Duration now = parts_.clock->Monotonic();
  if (now - session_used_ < idle) return absl::OkStatus();
  session_used_ = now;
  const absl::Status alive = session_->QueryValue("SELECT 1").status();
  // Whatever it is, a new connection mends it or says more.
  return alive.ok() ? alive : absl::UnavailableError(alive.message());
}

absl::Status TransactionHandler::After(Delivery::Result result) {
  switch (result) {
    case Delivery::Result::kSent:
    case Delivery::Result::kHeld:
    case Delivery::Result::kPoison:
      return absl::OkStatus();
    case Delivery::Result::kRewind:
      return absl::CancelledError("a delivery failed; the stream goes back to the low-water mark");
    case Delivery::Result::kStopped:
      return absl::CancelledError("stopping");
  }
  return absl::OkStatus();
}

void TransactionHandler::EndTableSweeps() {
  if (!skip_by_ledger_) return;
  skip_by_ledger_ = false;
  const cdc::BinlogPosition mark = parts_.tracker->low_water().position;
  for (size_t i = 0; i < parts_.state->table_count(); ++i) {
    const SweepProgress progress = parts_.state->sweep(i);
    if (progress.phase != SweepProgress::Phase::kStream) continue;
    if (progress.server == parts_.state->server() && mark < progress.until) {
      skip_by_ledger_ = true;
      continue;
    }
    // In this order: whatever is saved between the two says that a sweep is wanted.
    parts_.sweeps->Request(SweepReasonOf(progress.reason).value_or(SweepReason::kFirstStart));
    parts_.state->set_sweep(i, SweepProgress());
  }
  if (!skip_by_ledger_) parts_.sweeps->ForgetPoison();
}

void TransactionHandler::HandleForeign(const cdc::StreamItem& item, bool moves) {
  if (item.kind != cdc::StreamItem::Kind::kIdle) parts_.metrics->transactions_foreign.Add();
  HandleNotes(item);  // Of a transaction that was abandoned.
  if (moves) parts_.tracker->Foreign(item);
  EndTableSweeps();
}

absl::Status TransactionHandler::Handle(const cdc::StreamItem& item) {
  if (!item.schema_changes.empty()) RETURN_IF_ERROR(HandleSchemaChanges(item));
  HandleNotes(item);
  bool begun = false;
  gtid_text_.clear();
  while (item.rows != nullptr) {
    ASSIGN_OR_RETURN(const cdc::RowChange* change, item.rows->NextRow());
    if (change == nullptr) break;
    RETURN_IF_ERROR(HandleRow(item, *change, &begun));
  }
  if (begun) {
    parts_.metrics->transactions_outbox.Add();
    parts_.tracker->End();
  } else {
    parts_.metrics->transactions_foreign.Add();
    parts_.tracker->Foreign(item);
  }
  EndTableSweeps();
  return absl::OkStatus();
}

bool TransactionHandler::IsRequeue(const cdc::RowChange& change) {
  const cdc::ColumnValue& errored = change.after[kErrored];
  const cdc::ColumnValue& was_errored = change.before[kErrored];
  if (Is(errored, "0") && !Is(was_errored, "0")) {
    return true;
  }
  const cdc::ColumnValue& claim = change.after[kBatchId];
  const cdc::ColumnValue& old_claim = change.before[kBatchId];
  // One that is older than ten minutes is claimed again.
  if (claim.has_value() && !(old_claim.has_value() && old_claim.text == claim.text) &&
      !change.after[kPushCompletedAt].has_value()) {
    parts_.metrics->polling_relay_claims.Add();
    LogEvent(LogLevel::kWarning, LogCode::kStreamPollingRelay,
             "a polling relay claims rows of this table: stop it, or rows are published twice");
    return false;
  }
  // A row that is errored is mended before it is requeued.
  if (errored.has_value() && !Is(errored, "0")) return false;
  for (OutboxColumn column : {kTopic, kPayloadJson, kPayloadHeaders, kKey, kPartitionKey}) {
    if (Changed(change, column)) {
      parts_.metrics->upserts.Add();
      NoteUpsert();
      break;
    }
  }
  return false;
}

void TransactionHandler::NoteUpsert() {
  ++upserts_unsaid_;
  const absl::Duration now = parts_.clock->Monotonic();
  if (now - upserts_said_ < kUpsertLogInterval) return;
  upserts_said_ = now;
  LogEvent(LogLevel::kWarning, LogCode::kStreamUpsert,
           "rows of the outbox were changed in place (UPDATE, REPLACE or ON DUPLICATE KEY UPDATE): that sends nothing; "
           "insert new rows",
           {{"rows", std::exchange(upserts_unsaid_, 0)}});
}

bool TransactionHandler::CameFromTheTable(const cdc::StreamItem& item, RowKey key) {
  const SweepProgress sweep = parts_.state->sweep(key.table);
  if (sweep.phase != SweepProgress::Phase::kStream || sweep.server != parts_.state->server() ||
      item.begin >= sweep.until) {
    return false;
  }
  return parts_.ledger->Contains(key.table, key.id) || parts_.sweeps->Brought(key.table, key.id);
}

absl::Status TransactionHandler::HandleRow(const cdc::StreamItem& item, const cdc::RowChange& change, bool* begun) {
  if (change.kind == cdc::RowChange::Kind::kDelete) return absl::OkStatus();
  const absl::Span<const cdc::ColumnValue> values = change.after;
  const std::optional<uint64_t> id = IdOf(change);
  const bool requeued = change.kind == cdc::RowChange::Kind::kUpdate;
  if (requeued && !IsRequeue(change)) return absl::OkStatus();
  if (!id.has_value()) {
    return absl::FailedPreconditionError(absl::StrCat("a row of `", parts_.state->schema(change.table), "`.`",
                                                      options_.outbox_table, "` at ", item.begin.ToString(),
                                                      " has no integer in its column id; the relay needs one"));
  }
  const RowKey key{static_cast<uint32_t>(change.table), *id};
  while (!parts_.tracker->WaitForRoom(absl::Milliseconds(50))) {
    parts_.board->Beat(RelayThread::kStream);
    if (parts_.give_up->HasBeenNotified()) return After(Delivery::Result::kStopped);
    if (parts_.delivery->rewind_needed()) return After(Delivery::Result::kRewind);
  }
  if (!*begun) {
    parts_.tracker->Begin(item);
    *begun = true;
  }
  const AckTracker::Ticket ticket = parts_.tracker->Add(key);
  if (ticket.settled) return absl::OkStatus();
  if (skip_by_ledger_ && !requeued && CameFromTheTable(item, key)) {
    parts_.tracker->Settle(ticket.ordinal, key);
    return absl::OkStatus();
  }
  // A MINIMAL image does not say what it was before. An errored row is in no ledger, a published one is. The row has
  // its ordinal by now: at another reading the ledger may say something else.
  if (requeued && !ticket.replayed && !change.before[kErrored].has_value() &&
      parts_.ledger->Contains(change.table, *id)) {
    parts_.tracker->Settle(ticket.ordinal, key);
    return absl::OkStatus();
  }
  if (!ticket.replayed) {
    parts_.ledger->RemoveFromOlder(change.table, *id);
    // What failed under this id was another row.
    if (!parts_.policy->quiet()) parts_.policy->Forget(key);
  }
  if (requeued && !ticket.replayed) {
    LogEvent(LogLevel::kInfo, LogCode::kRowsRequeued, "errored was set back to 0: the row is sent again",
             {{"id", *id}});
    parts_.metrics->rows_requeued.Add();
    parts_.metrics->poison_rows.Move(-1);
  }
  if (RowSender::MissingColumn(values)) {
    return SendRowFromTable(item, change.table, *id, ticket.ordinal, values, requeued);
  }
  return SendRow(item, change.table, *id, ticket.ordinal, values);
}

const std::string& TransactionHandler::GtidText(const cdc::StreamItem& item) {
  if (gtid_text_.empty() && item.gtid.has_value()) item.gtid->AppendTo(&gtid_text_);
  return gtid_text_;
}

absl::Status TransactionHandler::SendRow(const cdc::StreamItem& item, size_t table, uint64_t id, uint64_t ordinal,
                                         absl::Span<const cdc::ColumnValue> values) {
  const Delivery::Row row{{static_cast<uint32_t>(table), id}, ordinal, item.commit_time};
  const absl::string_view gtid = options_.gtid_header ? absl::string_view(GtidText(item)) : "";
  ASSIGN_OR_RETURN(const Delivery::Result result,
                   parts_.sender->Send(parts_.state->schema(table), values, row, item.commit_time, gtid));
  return After(result);
}

absl::Status TransactionHandler::SendRowFromTable(const cdc::StreamItem& item, size_t table, uint64_t id,
                                                  uint64_t ordinal, absl::Span<const cdc::ColumnValue> values,
                                                  bool requeued) {
  RETURN_IF_ERROR(KeepSession(kFreshFor));
  bool found = false;
  // Locking, since the log shows a commit before a SELECT does.
  RETURN_IF_ERROR(ReadRows(session_, parts_.state->table(table), {id}, {.only_pending = requeued, .for_share = true},
                           [&](uint64_t, absl::Span<const cdc::ColumnValue> whole) {
                             found = true;
                             return SendRow(item, table, id, ordinal, whole);
                           }));
  if (found) return absl::OkStatus();
  if (requeued) {
    // Gone, or errored again: there is nothing left to send.
    parts_.tracker->Settle(ordinal, {static_cast<uint32_t>(table), id});
    return absl::OkStatus();
  }
  PoisonRow row(table, id, values);
  row.attempts = 0;
  row.reason = "its insert was logged without all columns (binlog_row_image), and the row was gone when it was read";
  row.gtid = GtidText(item);
  row.commit_time = item.commit_time;
  LogEvent(LogLevel::kError, LogCode::kRowPoisoned, row.reason, {{"schema", parts_.state->schema(table)}, {"id", id}});
  parts_.poison(std::move(row), ordinal);
  return absl::OkStatus();
}

absl::Status TransactionHandler::WaitUntilDone(const cdc::SchemaChange& change) {
  // It holds its lock on the table until it is committed, and reading needs one.
  const absl::Status read =
      session_->Query(absl::StrCat("SELECT 1 FROM ", QuoteTable(change.schema, options_.outbox_table), " WHERE FALSE"))
          .status();
  return absl::IsNotFound(read) ? absl::OkStatus() : read;  // Dropped, or renamed away.
}

absl::Status TransactionHandler::HandleSchemaChanges(const cdc::StreamItem& item) {
  // Its answers are needed below, and an idle session may have been closed long ago.
  RETURN_IF_ERROR(KeepSession(kFreshFor));
  for (const cdc::SchemaChange& change : item.schema_changes) RETURN_IF_ERROR(WaitUntilDone(change));
  LearnLayouts(item.end);
  for (const cdc::SchemaChange& change : item.schema_changes) {
    for (size_t i = 0; i < parts_.state->table_count(); ++i) {
      if (parts_.state->schema(i) == change.schema) RETURN_IF_ERROR(HandleSchemaChange(item, change, i));
    }
  }
  return absl::OkStatus();
}

absl::Status TransactionHandler::HandleSchemaChange(const cdc::StreamItem& item, const cdc::SchemaChange& change,
                                                    size_t table) {
  LogEvent(LogLevel::kWarning, LogCode::kStreamSchemaChanged, change.statement.substr(0, 120),
           {{"schema", change.schema}, {"table", change.table}});
  // Rows that are under way belong to the ids before the change.
  while (!parts_.tracker->WaitUntilIdle(absl::Milliseconds(50))) {
    parts_.board->Beat(RelayThread::kStream);
    if (parts_.give_up->HasBeenNotified()) return After(Delivery::Result::kStopped);
    if (parts_.delivery->rewind_needed()) return After(Delivery::Result::kRewind);
  }
  // A CREATE does not touch the rows of a table that is there: it made the table, or (IF NOT EXISTS) did nothing.
  using Kind = cdc::SchemaChange::Kind;
  const bool made = change.kind == Kind::kCreate;
  // What was renamed or altered has its rows still: gh-ost copies them with their ids.
  const bool empty = change.kind == Kind::kTruncate || change.kind == Kind::kDrop || (made && !change.if_not_exists);
  bool any_to_come = false;
  if (!made || empty) {
    // What is published, but stands behind a row that is held, would come to the ledger later.
    const AckTracker::Voided voided = parts_.tracker->Void(table);
    any_to_come = voided.any;
    if (empty) parts_.state->set_emptied(table, voided.end_ordinal);
  }
  if (empty) parts_.ledger->ForgetSkipped(table);
  if (!made && (parts_.ledger->size(table) > 0 || any_to_come)) {
    parts_.ledger->Void(table);
    LogEvent(LogLevel::kWarning, LogCode::kLedgerVoided,
             "the table was changed: its rows that are still there may be published again",
             {{"schema", change.schema}});
    RequestSweep(SweepReason::kLedgerVoid, item);
  } else if (change.kind == Kind::kRename || (change.kind == Kind::kAlter && MayBringRows(change.statement))) {
    // They were logged under another table's name, or never.
    RequestSweep(SweepReason::kLedgerVoid, item);
  }
  absl::StatusOr<OutboxSchema> now = ReadOutboxSchema(session_, change.schema, options_.outbox_table);
  if (absl::IsNotFound(now.status())) return absl::OkStatus();  // The whole schema was dropped.
  RETURN_IF_ERROR(now.status());
  if (now->exists) parts_.state->set_table(table, *std::move(now));
  return absl::OkStatus();
}

void TransactionHandler::LearnLayouts(const cdc::BinlogPosition& at) {
  if (at.empty()) return;
  for (const OutboxSchema& table : parts_.state->tables()) {
    layouts_->LayoutOf(table.schema, table.table, at).IgnoreError();
  }
}

void TransactionHandler::RequestSweep(SweepReason reason, const cdc::StreamItem& item) {
  parts_.sweeps->RequestBehind(reason, gtids_tell_ ? item.gtid : std::nullopt);
}

void TransactionHandler::HandleNotes(const cdc::StreamItem& item) {
  if (item.incident) {
    LogEvent(LogLevel::kError, LogCode::kStreamIncident, "the server's log has a gap (INCIDENT event); a sweep follows",
             {{"position", item.begin.ToString()}});
    RequestSweep(SweepReason::kIncident, item);
  }
  if (item.unknown_xa_commit) {
    LogEvent(LogLevel::kInfo, LogCode::kStreamXaUnknown,
             "an XA transaction committed that was prepared before our start; a sweep brings its rows");
    RequestSweep(SweepReason::kXa, item);
  }
  if (item.statement_dml) {
    if (item.statement_names_table) {
      LogEvent(
          LogLevel::kWarning, LogCode::kStreamStatement,
          "a statement that names the outbox was logged as text; a sweep brings its rows: set binlog_format=ROW in "
          "every session",
          {{"position", item.begin.ToString()}});
    }
    RequestSweep(SweepReason::kStatement, item);
  }
}

}  // namespace relay
