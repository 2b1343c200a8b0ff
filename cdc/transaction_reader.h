// SPDX-License-Identifier: Apache-2.0
//
// Events to transactions. The legal order of events, in both dialects:
//
//   stream      := { file_part }
//   file_part   := ROTATE? FORMAT_DESCRIPTION [PREVIOUS_GTIDS | GTID_LIST] { transaction } [ROTATE | STOP]
//   transaction := [gtid] group
//                | gtid (COMMIT | ROLLBACK)                of nothing; no server is known to write it
//                | GTID(MariaDB) [BEGIN] statement* end    such a GTID is the BEGIN; none is known to follow it,
//                | GTID(MariaDB) XA_START statement* XA_END XA_PREPARE                  nor is an XA_START
//   gtid        := GTID | GTID_TAGGED | ANONYMOUS_GTID | GTID(MariaDB, standalone)
//   group       := BEGIN statement* end
//                | XA_START statement* XA_END XA_PREPARE   MySQL
//                | XA_COMMIT | XA_ROLLBACK                 of a branch that was prepared before
//                | QUERY(ddl | dml | other)                commits by itself
//                | INCIDENT
//                | TRANSACTION_PAYLOAD(group)              compressed; its events stand here in place of it
//   statement   := TABLE_MAP | rows                        rows of tables mapped in this transaction
//                | SAVEPOINT | ROLLBACK_TO
//                | QUERY(ddl | dml | other)                CREATE TABLE … START TRANSACTION; logged as statements
//   end         := XID | COMMIT                            the rows are delivered
//                | ROLLBACK                                they are forgotten
//                | XA_END XA_PREPARE                       MariaDB; they wait, unless the branch has one phase
//
// where BEGIN, COMMIT, XA_START … are QUERY events with that text. ROWS_QUERY, ANNOTATE_ROWS, heartbeats and skipped
// events may stand anywhere but behind the group of a payload. So may INCIDENT, a note of the transaction that it
// stands in. A ROTATE, STOP or FORMAT_DESCRIPTION inside a transaction abandons it: the server died before the commit.
// Any other order is DataLoss.
//
// The ids of XA_START and XA_END are not looked at: a branch has the name that XA_PREPARE gives it, and MySQL's has but
// half of a large format id.
//
// What a table without transactions was given stays there whatever becomes of the transaction: rows that are forgotten
// or abandoned are noted as statement_dml, so that a look at the table finds those. (Servers log rows of such a table
// as a transaction of their own, but for a MariaDB replica, which keeps those of a GTID together.)
#ifndef CDC_TRANSACTION_READER_H_
#define CDC_TRANSACTION_READER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/event/binlog_position.h"
#include "cdc/event/event.h"
#include "cdc/event/gtid.h"
#include "cdc/query_classifier.h"
#include "cdc/source/event_reader.h"
#include "cdc/source/event_source.h"
#include "cdc/stream_item.h"
#include "cdc/table_plans.h"
#include "cdc/transaction_buffer.h"
#include "cdc/value/table_layout.h"

namespace cdc {

struct TransactionReaderOptions {
  // Bytes of a transaction's rows of interest that are kept in memory; what is more goes to a temporary file. Open XA
  // branches together have as much again.
  size_t memory_limit = 32 * 1024 * 1024;
  bool verify_checksums = true;
  // Empty: TMPDIR, or /tmp.
  std::string spill_directory;
  // Match the interests' names without regard to ASCII case: for servers with lower_case_table_names other than 0,
  // whose log has names in lower case (1) or as they were created (2), whatever a user writes.
  bool fold_table_names = false;
};

// Delivers the transactions of a source in commit order, each when its commit was read. Not thread-safe: one thread,
// but for what EventSource allows.
class TransactionReader {
 public:
  // `source` and `layouts` must outlive the reader. `layouts` may be null: then tables of interest need
  // binlog_row_metadata=FULL.
  TransactionReader(EventSource* source, LayoutProvider* layouts, std::vector<TableInterest> interests,
                    TransactionReaderOptions options = {});
  ~TransactionReader();
  TransactionReader(const TransactionReader&) = delete;
  TransactionReader& operator=(const TransactionReader&) = delete;

  // The next item, valid until the next call. After kEnd, or an error, make a new reader.
  // Errors: those of the source; DataLoss for a malformed event or an illegal order, Unimplemented for an event that
  // this program does not know and may not ignore, each naming file and offset; those of LayoutProvider and
  // RowsDecoder::Create; as SpillFile if a large transaction cannot be spilled.
  absl::StatusOr<const StreamItem*> Next();

  // Of the file being read: "9.7.4", "10.11.18-MariaDB-log".
  const std::string& server_version() const { return events_.format().server_version; }

 private:
  // kGtidBegan: behind a GTID of MariaDB's that is a BEGIN.
  enum class State { kBetween, kGtidSeen, kGtidBegan, kInTransaction, kInXa, kXaEnded };

  // What a transaction gathers until its end.
  struct Transaction {
    std::unique_ptr<TransactionBuffer> rows;
    std::vector<SchemaChange> schema_changes;
    bool statement_dml = false;
    bool statement_names_table = false;
    bool incident = false;

