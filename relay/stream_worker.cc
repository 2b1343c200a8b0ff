// SPDX-License-Identifier: Apache-2.0
#include "relay/stream_worker.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"
#include "relay/logging.h"
#include "relay/outbox_table.h"
#include "relay/pending_rows.h"
#include "relay/table_identity.h"

namespace relay {
namespace {

// Rows of the table that are sent between two transactions of the stream.
constexpr size_t kTableChunk = 2'000;
// Ids that one statement reads.
constexpr uint32_t kIdChunk = 20'000;
// At most one sweep for logged statements in this time.
constexpr absl::Duration kStatementSweepPause = absl::Minutes(1);

absl::string_view FlavorName(SqlSession::Flavor flavor) {
  return flavor == SqlSession::Flavor::kMariadb ? "MariaDB " : "MySQL ";
}

bool Is(const cdc::ColumnValue& value, absl::string_view text) { return value.has_value() && value.text == text; }

}  // namespace

StreamWorker::StreamWorker(Options options, SourceFactory open_source, LayoutFactory layouts,
                           HistoryProbe probe_history, Parts parts, std::optional<Checkpoint> reached)
    : options_(std::move(options)),
      open_source_(std::move(open_source)),
      make_layouts_(std::move(layouts)),
      probe_history_(std::move(probe_history)),
      parts_(parts),
      publisher_(parts.state, parts.tracker, parts.ledger, parts.delivery, parts.sender, parts.sweeps, parts.metrics,
                 parts.board, parts.stop),
      reached_(std::move(reached)) {}

StreamWorker::~StreamWorker() = default;

void StreamWorker::Wake() {
  absl::MutexLock lock(&source_mutex_);
  if (source_ != nullptr) source_->Interrupt();
}

void StreamWorker::CloseSource() {
  {
    absl::MutexLock lock(&source_mutex_);
    source_ = nullptr;
  }
  owned_source_.reset();
}

void StreamWorker::SetState(RelayState state, std::string detail) {
  parts_.board->Update([&](RelayStatus& status) {
    status.state = state;
    status.state_detail = std::move(detail);
  });
}

bool StreamWorker::Hopeless(const absl::Status& status) const {
  switch (status.code()) {
    // What our own configuration, or the table, has to be changed for.
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kUnimplemented:
      return true;
    // At the start a mistake; later a password that is being rotated, a privilege that is being changed, a schema that
    // is being restored.
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kNotFound:
      return !streamed_once_;
    default:
      return false;
  }
}

absl::Status StreamWorker::Run() {
  RETURN_IF_ERROR(parts_.delivery->Start());
  while (!Stopped()) {
    absl::Status status = Connection();
    CloseSource();
    if (Stopped()) break;
    // A transaction that was cut short by an error has rows that are sent and rows that are not: only a rewind knows
    // which.
    if (parts_.delivery->rewind_needed() || parts_.tracker->open()) {
      const absl::Status rewound = Rewind();
      if (Stopped()) break;
      if (!rewound.ok())
        status = rewound;
      else if (absl::IsCancelled(status))
        continue;
    }
    if (absl::IsCancelled(status)) continue;  // Woken, and what for is done.
    if (Hopeless(status)) {
      parts_.board->End(RelayThread::kStream);
      return status;
    }
    dump_refused_ = absl::IsOutOfRange(status);
    if (streamed_once_) parts_.metrics->reconnects_mysql.Add();
    parts_.metrics->mysql_connected.Set(0);
    parts_.board->Update([&](RelayStatus& board) {
      board.source.connected = false;
      board.source.problem = RelayStatus::Problem{parts_.clock->Now(), std::string(status.message())};
    });
    LogEvent(LogLevel::kWarning,
             no_primary_                ? LogCode::kStreamNoPrimary
             : absl::IsDataLoss(status) ? LogCode::kStreamDamaged
             : absl::IsAborted(status)  ? LogCode::kStreamTakenOver
                                        : LogCode::kStreamDisconnected,
             status.message());
    sql_.reset();
    const absl::Duration pause = backoff_.Next();
    const absl::Duration until = parts_.clock->Monotonic() + pause;
    while (!Stopped() && parts_.clock->Monotonic() < until) {
      parts_.board->Beat(RelayThread::kStream);
      parts_.stop->WaitForNotificationWithTimeout(absl::Milliseconds(200));
    }
  }
  parts_.board->End(RelayThread::kStream);
  return absl::OkStatus();
}

absl::Status StreamWorker::Connection() {
  parts_.board->Beat(RelayThread::kStream);
  RETURN_IF_ERROR(ConnectToPrimary());
  RETURN_IF_ERROR(Plan());
  RETURN_IF_ERROR(Open());
  if (!plan_.sweep.empty()) {
    RETURN_IF_ERROR(SweepBeforeStreaming());
    plan_.sweep.clear();
  }
  return Read();
}

absl::Status StreamWorker::ConnectToPrimary() {
  no_primary_ = false;
  if (sql_ != nullptr && sql_->alive()) {
    auto info = AskServerInfo(sql_.get());
    if (info.ok() && info->primary()) {
      server_ = *std::move(info);
      return absl::OkStatus();
    }
  }
  layouts_.reset();
  sql_.reset();
  absl::Status problem = absl::OkStatus();
  bool replica = false;
  for (size_t i = 0; i < parts_.connector->endpoint().hosts.size() && !Stopped(); ++i) {
    auto session = parts_.connector->ConnectTo(i);
    if (!session.ok()) {
      if (problem.ok()) problem = session.status();
      continue;
    }
    auto info = AskServerInfo(session->get());
    if (!info.ok()) {
      if (problem.ok()) problem = info.status();
      continue;
    }
    if (!info->primary()) {
      replica = true;
      parts_.board->Update(
          [](RelayStatus& status) { status.source.reached_once = status.source.sql_reachable = true; });
      continue;
    }
    sql_ = *std::move(session);
    server_ = *std::move(info);
    layouts_ = make_layouts_(sql_.get(), ServerName(server_));
    parts_.board->Update([&](RelayStatus& status) {
      status.source.reached_once = true;
      status.source.sql_reachable = true;
      status.source.host = sql_->host().ToString();
      status.source.server = absl::StrCat(FlavorName(server_.flavor), server_.version);
      status.source.server_uuid = ServerName(server_);
    });
    return absl::OkStatus();
  }
  if (replica) {
    no_primary_ = true;
    SetState(RelayState::kWaiting, "no host is a writable primary; one is waited for");
    return absl::UnavailableError(
        "no host of DB_HOST is a writable primary (read_only is on, or it replicates from another server); one is "
        "waited for");
  }
  if (problem.ok()) return absl::CancelledError("stopping");
  return problem;
}

absl::Status StreamWorker::Plan() {
  StartFacts facts;
  facts.server = server_;
  facts.start = options_.start;
  facts.dump_refused = dump_refused_;
  for (const OutboxSchema& table : parts_.state->tables()) {
    TableCheckpoint now;
    now.schema = table.schema;
    now.table = table.table;
    now.created = table.created;
    facts.tables.push_back(std::move(now));
  }
  facts.reached = reached_;
  if (planned_) {
    // What this process has handed over counts, not only what is acknowledged: a reconnect repeats nothing.
    facts.reached = parts_.state->CheckpointAt(parts_.tracker->handed());
  }
  if (facts.reached.has_value() && facts.reached->has_position() && facts.reached->server_uuid == ServerName(server_)) {
    ASSIGN_OR_RETURN(const HistoryCheck history, probe_history_(sql_->host(), server_, *facts.reached));
    if (history.verdict == HistoryCheck::Verdict::kRewritten) facts.history_rewritten = history.explanation;
  }
  ASSIGN_OR_RETURN(StartPlan plan, PlanStart(facts));
  if (planned_ && plan.restart) {
    // Another history: what is under way belongs to the old one. Acks that still come count; what they don't cover is
    // found in the table.
    parts_.tracker->WaitUntilIdle(absl::Seconds(10));
  }
  if (plan.restart || !planned_) {
    parts_.tracker->Restart(plan.from);
    // A DDL may stand in what is not read.
    if (plan.restart) parts_.layouts->Clear();
    if (plan.restart && facts.reached.has_value()) {
      const bool rewritten = plan.reason == SweepReason::kHistoryRewritten;
      LogEvent(LogLevel::kWarning, rewritten ? LogCode::kStreamHistoryRewritten : LogCode::kStreamPurged,
               absl::StrCat(plan.explanation, "; the tables are swept, then reading goes on from now"));
    } else {
      LogEvent(LogLevel::kInfo, facts.reached.has_value() ? LogCode::kCheckpointLoaded : LogCode::kCheckpointAbsent,
               plan.explanation, {{"position", plan.from.position.ToString()}, {"gtids", plan.from.gtids.ToString()}});
    }
  }
  if (plan.void_ledger) {
    for (size_t i = 0; i < parts_.state->table_count(); ++i) parts_.ledger->Void(i);
    LogEvent(LogLevel::kWarning, LogCode::kLedgerVoided, plan.explanation);
  }
  if (plan.skip_pending) {
    for (size_t i = 0; i < parts_.state->table_count(); ++i) {
      ASSIGN_OR_RETURN(const IdSet pending, ReadPendingIds(sql_.get(), parts_.state->table(i), kIdChunk, parts_.stop));
      parts_.ledger->Skip(i, pending);
    }
  }
  for (size_t table : plan.sweep) {
    SweepProgress progress;
    progress.phase = SweepProgress::Phase::kTable;
    progress.start_gtids = plan.from.gtids;
    progress.start = plan.from.position;
    parts_.state->set_sweep(table, progress);
  }
  parts_.state->set_server(ServerName(server_));
  plan_ = std::move(plan);
  planned_ = true;
  dump_refused_ = false;
  return absl::OkStatus();
}

absl::Status StreamWorker::Open() {
  LowWaterMark from = parts_.tracker->handed();
  ASSIGN_OR_RETURN(owned_source_, open_source_(sql_->host(), from, plan_.by_gtid));
  absl::MutexLock lock(&source_mutex_);
  source_ = owned_source_.get();
  return absl::OkStatus();
}

absl::Status StreamWorker::After(Delivery::Result result) {
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

absl::Status StreamWorker::JudgeLedger(size_t table, const OutboxSchema& schema, const IdSet& pending) {
  const IdSet published = parts_.ledger->All(table);
  const TableCheckpoint* known = reached_.has_value() ? reached_->FindTable(schema.schema, schema.table) : nullptr;
  ASSIGN_OR_RETURN(const TableIdentity identity,
                   CheckTableIdentity(sql_.get(), schema, known == nullptr ? schema.created : known->created));
  IdSet others = pending;
  others.Subtract(published);
  if (LedgerStillHolds(identity, published, others)) return absl::OkStatus();
  parts_.ledger->Void(table);
  LogEvent(
      LogLevel::kWarning, LogCode::kLedgerVoided,
      "whether the ids that were published still name the same rows can't be told, since a part of the log went by "
      "unread: rows may be published again",
      {{"schema", schema.schema}, {"ids", published.size()}});
  return absl::OkStatus();
}

absl::Status StreamWorker::SweepBeforeStreaming() {
  SetState(RelayState::kSweeping, "publishing the rows that wait in the table");
  parts_.metrics->Sweeps(plan_.reason).Add();
  LogEvent(LogLevel::kInfo, LogCode::kSweepStarted, "publishing the rows that wait in the table before reading the log",
           {{"reason", SweepReasonName(plan_.reason)}});
  uint64_t found = 0;
  for (size_t table : plan_.sweep) {
    const OutboxSchema schema = parts_.state->table(table);
    ASSIGN_OR_RETURN(IdSet pending, ReadPendingIds(sql_.get(), schema, kIdChunk, parts_.stop));
    pending.Subtract(parts_.ledger->Skipped(table));
    if (plan_.reason == SweepReason::kPurged) RETURN_IF_ERROR(JudgeLedger(table, schema, pending));
    pending.Subtract(parts_.ledger->All(table));
    found += pending.size();
    parts_.sweeps->Offer(table, pending);
  }
  cdc::BinlogPosition until;
  auto end = AskLogEnd(sql_.get());
  if (end.ok()) until = end->position;
  parts_.board->Update([&](RelayStatus& status) {
    status.sweep.running = true;
    status.sweep.reason = std::string(SweepReasonName(plan_.reason));
    status.sweep.pending_rows = found;
  });
  while (parts_.sweeps->waiting() > 0) {
    parts_.board->Beat(RelayThread::kStream);
    ASSIGN_OR_RETURN(const Delivery::Result result, publisher_.PublishSome(sql_.get(), kTableChunk));
    if (result == Delivery::Result::kRewind) {
      RETURN_IF_ERROR(Rewind());
      continue;
    }
    RETURN_IF_ERROR(After(result));
    const uint64_t waiting = parts_.sweeps->waiting();
    parts_.board->Update([&](RelayStatus& status) { status.sweep.pending_rows = waiting; });
  }
  for (size_t table : plan_.sweep) {
    SweepProgress progress = parts_.state->sweep(table);
    progress.phase = until.empty() ? SweepProgress::Phase::kNone : SweepProgress::Phase::kStream;
    progress.until = until;
    parts_.state->set_sweep(table, progress);
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

absl::Status StreamWorker::Rewind() {
  RETURN_IF_ERROR(parts_.delivery->Recover());
  parts_.tracker->Rewind();
  publisher_.RetryHeld();
  return absl::OkStatus();
}

absl::Status StreamWorker::Read() {
  std::vector<cdc::TableInterest> interests;
  skip_by_ledger_ = false;
  for (size_t i = 0; i < parts_.state->table_count(); ++i) {
    const OutboxSchema table = parts_.state->table(i);
    cdc::TableInterest interest{table.schema, table.table, {}, table.NameOf(kId)};
    for (size_t c = 0; c < kOutboxColumnCount; ++c) {
      interest.columns.push_back(table.NameOf(static_cast<OutboxColumn>(c)));
    }
    interests.push_back(std::move(interest));
    skip_by_ledger_ |= parts_.state->sweep(i).phase == SweepProgress::Phase::kStream;
  }
  LearnLayouts(parts_.tracker->handed().position);
  cdc::TransactionReaderOptions reader_options = options_.reader;
  reader_options.fold_table_names = server_.lower_case_table_names != 0;
  cdc::TransactionReader reader(owned_source_.get(), layouts_.get(), std::move(interests), reader_options);
  bool first = true;
  for (;;) {
    parts_.board->Beat(RelayThread::kStream);
    if (Stopped() || parts_.delivery->rewind_needed()) return absl::CancelledError("the stream is asked to stop");
    if (parts_.sweeps->waiting() > 0) {
      ASSIGN_OR_RETURN(const Delivery::Result result, publisher_.PublishSome(sql_.get(), kTableChunk));
      RETURN_IF_ERROR(After(result));
    }
    ASSIGN_OR_RETURN(const cdc::StreamItem* item, reader.Next());
    if (first) {
      first = false;
      streamed_once_ = true;
      backoff_.Reset();
      SetState(RelayState::kStreaming, "");
      parts_.metrics->mysql_connected.Set(1);
      LogEvent(LogLevel::kInfo, LogCode::kStreamConnected, "reading the binary log",
               {{"host", sql_->host().ToString()},
                {"server", absl::StrCat(FlavorName(server_.flavor), server_.version)},
                {"by", plan_.by_gtid ? "gtid" : "position"}});
      parts_.board->Update([&](RelayStatus& status) {
        status.source.connected = true;
        status.source.connected_since = parts_.clock->Now();
        status.source.problem.reset();
      });
    }
    if (item->end.offset > item->begin.offset) parts_.metrics->binlog_bytes.Add(item->end.offset - item->begin.offset);
    switch (item->kind) {
      case cdc::StreamItem::Kind::kTransaction:
        RETURN_IF_ERROR(HandleTransaction(*item));
        break;
      case cdc::StreamItem::Kind::kForeign:
        parts_.metrics->transactions_foreign.Add();
        parts_.tracker->Foreign(*item);
        break;
      case cdc::StreamItem::Kind::kIdle:
        HandleNotes(*item);
        parts_.tracker->Foreign(*item);
        if (skip_by_ledger_) FinishSweeps();
        break;
      case cdc::StreamItem::Kind::kEnd:
        return absl::UnavailableError("the server ended the dump");
    }
  }
}

void StreamWorker::FinishSweeps() {
  const cdc::BinlogPosition mark = parts_.tracker->low_water().position;
  skip_by_ledger_ = false;
  for (size_t i = 0; i < parts_.state->table_count(); ++i) {
    const SweepProgress progress = parts_.state->sweep(i);
    if (progress.phase != SweepProgress::Phase::kStream) continue;
    if (mark < progress.until) {
      skip_by_ledger_ = true;
      continue;
    }
    parts_.state->set_sweep(i, SweepProgress());
    parts_.sweeps->Request(plan_.reason);
  }
}

absl::Status StreamWorker::HandleTransaction(const cdc::StreamItem& item) {
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
  if (skip_by_ledger_) FinishSweeps();
  return absl::OkStatus();
}

bool StreamWorker::IsRequeue(const cdc::RowChange& change) {
  const cdc::ColumnValue& errored = change.after[kErrored];
  if (Is(errored, "0") && !Is(change.before[kErrored], "0")) return true;
  const cdc::ColumnValue& claimed = change.after[kBatchId];
  if (claimed.has_value() && !change.before[kBatchId].has_value() && !change.after[kPushCompletedAt].has_value()) {
    LogEvent(LogLevel::kWarning, LogCode::kStreamPollingRelay,
             "a polling relay claims rows of this table: stop it, or rows are published twice");
    return false;
  }
  for (OutboxColumn column : {kTopic, kPayloadJson, kKey, kPartitionKey}) {
    const cdc::ColumnValue& before = change.before[column];
    const cdc::ColumnValue& after = change.after[column];
    if (before.has_value() && after.has_value() && before.text != after.text) {
      parts_.metrics->upserts.Add();
      LogEvent(LogLevel::kWarning, LogCode::kStreamUpsert,
               "a row of the outbox was changed in place (UPDATE, REPLACE or ON DUPLICATE KEY UPDATE): that sends "
               "nothing; insert a new row");
      break;
    }
  }
  return false;
}

absl::Status StreamWorker::HandleRow(const cdc::StreamItem& item, const cdc::RowChange& change, bool* begun) {
  bool requeued = false;
  absl::Span<const cdc::ColumnValue> values = change.after;
  switch (change.kind) {
    case cdc::RowChange::Kind::kDelete:
      return absl::OkStatus();
    case cdc::RowChange::Kind::kUpdate:
      requeued = IsRequeue(change);
      if (!requeued) return absl::OkStatus();
      break;
    case cdc::RowChange::Kind::kInsert:
      break;
  }
  const cdc::ColumnValue& id_value =
      values[kId].has_value() || change.before.empty() ? values[kId] : change.before[kId];
  const std::optional<uint64_t> id = id_value.has_value() ? ParseOutboxId(id_value.text) : std::nullopt;
  if (!id.has_value()) {
    return absl::FailedPreconditionError(absl::StrCat("a row of `", parts_.state->table(change.table).schema, "`.`",
                                                      options_.outbox_table, "` at ", item.begin.ToString(),
                                                      " has no integer in its column id; the relay needs one"));
  }
  const RowKey key{static_cast<uint32_t>(change.table), *id};
  while (!parts_.tracker->WaitForRoom(absl::Milliseconds(50))) {
    parts_.board->Beat(RelayThread::kStream);
    if (Stopped()) return absl::CancelledError("stopping");
    if (parts_.delivery->rewind_needed()) return After(Delivery::Result::kRewind);
  }
  if (!*begun) {
    parts_.tracker->Begin(item);
    *begun = true;
  }
  const AckTracker::Ticket ticket = parts_.tracker->Add(key);
  if (ticket.settled) return absl::OkStatus();
  if (skip_by_ledger_ && !requeued && parts_.ledger->Contains(change.table, *id)) {
    const SweepProgress sweep = parts_.state->sweep(change.table);
    if (sweep.phase == SweepProgress::Phase::kStream && item.begin < sweep.until) {
      // Sent from the table already.
      parts_.tracker->Settle(ticket.ordinal, key);
      return absl::OkStatus();
    }
  }
  if (!ticket.replayed) parts_.ledger->RemoveFromOlder(change.table, *id);
  if (requeued) {
    LogEvent(LogLevel::kInfo, LogCode::kRowsRequeued, "errored was set back to 0: the row is sent again",
             {{"id", id_value.text}});
    if (!ticket.replayed) parts_.metrics->rows_requeued.Add();
  }
  if (RowSender::MissingColumn(values)) {
    return SendRowFromTable(item, change.table, *id, ticket.ordinal, requeued);
  }
  return SendRow(item, change.table, *id, ticket.ordinal, values, requeued);
}

absl::Status StreamWorker::SendRow(const cdc::StreamItem& item, size_t table, uint64_t id, uint64_t ordinal,
                                   absl::Span<const cdc::ColumnValue> values, bool requeued) {
  if (options_.gtid_header && gtid_text_.empty() && item.gtid.has_value()) item.gtid->AppendTo(&gtid_text_);
  const Delivery::Row row{{static_cast<uint32_t>(table), id}, ordinal, item.commit_time};
  ASSIGN_OR_RETURN(const Delivery::Result result,
                   parts_.sender->Send(parts_.state->schema(table), values, row, item.commit_time, gtid_text_));
  static_cast<void>(requeued);
  return After(result);
}

absl::Status StreamWorker::SendRowFromTable(const cdc::StreamItem& item, size_t table, uint64_t id, uint64_t ordinal,
                                            bool only_pending) {
  bool found = false;
  // Locking, since the log shows a commit before a SELECT does.
  RETURN_IF_ERROR(ReadRows(sql_.get(), parts_.state->table(table), {id},
                           {.only_pending = only_pending, .for_share = true},
                           [&](uint64_t, absl::Span<const cdc::ColumnValue> values) {
                             found = true;
                             return SendRow(item, table, id, ordinal, values, only_pending);
                           }));
  // Gone, or errored again: there is nothing left to send.
  if (!found) parts_.tracker->Settle(ordinal, {static_cast<uint32_t>(table), id});
  return absl::OkStatus();
}

absl::Status StreamWorker::HandleSchemaChanges(const cdc::StreamItem& item) {
  LearnLayouts(item.end);
  for (const cdc::SchemaChange& change : item.schema_changes) {
    for (size_t i = 0; i < parts_.state->table_count(); ++i) {
      if (parts_.state->schema(i) != change.schema) continue;
      LogEvent(LogLevel::kWarning, LogCode::kStreamSchemaChanged, change.statement.substr(0, 120),
               {{"schema", change.schema}, {"table", change.table}});
      // Rows that are under way belong to the ids before the change.
      while (!parts_.tracker->WaitUntilIdle(absl::Milliseconds(50))) {
        parts_.board->Beat(RelayThread::kStream);
        if (Stopped()) return absl::CancelledError("stopping");
        if (parts_.delivery->rewind_needed()) return After(Delivery::Result::kRewind);
      }
      if (parts_.ledger->size(i) > 0) {
        parts_.ledger->Void(i);
        LogEvent(LogLevel::kWarning, LogCode::kLedgerVoided,
                 "the table was changed: its rows that are still there may be published again",
                 {{"schema", change.schema}});
        parts_.sweeps->Request(SweepReason::kLedgerVoid);
      } else if (change.kind == cdc::SchemaChange::Kind::kRename) {
        // A table that was renamed in has rows that were logged under its other name.
        parts_.sweeps->Request(SweepReason::kLedgerVoid);
      }
      auto table = ReadOutboxSchema(sql_.get(), change.schema, options_.outbox_table);
      if (table.ok() && table->exists) parts_.state->set_table(i, *std::move(table));
    }
  }
  return absl::OkStatus();
}

void StreamWorker::LearnLayouts(const cdc::BinlogPosition& at) {
  if (at.empty()) return;
  for (const OutboxSchema& table : parts_.state->tables()) {
    layouts_->LayoutOf(table.schema, table.table, at).IgnoreError();
  }
}

void StreamWorker::HandleNotes(const cdc::StreamItem& item) {
  if (item.incident) {
    LogEvent(LogLevel::kError, LogCode::kStreamIncident, "the server's log has a gap (INCIDENT event); a sweep follows",
             {{"position", item.begin.ToString()}});
    parts_.sweeps->Request(SweepReason::kIncident);
  }
  if (item.unknown_xa_commit) {
    LogEvent(LogLevel::kInfo, LogCode::kStreamXaUnknown,
             "an XA transaction committed that was prepared before our start; a sweep brings its rows");
    parts_.sweeps->Request(SweepReason::kXa);
  }
  if (item.statement_dml) {
    if (item.statement_names_table) {
      LogEvent(
          LogLevel::kWarning, LogCode::kStreamStatement,
          "a statement that names the outbox was logged as text; a sweep brings its rows: set binlog_format=ROW in "
          "every session",
          {{"position", item.begin.ToString()}});
    }
    const absl::Duration now = parts_.clock->Monotonic();
    if (item.statement_names_table || now - last_statement_sweep_ > kStatementSweepPause) {
      last_statement_sweep_ = now;
      parts_.sweeps->Request(SweepReason::kStatement);
    }
  }
}

}  // namespace relay
