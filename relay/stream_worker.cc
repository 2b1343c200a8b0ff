// SPDX-License-Identifier: Apache-2.0
#include "relay/stream_worker.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"
#include "relay/outbox/outbox_table.h"
#include "relay/outbox/pending_rows.h"
#include "relay/outbox/table_identity.h"
#include "relay/status/logging.h"
#include "relay/stream/commit_barrier.h"
#include "relay/stream/replaced_table.h"

namespace relay {
namespace {

constexpr absl::Duration kStep = absl::Milliseconds(200);
// A connection that lived so long was a good one.
constexpr absl::Duration kGoodConnection = absl::Seconds(10);
// The server's set of transactions may lag its log by as long as a commit waits for a replica (semi-sync, AFTER_SYNC:
// 10 s by default).
constexpr absl::Duration kShortfallGrace = absl::Seconds(15);
// Below any wait_timeout in use.
constexpr absl::Duration kSessionIdle = absl::Seconds(30);

absl::string_view FlavorName(SqlSession::Flavor flavor) {
  return flavor == SqlSession::Flavor::kMariadb ? "MariaDB " : "MySQL ";
}

}  // namespace

StreamWorker::StreamWorker(Options options, SourceFactory open_source, LayoutFactory layouts,
                           HistoryProbe probe_history, TableSweep::Barrier barrier, Parts parts,
                           std::optional<Checkpoint> reached)
    : options_(std::move(options)),
      open_source_(std::move(open_source)),
      make_layouts_(std::move(layouts)),
      probe_history_(std::move(probe_history)),
      parts_(parts),
      sweep_({parts.publisher, parts.state, parts.ledger, parts.sweeps, parts.metrics, parts.board, parts.clock,
              parts.stop, std::move(barrier), [this] { return Rewind(); }}),
      loaded_(std::move(reached)) {}

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
  parts_.metrics->active.Set(state == RelayState::kSweeping || state == RelayState::kStreaming ? 1 : 0);
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

void StreamWorker::NoteFailure(const absl::Status& status) {
  dump_refused_ = absl::IsOutOfRange(status);
  parts_.metrics->mysql_connected.Set(0);
  parts_.board->Update([&](RelayStatus& board) {
    board.source.connected = false;
    board.source.problem = RelayStatus::Problem{parts_.clock->Now(), std::string(status.message())};
  });
  LogEvent(LogLevel::kWarning,
           parts_.finder->waits()     ? LogCode::kStreamNoPrimary
           : absl::IsDataLoss(status) ? LogCode::kStreamDamaged
           : absl::IsAborted(status)  ? LogCode::kStreamTakenOver
                                      : LogCode::kStreamDisconnected,
           status.message());
}

absl::Status StreamWorker::Run() {
  RETURN_IF_ERROR(parts_.delivery->Start());
  while (!Stopped()) {
    absl::Status status = Connection();
    handling_.store(false);
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
    NoteFailure(status);
    sql_.reset();
    const absl::Duration until = parts_.clock->Monotonic() + backoff_.Next();
    while (!Stopped() && parts_.clock->Monotonic() < until) {
      parts_.board->Beat(RelayThread::kStream);
      parts_.stop->WaitForNotificationWithTimeout(kStep);
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
    // What the columns are can be proven now. The sweep may take long, and end with the process.
    parts_.handler->Connected(sql_.get(), layouts_.get(), GtidsTellVisibility(server_));
    LearnLayouts();
    SetState(RelayState::kSweeping, "publishing the rows that wait in the table");
    RETURN_IF_ERROR(sweep_.Run(sql_.get(), server_, plan_.sweep));
    plan_.sweep.clear();
  }
  absl::Status status = Read();
  if (absl::IsFailedPrecondition(status) && for_branches_ && !pass_over_.empty()) {
    // A change of another table's columns lies between, which was passed long ago. A sweep brings the branches' rows.
    branches_readable_ = false;
    return absl::UnavailableError(status.message());
  }
  return status;
}

std::optional<Checkpoint> StreamWorker::Reached() const {
  // What this process has handed over counts, not only what is acknowledged: a reconnect repeats nothing.
  if (planned_) return parts_.state->CheckpointAt(parts_.tracker->handed());
  return loaded_;
}

absl::Status StreamWorker::ConnectToPrimary() {
  if (sql_ != nullptr && sql_->alive()) {
    auto info = AskServerInfo(sql_.get());
    if (info.ok() && info->primary()) {
      server_ = *std::move(info);
      return absl::OkStatus();
    }
  }
  layouts_.reset();
  sql_.reset();
  const std::optional<Checkpoint> reached = Reached();
  auto found = parts_.finder->Find(reached.has_value() ? reached->gtids : cdc::GtidSet(), parts_.stop);
  if (!found.ok()) {
    if (parts_.finder->waits()) {
      SetState(RelayState::kWaiting, std::string(found.status().message()));
      parts_.board->Update(
          [](RelayStatus& status) { status.source.reached_once = status.source.sql_reachable = true; });
    } else if (!streamed_once_) {
      SetState(RelayState::kStarting, "");
    }
    return found.status();
  }
  sql_ = std::move(found->session);
  server_ = std::move(found->server);
  ForgetLayouts();
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

bool StreamWorker::SeenShort() const { return shortfall_.has_value() && shortfall_->server == ServerName(server_); }

absl::StatusOr<StartPlan> StreamWorker::MakePlan() {
  StartFacts facts;
  facts.server = server_;
  facts.start = options_.start;
  facts.dump_refused = dump_refused_;
  for (const OutboxSchema& table : parts_.state->tables()) {
    TableCheckpoint now;
    now.schema = table.schema;
    now.table = table.table;
    facts.tables.push_back(std::move(now));
  }
  facts.reached = Reached();
  facts.by_position = planned_ && !plan_.by_gtid;
  facts.seen = seen_;
  HistoryCheck history;
  if (facts.reached.has_value() && facts.reached->has_position() && facts.reached->server_uuid == ServerName(server_)) {
    ASSIGN_OR_RETURN(history, probe_history_(sql_->host(), server_, *facts.reached));
    if (history.verdict == HistoryCheck::Verdict::kRewritten) facts.history_rewritten = history.explanation;
  }
  ASSIGN_OR_RETURN(StartPlan plan, PlanStart(facts));
  const bool seen_short = SeenShort();
  if (!plan.shortfall) {
    // By now it may have given those numbers to others. (MariaDB's replica would then refuse the dump.)
    const bool may_count_anew =
        server_.flavor == SqlSession::Flavor::kMysql || facts.reached->server_uuid == ServerName(server_);
    if (seen_short && may_count_anew && history.verdict != HistoryCheck::Verdict::kSame && !plan.void_ledger) {
      facts.history_rewritten = absl::StrCat("a moment ago ", shortfall_->explanation,
                                             ", and whether it is the same that it has now can't be told");
      return PlanStart(facts);
    }
    return plan;
  }
  const absl::Duration now = parts_.clock->Monotonic();
  if (!seen_short) shortfall_ = {now, ServerName(server_), plan.explanation};
  if (now - shortfall_->since >= kShortfallGrace) return plan;
  return absl::UnavailableError(
      absl::StrCat(plan.explanation, "; right behind a commit that may be so, it is asked again"));
}

void StreamWorker::LogPlan(const StartPlan& plan) const {
  const bool known = Reached().has_value();
  if (plan.restart && known) {
    const bool purged = !plan.sweep.empty() && plan.sweep.front().reason == SweepReason::kPurged;
    LogEvent(LogLevel::kWarning, purged ? LogCode::kStreamPurged : LogCode::kStreamHistoryRewritten,
             absl::StrCat(plan.explanation, "; the tables are swept, then reading goes on from now"));
  } else if (plan.restart || !planned_) {
    LogEvent(LogLevel::kInfo, known ? LogCode::kCheckpointLoaded : LogCode::kCheckpointAbsent, plan.explanation,
             {{"position", plan.from.position.ToString()}, {"gtids", plan.from.gtids.ToString()}});
  }
  if (plan.void_ledger) LogEvent(LogLevel::kWarning, LogCode::kLedgerVoided, plan.explanation);
}

void StreamWorker::LogLost(const cdc::GtidSet& lost) const {
  parts_.metrics->failover_lost.Add(lost.Count());
  LogEvent(
      LogLevel::kWarning, LogCode::kStreamTransactionsLost,
      "the new primary lacks transactions that were read: what was published of them stays published; should their "
      "numbers be given anew, or the old server bring them back, they are read as new ones",
      {{"gtids", lost.ToString()}, {"server", ServerName(server_)}});
}

absl::Status StreamWorker::Plan() {
  ASSIGN_OR_RETURN(StartPlan plan, MakePlan());
  const bool seen_short = SeenShort();
  // Of what is to be read again some was lost, or lacked for a while: a number does not tell its transaction any more.
  const bool forget = !plan.lost.empty() || (seen_short && !parts_.tracker->handed().gtids.Contains(seen_));
  if (planned_ && (plan.restart || forget)) {
    // Another history: what is under way belongs to the old one. What is acknowledged by now counts; what isn't is
    // found in the table.
    parts_.tracker->WaitUntilIdle(absl::Seconds(10));
    // What is lacking has to be found again, should this plan fail.
    seen_.Union(parts_.tracker->handed().gtids);
    LowWaterMark mark = parts_.tracker->Rewind();
    parts_.sweeps->RetryHeld();
    if (!plan.restart) {
      Unread(plan.lost, &mark);
      plan.from = std::move(mark);
    }
  }
  LogPlan(plan);
  RETURN_IF_ERROR(Prepare(plan));
  if (plan.restart) {
    parts_.state->BeginHistory();
    plan.from.server = parts_.state->set_server(ServerName(server_), {});
  }
  if (plan.restart || forget || !planned_) {
    parts_.tracker->Restart(plan.from);
    seen_ = {};
  }
  if (!plan.lost.empty()) LogLost(plan.lost);
  if (seen_short) shortfall_.reset();
  if (plan.restart) {
    // A DDL may stand in what is not read.
    parts_.layouts->Clear();
    // Nothing was added since but what was settled of the old history.
    if (plan.void_ledger) {
      for (size_t i = 0; i < parts_.state->table_count(); ++i) parts_.ledger->Void(i);
    }
  }
  parts_.state->Planned();
  plan_ = std::move(plan);
  planned_ = true;
  dump_refused_ = false;
  return absl::OkStatus();
}

absl::Status StreamWorker::Prepare(const StartPlan& plan) {
  if (plan.void_ledger) {
    const bool same_server = parts_.state->server() == ServerName(server_);
    for (size_t i = 0; i < parts_.state->table_count(); ++i) {
      parts_.ledger->Void(i);
      // When this server's table was made says nothing beside when the other one's was.
      if (!same_server) parts_.state->set_created(i, "");
    }
  }
  if (plan.skip_pending) {
    for (size_t i = 0; i < parts_.state->table_count(); ++i) {
      ASSIGN_OR_RETURN(const IdSet pending,
                       ReadPendingIds(sql_.get(), parts_.state->table(i), kPendingIdChunk, parts_.stop));
      parts_.ledger->Skip(i, pending);
    }
  }
  std::vector<bool> swept(parts_.state->table_count());
  for (const PlannedSweep& sweep : plan.sweep) {
    parts_.state->set_sweep(sweep.table, sweep.progress);
    swept[sweep.table] = true;
  }
  for (size_t i = 0; i < swept.size(); ++i) {
    if (!swept[i]) RETURN_IF_ERROR(ConfirmTable(i));
  }
  return absl::OkStatus();
}

absl::Status StreamWorker::ConfirmTable(size_t table) {
  const OutboxSchema schema = parts_.state->table(table);
  // Two servers may have made one table at different times, and what one of them lacks the log brings.
  const bool same_server = parts_.state->server() == ServerName(server_);
  ASSIGN_OR_RETURN(const TableIdentity identity,
                   CheckTableIdentity(sql_.get(), schema, same_server ? parts_.state->created(table) : ""));
  if (identity.verdict == TableIdentity::Verdict::kGone) return absl::OkStatus();  // The log brings the DROP.
  if (identity.verdict == TableIdentity::Verdict::kOther) {
    ForgetReplacedTable(table, identity, *parts_.state, parts_.tracker, parts_.ledger, parts_.sweeps);
  }
  parts_.state->set_created(table, identity.created);
  return absl::OkStatus();
}

std::optional<cdc::BinlogPosition> StreamWorker::OldestBranch(const LowWaterMark& from) const {
  if (plan_.by_gtid && server_.flavor != SqlSession::Flavor::kMariadb) return std::nullopt;
  if (!branches_readable_) return std::nullopt;
  std::optional<cdc::BinlogPosition> oldest;
  for (const cdc::OpenXaBranch& branch : from.open_xa) {
    const cdc::BinlogPosition& begin = branch.prepare_position;
    // Of a branch whose log was purged the table has to tell.
    const bool kept = std::any_of(server_.logs.begin(), server_.logs.end(),
                                  [&](const BinaryLog& log) { return log.name == begin.file; });
    if (kept && begin < from.position && (!oldest.has_value() || begin < *oldest)) oldest = begin;
  }
  return oldest;
}

absl::Status StreamWorker::Open() {
  // Their places are in another server's log.
  if (parts_.state->server() != ServerName(server_)) parts_.tracker->ForgetBranches();
  LowWaterMark from = parts_.tracker->handed();
  bool by_gtid = plan_.by_gtid;
  pass_over_ = {};
  for_branches_ = false;
  if (std::optional<cdc::BinlogPosition> branch = OldestBranch(from)) {
    for_branches_ = true;
    pass_over_ = std::exchange(from.position, *std::move(branch));
    by_gtid = false;
  }
  if (!by_gtid && !from.position.reachable()) {
    if (pass_over_.empty()) pass_over_ = from.position;
    from.position.offset = 0;
  }
  ASSIGN_OR_RETURN(owned_source_, open_source_(sql_.get(), from, by_gtid));
  if (opened_once_) parts_.metrics->reconnects_mysql.Add();
  opened_once_ = true;
  opened_ = parts_.clock->Monotonic();
  parts_.metrics->mysql_connected.Set(1);
  parts_.board->Update([&](RelayStatus& status) {
    status.source.connected = true;
    status.source.connected_since = parts_.clock->Now();
    status.source.problem.reset();
  });
  absl::MutexLock lock(&source_mutex_);
  source_ = owned_source_.get();
  return absl::OkStatus();
}

absl::Status StreamWorker::Rewind() {
  RETURN_IF_ERROR(parts_.delivery->Recover());
  seen_.Union(parts_.tracker->handed().gtids);
  parts_.tracker->Rewind();
  parts_.sweeps->RetryHeld();
  return absl::OkStatus();
}

std::vector<cdc::TableInterest> StreamWorker::Interests() const {
  std::vector<cdc::TableInterest> interests;
  for (const OutboxSchema& table : parts_.state->tables()) {
    cdc::TableInterest interest{table.schema, table.table, {}, table.NameOf(kId)};
    for (size_t c = 0; c < kOutboxColumnCount; ++c) {
      interest.columns.push_back(table.NameOf(static_cast<OutboxColumn>(c)));
    }
    interests.push_back(std::move(interest));
  }
  return interests;
}

void StreamWorker::LearnLayouts() {
  const cdc::BinlogPosition handed = parts_.tracker->handed().position;
  parts_.handler->LearnLayouts(handed.empty() ? server_.log_end.position : handed);
}

void StreamWorker::ForgetLayouts() {
  const LowWaterMark mark = parts_.tracker->low_water();
  if (planned_ && parts_.state->IsHere(mark)) parts_.layouts->ForgetBefore(mark.position);
}

void StreamWorker::Arrived() {
  streamed_once_ = true;
  SetState(RelayState::kStreaming, "");
  LogEvent(LogLevel::kInfo, LogCode::kStreamConnected, "reading the binary log",
           {{"host", sql_->host().ToString()},
            {"server", absl::StrCat(FlavorName(server_.flavor), server_.version)},
            {"by", plan_.by_gtid ? "gtid" : "position"}});
}

absl::Status StreamWorker::Read() {
  parts_.handler->Connected(sql_.get(), layouts_.get(), GtidsTellVisibility(server_));
  LearnLayouts();
  cdc::TransactionReaderOptions reader_options = options_.reader;
  reader_options.fold_table_names = server_.lower_case_table_names != 0;
  cdc::TransactionReader reader(owned_source_.get(), layouts_.get(), Interests(), reader_options);
  bool arrived = false;
  for (;;) {
    handling_.store(false);
    parts_.board->Beat(RelayThread::kStream);
    if (Stopped() || parts_.delivery->rewind_needed()) return absl::CancelledError("the stream is asked to stop");
    if (parts_.sweeps->waiting() > 0) {
      ASSIGN_OR_RETURN(const Delivery::Result result, parts_.publisher->PublishSome(sql_.get(), kSweepChunk));
      RETURN_IF_ERROR(TransactionHandler::After(result));
    }
    RETURN_IF_ERROR(parts_.handler->KeepSession(kSessionIdle));
    ASSIGN_OR_RETURN(const cdc::StreamItem* item, reader.Next());
    // Before the last look at the stop: whoever notified it either sees this, or nothing is begun.
    handling_.store(true);
    if (Stopped()) return absl::CancelledError("stopping");
    if (item->end.offset > item->begin.offset) parts_.metrics->binlog_bytes.Add(item->end.offset - item->begin.offset);
    if (!arrived) {
      parts_.tracker->ReadFrom(parts_.state->set_server(ServerName(server_), parts_.tracker->handed().gtids));
    }
    RETURN_IF_ERROR(Handle(*item));
    if (!std::exchange(arrived, true)) Arrived();
  }
}

bool StreamWorker::BehindWhatWasHanded(const cdc::StreamItem& item) const {
  // A dump by GTID begins with a place before what it sends: the head of the file, or where an index of the file leads.
  // And an XA branch that is undecided is sent again, before what was read behind it. Beside the newest transaction
  // that would be a position at which the log has another one.
  if ((item.kind != cdc::StreamItem::Kind::kIdle && !item.gtid_withheld) || !plan_.by_gtid) return false;
  const LowWaterMark handed = parts_.tracker->handed();
  return parts_.state->IsHere(handed) && item.end < handed.position;
}

absl::Status StreamWorker::Handle(const cdc::StreamItem& item) {
  if (item.kind == cdc::StreamItem::Kind::kEnd) return absl::UnavailableError("the server ended the dump");
  if (!pass_over_.empty()) {
    if (item.end <= pass_over_) return absl::OkStatus();
    pass_over_ = {};
  }
  const bool behind = BehindWhatWasHanded(item);
  if (behind || item.kind != cdc::StreamItem::Kind::kTransaction) {
    parts_.handler->HandleForeign(item, /*moves=*/!behind);
  } else {
    RETURN_IF_ERROR(parts_.handler->Handle(item));
  }
  if (!item.schema_changes.empty()) ForgetLayouts();
  // Not before: a server that breaks off behind its first word has not served us.
  if (item.kind != cdc::StreamItem::Kind::kIdle || parts_.clock->Monotonic() - opened_ > kGoodConnection) {
    backoff_.Reset();
  }
  return absl::OkStatus();
}

}  // namespace relay