    bool Empty() const { return rows->row_count() == 0 && schema_changes.empty() && !statement_dml && !incident; }
  };
  struct Branch {
    std::optional<Gtid> gtid;
    BinlogPosition begin;
    // Null rows: nothing of interest, known so that its XA COMMIT is not taken for that of an unknown branch.
    Transaction transaction;
  };
  struct Savepoint {
    uint64_t name;  // hashed
    bool ascii;
    TransactionBuffer::Mark mark;
  };

  // Each returns true when item_ is to be delivered.
  absl::StatusOr<bool> Handle(const Event& event);
  absl::StatusOr<bool> On(const Event& event, const FormatDescription& format);
  absl::StatusOr<bool> On(const Event& event, const RotateEvent& rotate);
  absl::StatusOr<bool> On(const Event& event, const StopEvent& stop);
  absl::StatusOr<bool> On(const Event& event, const GtidEvent& gtid);
  absl::StatusOr<bool> On(const Event& event, const QueryEvent& query);
  absl::StatusOr<bool> On(const Event& event, const XidEvent& xid);
  absl::StatusOr<bool> On(const Event& event, const XaPrepareEvent& prepare);
  absl::StatusOr<bool> On(const Event& event, const TableMapEvent& map);
  absl::StatusOr<bool> On(const Event& event, const RowsBody& rows);
  absl::StatusOr<bool> On(const Event& event, const RowsQueryEvent& query);
  absl::StatusOr<bool> On(const Event& event, const HeartbeatEvent& heartbeat);
  absl::StatusOr<bool> On(const Event& event, const TransactionPayloadEvent& payload);
  absl::StatusOr<bool> On(const Event& event, const IncidentEvent& incident);
  absl::StatusOr<bool> On(const Event& event, const StartEncryptionEvent& encryption);
  absl::StatusOr<bool> On(const Event& event, const SkippedEvent& skipped);

  absl::Status Illegal(const Event& event, absl::string_view what = {}) const;
  bool InTransaction() const { return state_ != State::kBetween && state_ != State::kGtidSeen; }
  bool MayEnd() const { return state_ == State::kInTransaction || state_ == State::kGtidBegan; }
  // Whether a `statement` of the grammar may stand here; if so, one does.
  bool TakeStatement();
  // Whether the event may come out of its payload here, or out of none.
  absl::Status CheckPayload(const Event& event);
  // Starts the transaction with this event unless its GTID event has.
  void BeginHere();
  // Forgets an unfinished transaction, whose server died, but for its notes, and steps on.
  bool Abandon();
  bool Idle();
  void Note(const QueryEvent& query, const ClassifiedQuery& classified);
  void SetSavepoint(const std::string& name);
  // How many of savepoints_ are left behind a ROLLBACK TO this one; nullopt: there is none of the name.
  std::optional<size_t> SavepointsThatStay(const std::string& savepoint);
  absl::Status RollBackTo(const Event& event, const std::string& savepoint);
  // Fill item_ and end the transaction.
  bool Commit(const Event& event);
  absl::StatusOr<bool> RollBack(const Event& event);
  absl::StatusOr<bool> Prepare(const Event& event, const XaPrepareEvent& prepare);
  bool CommitBranch(const Event& event, const std::string& xid);
  bool RollBackBranch(const Event& event, const std::string& xid);
  void FillItem(const Event& event);
  // Puts what a branch of ours leaves behind into item_; it is none of branches_ any more.
  void ForgetBranch(Branch branch);
  void ListOpenBranches();
  void ResetTransaction();
  void ClearDelivered();
  std::unique_ptr<TransactionBuffer> NewBuffer();
  void Recycle(std::unique_ptr<TransactionBuffer> buffer);

  const std::vector<TableInterest> interests_;
  const TransactionReaderOptions options_;
  EventReader events_;
  TablePlans plans_;

  State state_ = State::kBetween;
  // The payload that the last event stood in (0: none), and whether its group is over.
  uint64_t payload_ = 0;
  bool payload_used_ = false;
  Transaction transaction_;
  std::optional<Gtid> gtid_;
  uint64_t commit_us_ = 0;
  // The transaction's GTID is MariaDB's.
  bool mariadb_ = false;
  BinlogPosition begin_;
  // Those set behind a first row of interest, in order; one that was set anew stays as a dead entry until a rollback
  // goes past it. About 60 bytes each, beside the memory limit. The index of the living one by its name's hash.
  std::vector<Savepoint> savepoints_;
  absl::flat_hash_map<uint64_t, size_t> savepoint_by_name_;
  // Those set before any such row, a limited number: a transaction without rows of interest costs no memory. Past the
  // limit any unknown name is taken for one of them.
  absl::flat_hash_set<uint64_t> early_savepoints_;
  bool early_savepoints_left_out_ = false;
  bool early_savepoints_ascii_ = true;
  // A name was guessed: the server may know savepoints that are forgotten here.
  bool savepoint_guessed_ = false;

  std::map<std::string, Branch> branches_;

  StreamItem item_;
  // Rows of the item that was delivered last, and a buffer for whoever needs the next.
  std::unique_ptr<TransactionBuffer> delivered_;
  std::unique_ptr<TransactionBuffer> spare_;
};

}  // namespace cdc

#endif  // CDC_TRANSACTION_READER_H_
