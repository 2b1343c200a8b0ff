// SPDX-License-Identifier: Apache-2.0
#include "cdc/transaction_reader.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <utility>
#include <variant>

#include "absl/hash/hash.h"
#include "absl/numeric/int128.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cdc/event/event_header.h"
#include "cdc/event/rows_event.h"
#include "relay/base/status_macros.h"

namespace cdc {
namespace {

constexpr size_t kMaxEarlySavepoints = 65536;

std::string SpillDirectory(const TransactionReaderOptions& options) {
  if (!options.spill_directory.empty()) return options.spill_directory;
  const char* const tmpdir = std::getenv("TMPDIR");
  return tmpdir != nullptr && *tmpdir != '\0' ? tmpdir : "/tmp";
}

std::vector<size_t> KeyColumns(const std::vector<TableInterest>& interests) {
  std::vector<size_t> columns;
  for (const TableInterest& interest : interests) {
    size_t found = TransactionBuffer::kNoKey;
    for (size_t i = 0; i < interest.columns.size(); ++i) {
      if (!interest.key_column.empty() && interest.columns[i] == interest.key_column) found = i;
    }
    columns.push_back(found);
  }
  return columns;
}

// As both servers write it into XA COMMIT, but for the format's upper half.
std::string XidText(const XaPrepareEvent& prepare) {
  return absl::StrCat("X'", absl::BytesToHexString(prepare.gtrid), "',X'", absl::BytesToHexString(prepare.bqual), "',",
                      prepare.format_id);
}

// As XidText has it. MySQL takes formats of 64 bits and keeps 32 of them in XA_PREPARE and over a restart, but XA
// COMMIT has the whole number.
std::string XidText(absl::string_view logged) {
  const size_t comma = logged.rfind(',');
  absl::int128 format;
  if (comma == absl::string_view::npos || !absl::SimpleAtoi(logged.substr(comma + 1), &format)) {
    return std::string(logged);
  }
  return absl::StrCat(logged.substr(0, comma + 1), static_cast<uint32_t>(format));
}

uint64_t HashOfName(absl::string_view name) { return absl::HashOf(absl::AsciiStrToLower(name)); }

bool IsAscii(absl::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

TransactionReader::TransactionReader(EventSource* source, LayoutProvider* layouts, std::vector<TableInterest> interests,
                                     TransactionReaderOptions options)
    : interests_(std::move(interests)),
      options_(std::move(options)),
      events_(source, options_.verify_checksums),
      plans_(&interests_, layouts, options_.fold_table_names) {
  transaction_.rows = NewBuffer();
}

TransactionReader::~TransactionReader() = default;

std::unique_ptr<TransactionBuffer> TransactionReader::NewBuffer() {
  if (spare_ != nullptr) return std::move(spare_);
  return std::make_unique<TransactionBuffer>(KeyColumns(interests_), options_.memory_limit, SpillDirectory(options_));
}

void TransactionReader::Recycle(std::unique_ptr<TransactionBuffer> buffer) {
  if (buffer == nullptr || spare_ != nullptr) return;
  buffer->Clear();
  spare_ = std::move(buffer);
}

absl::Status TransactionReader::Illegal(const Event& event, absl::string_view what) const {
  static constexpr const char* kStates[] = {"between transactions", "behind a GTID",       "behind a GTID",
                                            "inside a transaction", "inside an XA branch", "behind XA END"};
  return absl::DataLossError(absl::StrCat("at ", events_.begin().ToString(), ": ", EventTypeName(event.header.type),
                                          what.empty() ? "" : " ", what, " event ", kStates[static_cast<int>(state_)]));
}

void TransactionReader::ResetTransaction() {
  state_ = State::kBetween;
  transaction_.rows->Clear();
  transaction_.schema_changes.clear();
  transaction_.statement_dml = transaction_.statement_names_table = transaction_.incident = false;
  savepoints_.clear();
  savepoint_by_name_.clear();
  early_savepoints_.clear();
  early_savepoints_left_out_ = false;
  early_savepoints_ascii_ = true;
  savepoint_guessed_ = false;
  commit_us_ = 0;
  mariadb_ = false;
  gtid_.reset();
}

void TransactionReader::ClearDelivered() {
  Recycle(std::move(delivered_));
  item_.rows = nullptr;
  item_.row_count = 0;
  item_.gtid.reset();
  item_.gtid_withheld = false;
  item_.released_gtids.clear();
  item_.open_xa.clear();
  item_.open_xa_changed = false;
  item_.unknown_xa_commit = false;
  item_.schema_changes.clear();
  item_.statement_dml = item_.statement_names_table = item_.incident = false;
}

absl::StatusOr<const StreamItem*> TransactionReader::Next() {
  ClearDelivered();
  while (true) {
    ASSIGN_OR_RETURN(const Event* event, events_.Next());
    if (event == nullptr) {
      item_.kind = StreamItem::Kind::kEnd;
      item_.begin = item_.end = events_.end();
      return &item_;
    }
    ASSIGN_OR_RETURN(const bool deliver, Handle(*event));
    if (deliver) return &item_;
  }
}

absl::StatusOr<bool> TransactionReader::Handle(const Event& event) {
  RETURN_IF_ERROR(CheckPayload(event));
  ASSIGN_OR_RETURN(const bool deliver,
                   std::visit([this, &event](const auto& body) { return On(event, body); }, event.body));
  if (deliver) payload_used_ = true;
  return deliver;
}

absl::Status TransactionReader::CheckPayload(const Event& event) {
  const uint64_t payload = events_.payload();
  if (payload == payload_) {
    // Its place would be that of the group before it, so that a restart could not tell them apart.
    if (payload != 0 && payload_used_) return Illegal(event, "(behind the group of its payload)");
    return absl::OkStatus();
  }
  if (InTransaction()) {
    return Illegal(event, payload_ == 0 ? "(of a payload)" : "(behind a payload that does not end its transaction)");
  }
  payload_ = payload;
  payload_used_ = false;
  return absl::OkStatus();
}

bool TransactionReader::TakeStatement() {
  if (state_ == State::kGtidBegan) state_ = State::kInTransaction;
  return state_ == State::kInTransaction || state_ == State::kInXa;
}

bool TransactionReader::Idle() {
  item_.kind = StreamItem::Kind::kIdle;
  item_.begin = events_.begin();
  item_.end = events_.end();
  return true;
}

bool TransactionReader::Abandon() {
  item_.statement_dml = transaction_.statement_dml || !transaction_.rows->empty();
  item_.statement_names_table = transaction_.statement_names_table;
  item_.incident = transaction_.incident;
  ResetTransaction();
  return Idle();
}

void TransactionReader::BeginHere() {
  if (state_ != State::kBetween) return;
  begin_ = events_.begin();
  plans_.BeginTransaction();
}

absl::StatusOr<bool> TransactionReader::On(const Event&, const FormatDescription&) {
  if (state_ == State::kBetween) return false;
  return Abandon();
}

absl::StatusOr<bool> TransactionReader::On(const Event&, const RotateEvent&) { return Abandon(); }

absl::StatusOr<bool> TransactionReader::On(const Event&, const StopEvent&) { return Abandon(); }

absl::StatusOr<bool> TransactionReader::On(const Event& event, const GtidEvent& gtid) {
  if (state_ != State::kBetween) return Illegal(event);
  if (payload_ != 0) return Illegal(event, "(of a payload)");
  BeginHere();
  if (gtid.anonymous) {
    gtid_.reset();
  } else {
    if (!gtid_.has_value()) gtid_.emplace();
    gtid.CopyTo(&*gtid_);
  }
  commit_us_ = gtid.immediate_commit_us;
  mariadb_ = gtid.dialect == Gtid::Dialect::kMariadb;
  state_ = mariadb_ && !gtid.standalone ? State::kGtidBegan : State::kGtidSeen;
  return false;
}

void TransactionReader::Note(const QueryEvent& query, const ClassifiedQuery& classified) {
  for (const TableChange& change : classified.tables) {
    for (size_t i = 0; i < interests_.size(); ++i) {
      const TableInterest& interest = interests_[i];
      // A server that folds names may log them as they were typed.
      if (!absl::EqualsIgnoreCase(interest.schema, change.schema)) continue;
      if (!change.table.empty() && !absl::EqualsIgnoreCase(interest.table, change.table)) continue;
      transaction_.schema_changes.push_back(
          {change.kind, interest.schema, interest.table, std::string(query.text), change.if_not_exists});
      if (change.ChangesColumns()) plans_.Forget(i, begin_);
    }
  }
  if (classified.kind != QueryKind::kDml && !classified.writes_rows) return;
  transaction_.statement_dml = true;
  for (const TableInterest& interest : interests_) {
    if (NamesIdentifier(query.text, interest.table)) transaction_.statement_names_table = true;
  }
}

void TransactionReader::SetSavepoint(const std::string& name) {
  const uint64_t hash = HashOfName(name);
  if (transaction_.rows->empty() && savepoints_.empty()) {
    if (early_savepoints_.size() < kMaxEarlySavepoints) {
      early_savepoints_.insert(hash);
      early_savepoints_ascii_ &= IsAscii(name);
    } else {
      early_savepoints_left_out_ = true;
    }
    return;
  }
  early_savepoints_.erase(hash);
  savepoint_by_name_[hash] = savepoints_.size();
  savepoints_.push_back({hash, IsAscii(name), transaction_.rows->mark()});
}

std::optional<size_t> TransactionReader::SavepointsThatStay(const std::string& savepoint) {
  const uint64_t hash = HashOfName(savepoint);
  const auto found = savepoint_by_name_.find(hash);
  if (found != savepoint_by_name_.end()) return found->second + 1;
  if (early_savepoints_.contains(hash) || early_savepoints_left_out_) return 0;
  // A server takes É and e for one name, by its collation; here the first one that may be meant is. More is undone than
  // should be at worst, which a sweep brings.
  const bool ascii = IsAscii(savepoint);
  std::optional<size_t> stay;
  if (savepoint_guessed_ || !early_savepoints_ascii_ || (!ascii && !early_savepoints_.empty())) stay = 0;
  for (size_t i = 0; i < savepoints_.size() && !stay.has_value(); ++i) {
    if (!ascii || !savepoints_[i].ascii) stay = i + 1;
  }
  savepoint_guessed_ |= stay.has_value();
  return stay;
}

absl::Status TransactionReader::RollBackTo(const Event& event, const std::string& savepoint) {
  const std::optional<size_t> stay = SavepointsThatStay(savepoint);
  if (!stay.has_value()) return Illegal(event, absl::StrCat("(ROLLBACK TO unknown savepoint ", savepoint, ")"));
  const size_t kept = *stay;
  const TransactionBuffer::Mark mark = kept > 0 ? savepoints_[kept - 1].mark : TransactionBuffer::Mark{};
  if (!(mark == transaction_.rows->mark())) {
    transaction_.statement_dml = true;
    RETURN_IF_ERROR(transaction_.rows->TruncateTo(mark));
  }
  for (size_t i = savepoints_.size(); i-- > kept;) {
    const auto living = savepoint_by_name_.find(savepoints_[i].name);
    if (living != savepoint_by_name_.end() && living->second == i) savepoint_by_name_.erase(living);
  }
  savepoints_.resize(kept);
  return absl::OkStatus();
}

absl::StatusOr<bool> TransactionReader::On(const Event& event, const QueryEvent& query) {
  const ClassifiedQuery classified = ClassifyQuery(query);
  const bool in_transaction = InTransaction();
  switch (classified.kind) {
    case QueryKind::kBegin:
      if (in_transaction && state_ != State::kGtidBegan) return Illegal(event, "(BEGIN)");
      BeginHere();
      state_ = State::kInTransaction;
      return false;
    case QueryKind::kCommit:
      if (!MayEnd() && state_ != State::kGtidSeen) return Illegal(event, "(COMMIT)");
      return Commit(event);
    case QueryKind::kRollback:
      if (!MayEnd() && state_ != State::kGtidSeen) return Illegal(event, "(ROLLBACK)");
      return RollBack(event);
    case QueryKind::kSavepoint:
      if (!TakeStatement()) return Illegal(event, "(SAVEPOINT)");
      SetSavepoint(classified.name);
      return false;
    case QueryKind::kRollbackToSavepoint:
      if (!TakeStatement()) return Illegal(event, "(ROLLBACK TO)");
      RETURN_IF_ERROR(RollBackTo(event, classified.name));
      return false;
    case QueryKind::kXaStart:
      if (in_transaction && state_ != State::kGtidBegan) return Illegal(event, "(XA START)");
      BeginHere();
      state_ = State::kInXa;
      return false;
    case QueryKind::kXaEnd:
      if (state_ != State::kInXa && !(mariadb_ && MayEnd())) return Illegal(event, "(XA END)");
      state_ = State::kXaEnded;
      return false;
    case QueryKind::kXaCommit:
    case QueryKind::kXaRollback:
      if (in_transaction) return Illegal(event, "(XA COMMIT or ROLLBACK)");
      BeginHere();
      return classified.kind == QueryKind::kXaCommit ? CommitBranch(event, XidText(classified.name))
                                                     : RollBackBranch(event, XidText(classified.name));
    case QueryKind::kDdl:
    case QueryKind::kDml:
    case QueryKind::kOther:
      break;
  }
  if (in_transaction && !TakeStatement()) return Illegal(event, "(statement)");
  BeginHere();
  Note(query, classified);
  if (in_transaction) return false;
  return Commit(event);
}

absl::StatusOr<bool> TransactionReader::On(const Event& event, const XidEvent&) {
  if (!MayEnd()) return Illegal(event);
  return Commit(event);
}

absl::StatusOr<bool> TransactionReader::On(const Event& event, const XaPrepareEvent& prepare) {
  if (state_ != State::kXaEnded) return Illegal(event);
  if (prepare.one_phase) return Commit(event);
  return Prepare(event, prepare);
}

absl::StatusOr<bool> TransactionReader::On(const Event& event, const TableMapEvent& map) {
  if (!TakeStatement()) return Illegal(event);
  const absl::Status status =
      plans_.Map(map, events_.format().is_mariadb() ? Dialect::kMariaDb : Dialect::kMySql, begin_);
  if (!status.ok()) {
    return absl::Status(status.code(), absl::StrCat("at ", events_.begin().ToString(), ": ", status.message()));
  }
  return false;
}

absl::StatusOr<bool> TransactionReader::On(const Event& event, const RowsBody& rows) {
  if (!TakeStatement()) return Illegal(event);
  const auto located = [this](const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat("at ", events_.begin().ToString(), ": ", status.message()));
  };
  auto table_id = RowsEvent::ParseTableId(rows.body, rows.post_header_length);
  if (!table_id.ok()) return located(table_id.status());
  TablePlans::Plan* const plan = plans_.Find(*table_id);
  if (plan == nullptr) {
    if (*table_id == kDummyTableId) return false;
    return Illegal(event, absl::StrCat("(table id ", *table_id, " that no table map has named)"));
  }
  if (plan->interest == TablePlans::kForeign) return false;
  auto parsed = RowsEvent::Parse(static_cast<uint8_t>(event.header.type), rows.body, rows.post_header_length);
  if (!parsed.ok()) return located(parsed.status());
  const RowChange::Kind kind = parsed->operation == RowsOperation::kInsert   ? RowChange::Kind::kInsert
                               : parsed->operation == RowsOperation::kUpdate ? RowChange::Kind::kUpdate
                                                                             : RowChange::Kind::kDelete;
  absl::Status status = plan->decoder->Start(*parsed);
  while (status.ok()) {
    auto row = plan->decoder->Next();
    if (!row.ok()) return located(row.status());
    if (*row == nullptr) return false;
    status = transaction_.rows->Add(kind, plan->interest, (*row)->before, (*row)->after);
  }
  return located(status);
}

absl::StatusOr<bool> TransactionReader::On(const Event&, const RowsQueryEvent&) { return false; }

absl::StatusOr<bool> TransactionReader::On(const Event&, const HeartbeatEvent&) {
  if (state_ != State::kBetween) return false;
  return Idle();
}

absl::StatusOr<bool> TransactionReader::On(const Event& event, const TransactionPayloadEvent&) {
  return Illegal(event);  // EventReader delivers what is in it.
}

absl::StatusOr<bool> TransactionReader::On(const Event& event, const IncidentEvent&) {
  transaction_.incident = true;
  if (InTransaction()) return false;
  BeginHere();
  return Commit(event);
}

absl::StatusOr<bool> TransactionReader::On(const Event&, const StartEncryptionEvent&) { return false; }

absl::StatusOr<bool> TransactionReader::On(const Event&, const SkippedEvent&) { return false; }

void TransactionReader::FillItem(const Event& event) {
  std::swap(item_.gtid, gtid_);
  item_.begin = begin_;
  item_.end = events_.end();
  item_.commit_time = commit_us_ != 0 ? absl::FromUnixMicros(static_cast<int64_t>(commit_us_))
                                      : absl::FromUnixSeconds(event.header.timestamp);
  item_.schema_changes.swap(transaction_.schema_changes);
  item_.statement_dml = transaction_.statement_dml;
  item_.statement_names_table = transaction_.statement_names_table;
  item_.incident = transaction_.incident;
}

bool TransactionReader::Commit(const Event& event) {
  item_.kind = transaction_.Empty() ? StreamItem::Kind::kForeign : StreamItem::Kind::kTransaction;
  FillItem(event);
  item_.row_count = transaction_.rows->row_count();
  if (item_.row_count > 0) {
    delivered_ = std::move(transaction_.rows);
    delivered_->RewindRows();
    item_.rows = delivered_.get();
    transaction_.rows = NewBuffer();
  }
  ResetTransaction();
  return true;
}

absl::StatusOr<bool> TransactionReader::RollBack(const Event& event) {
  // DDL commits by itself: what a rolled back transaction holds of it has happened. So have changes of tables without
  // transactions, which a sweep will tell.
  if (!transaction_.rows->empty()) transaction_.statement_dml = true;
  transaction_.rows->Clear();
  return Commit(event);
}

absl::StatusOr<bool> TransactionReader::Prepare(const Event& event, const XaPrepareEvent& prepare) {
  Branch& branch = branches_[XidText(prepare)];
  Branch lost = std::exchange(branch, Branch());
  branch.gtid = gtid_;
  branch.begin = begin_;
  const bool ours = !transaction_.Empty();
  if (ours) {
    branch.transaction = std::move(transaction_);
    transaction_ = Transaction();
    transaction_.rows = NewBuffer();
    size_t held = 0;
    for (const auto& [other, open] : branches_) {
      if (open.transaction.rows != nullptr) held += open.transaction.rows->memory_bytes();
    }
    if (held > options_.memory_limit) RETURN_IF_ERROR(branch.transaction.rows->ReleaseMemory());
  }
  FillItem(event);
  item_.kind = ours ? StreamItem::Kind::kTransaction : StreamItem::Kind::kForeign;
  item_.gtid_withheld = ours && item_.gtid.has_value();
  // No server takes an xid while it has a branch of it: the one before is gone, lost in a crash.
  if (lost.transaction.rows != nullptr) {
    ForgetBranch(std::move(lost));
  } else if (ours) {
    ListOpenBranches();
  }
  ResetTransaction();
  return true;
}

void TransactionReader::ForgetBranch(Branch branch) {
  item_.kind = StreamItem::Kind::kTransaction;
  item_.statement_dml |= branch.transaction.statement_dml || !branch.transaction.rows->empty();
  item_.statement_names_table |= branch.transaction.statement_names_table;
  item_.incident |= branch.transaction.incident;
  std::move(branch.transaction.schema_changes.begin(), branch.transaction.schema_changes.end(),
            std::back_inserter(item_.schema_changes));
  // A crash may have given its GTID to the transaction at hand: that one's is withheld.
  if (branch.gtid.has_value() && branch.gtid != item_.gtid) item_.released_gtids.push_back(*std::move(branch.gtid));
  ListOpenBranches();
  Recycle(std::move(branch.transaction.rows));
}

void TransactionReader::ListOpenBranches() {
  item_.open_xa_changed = true;
  for (const auto& [xid, branch] : branches_) {
    if (branch.transaction.rows != nullptr) item_.open_xa.push_back({xid, branch.gtid, branch.begin});
  }
}

bool TransactionReader::CommitBranch(const Event& event, const std::string& xid) {
  const auto found = branches_.find(xid);
  if (found == branches_.end()) {
    FillItem(event);
    item_.kind = StreamItem::Kind::kTransaction;
    item_.unknown_xa_commit = true;
    ResetTransaction();
    return true;
  }
  Branch branch = std::move(found->second);
  branches_.erase(found);
  const bool ours = branch.transaction.rows != nullptr;
  if (ours) {
    Recycle(std::move(transaction_.rows));
    transaction_ = std::move(branch.transaction);
  }
  const bool delivered = Commit(event);
  if (ours) {
    item_.kind = StreamItem::Kind::kTransaction;
    if (branch.gtid.has_value()) item_.released_gtids.push_back(*branch.gtid);
    ListOpenBranches();
  }
  return delivered;
}

bool TransactionReader::RollBackBranch(const Event& event, const std::string& xid) {
  FillItem(event);
  item_.kind = StreamItem::Kind::kForeign;
  const auto found = branches_.find(xid);
  if (found != branches_.end()) {
    Branch branch = std::move(found->second);
    branches_.erase(found);
    if (branch.transaction.rows != nullptr) ForgetBranch(std::move(branch));
  }
  ResetTransaction();
  return true;
}

}  // namespace cdc
