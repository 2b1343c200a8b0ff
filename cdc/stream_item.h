// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_STREAM_ITEM_H_
#define CDC_STREAM_ITEM_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cdc/event/binlog_position.h"
#include "cdc/event/gtid.h"
#include "cdc/value/column_value.h"

namespace cdc {

// A table whose rows the reader delivers, and the columns it wants of it.
struct TableInterest {
  std::string schema;
  std::string table;
  // The order of RowChange::before and after. A name the table lacks is
  // delivered as absent.
  std::vector<std::string> columns;
  // One of `columns`: identifies a row, so that an update of a row inserted in
  // the same transaction finds it. Empty: no such merging.
  std::string key_column;
};

// One row of a rows event. Lives until the next call on its StreamItem.
struct RowChange {
  enum class Kind { kInsert, kUpdate, kDelete };
  Kind kind = Kind::kInsert;
  // Index into the reader's interests.
  size_t table = 0;
  // In the order of TableInterest::columns. `before` is empty for an insert,
  // `after` for a delete.
  absl::Span<const ColumnValue> before;
  absl::Span<const ColumnValue> after;
};

// A DDL statement that touches a table of interest.
struct SchemaChange {
  enum class Kind { kCreate, kAlter, kRename, kDrop, kTruncate };
  Kind kind;
  std::string schema;
  std::string table;
  std::string statement;
  bool if_not_exists = false;  // Of kCreate: nothing happened where the table existed.
};

// An XA branch that is prepared, holds rows of interest, and is undecided.
struct OpenXaBranch {
  // As the log writes it: X'7831',X'',1
  std::string xid;
  std::optional<Gtid> prepare_gtid;
  // Where the branch's transaction begins: start there to read it again.
  BinlogPosition prepare_position;
};

// What the buffer of a transaction hands out, row by row. Implemented by the
// reader; StreamItem owns none.
class RowCursor {
 public:
  virtual ~RowCursor() = default;
  // The next row, nullptr behind the last. DataLoss or Unavailable if a spilled
  // row cannot be read back.
  virtual absl::StatusOr<const RowChange*> NextRow() = 0;
  virtual void RewindRows() = 0;
};

// What TransactionReader::Next delivers: a transaction, or a mere step of the
// position. Owned by the reader, valid until its next call.
struct StreamItem {
  enum class Kind {
    kTransaction,  // Committed; has rows of interest, schema changes or notes.
    kForeign,      // Committed (or abandoned); nothing of ours.
    kIdle,         // Heartbeat or rotation: `end` may have moved. One that abandons a transaction has its notes.
    kEnd,          // The source ended cleanly. Nothing follows.
  };
  Kind kind = Kind::kIdle;

  // Empty when anonymous (gtid_mode=OFF).
  std::optional<Gtid> gtid;

  // Of the whole transaction; a dump by file and position resumes at `end`.
  BinlogPosition begin;
  BinlogPosition end;

  // The commit's time: microseconds where the GTID event has them (MySQL 8),
  // else the seconds of the event that committed.
  absl::Time commit_time;

  // This is an XA PREPARE with rows of interest that are still undecided: the
  // GTID must stay out of the checkpoint until an item releases it.
  bool gtid_withheld = false;
  // GTIDs of the prepares that this XA COMMIT or XA ROLLBACK decided, or whose branch this XA PREPARE of the same xid
  // shows to be gone.
  std::vector<Gtid> released_gtids;
  // All open branches with rows of interest, after this item. Filled only if
  // `open_xa_changed`.
  std::vector<OpenXaBranch> open_xa;
  bool open_xa_changed = false;
  // XA COMMIT of a branch whose prepare was not read: its rows, if any, are not
  // here and must be looked for in the table.
  bool unknown_xa_commit = false;

  // DDL of tables of interest, in log order.
  std::vector<SchemaChange> schema_changes;

  // Data was changed by a statement that stands in the log as text, or rows of interest were rolled back or abandoned
  // that a table without transactions keeps: so rows may be missing here. And whether a text names a table of interest.
  bool statement_dml = false;
  bool statement_names_table = false;

  // The server says that its log has a gap (INCIDENT event).
  bool incident = false;

  // Number of RowChanges.
  uint64_t row_count = 0;

  // The next row, nullptr behind the last. An insert already carries the later
  // updates of its own transaction. See RowCursor for errors.
  absl::StatusOr<const RowChange*> NextRow() {
    if (rows == nullptr) return nullptr;
    return rows->NextRow();
  }
  // NextRow starts from the first row again.
  void RewindRows() {
    if (rows != nullptr) rows->RewindRows();
  }

  // Set by the reader; null when there are no rows.
  RowCursor* rows = nullptr;
};

}  // namespace cdc

#endif  // CDC_STREAM_ITEM_H_
