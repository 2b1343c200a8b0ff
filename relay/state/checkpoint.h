// SPDX-License-Identifier: Apache-2.0
//
// What a relay remembers of how far it got (design §6).
#ifndef RELAY_STATE_CHECKPOINT_H_
#define RELAY_STATE_CHECKPOINT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cdc/event/binlog_position.h"
#include "cdc/event/gtid.h"
#include "cdc/event/gtid_set.h"
#include "cdc/stream_item.h"
#include "cdc/value/table_layout.h"

namespace relay {

// The format that this relay writes. It also reads the one before (from format 2 on) and refuses newer ones.
inline constexpr int kCheckpointFormat = 1;

// Identifies the last transaction before the checkpoint, to tell on a later connection whether the server's log still
// is the one we read.
struct Fingerprint {
  std::optional<cdc::Gtid> gtid;
  // Where the transaction ends.
  cdc::BinlogPosition end;
  // Its commit time in microseconds since the Unix epoch.
  int64_t commit_micros = 0;

  bool empty() const { return end.empty() && !gtid.has_value(); }
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

// How far a sweep before streaming got with one table (design §7). Which rows were sent needs no place here: the ledger
// knows them.
struct SweepProgress {
  enum class Phase {
    kNone,    // No sweep is under way.
    kTable,   // Rows are read from the table and sent in id order.
    kStream,  // The stream is read; inserts that were sent from the table are skipped up to `until`.
  };
  Phase phase = Phase::kNone;
  // SweepReasonName; empty: not known.
  std::string reason;
  // A part of the log went by unread: whether the ledger's ids still name the rows that were published is still to be
  // judged.
  bool judge_ledger = false;
  // The log's end after the ids were read, and whose log: ServerName.
  cdc::BinlogPosition until;
  std::string server;

  friend bool operator==(const SweepProgress&, const SweepProgress&) = default;
};

// What is known of one outbox table at the checkpoint's position.
struct TableCheckpoint {
  std::string schema;
  std::string table;
  // CREATE_TIME as the server prints it: another one is another table. Empty: not known.
  std::string created;
  // The columns in force at the position; absent when table maps carry the names.
  std::optional<cdc::TableLayout> layout;
  SweepProgress sweep;

  friend bool operator==(const TableCheckpoint&, const TableCheckpoint&) = default;
};

// One relay's checkpoint. A value; the low-water mark's owner fills it in.
struct Checkpoint {
  // Made once, at random; see relay/state/relay_identity.h.
  std::string relay_id;
  // The lease's generation. A save is refused when the stored one differs. Reserved: 0 as long as there is no lease.
  uint64_t epoch = 0;

  // The server that `position` belongs to: server_uuid, or on MariaDB its server_id in decimal.
  std::string server_uuid;
  // Everything up to the low-water mark, both ways.
  cdc::GtidSet gtids;
  cdc::BinlogPosition position;
  // Reserved, and 0: kept for the stored format's sake. Past 4 GiB, where no dump can be asked to begin, the file is
  // read from its head and passed over up to `position` (stream_worker.cc).
  uint64_t transactions_to_skip = 0;
  Fingerprint last;

  // Name of the partitioner in use: "murmur2", "fnv1a", "crc32"; empty: not chosen yet.
  std::string partitioner;
  // The polling relay has used one of the tables. Its marks go with its rows, what they tell holds for good.
  bool polling_relay_marks = false;
  // The outbox tables that the position covers. A table that is not in here needs a sweep.
  std::vector<TableCheckpoint> tables;
  // Prepared XA branches with rows of ours, undecided at the position.
  std::vector<cdc::OpenXaBranch> open_xa;
  // A sweep alongside that was asked for before the position and is not done: SweepReasonName. Empty: none is.
  std::string sweep_wanted;
  // When the last sweep alongside was begun that is done, by the server's clock; infinite past: not known.
  absl::Time swept_at = absl::InfinitePast();

  // True once a place in the log is known.
  bool has_position() const { return !position.empty() || !gtids.empty(); }

  // nullptr when the position does not cover the table.
  TableCheckpoint* FindTable(absl::string_view schema, absl::string_view table);
  const TableCheckpoint* FindTable(absl::string_view schema, absl::string_view table) const;
};

// The parts of a checkpoint that change rarely (partitioner, marks, tables, open XA branches, sweeps), as one JSON
// object. The SQL store keeps the others in columns and this text in one, so that a save writes it only when it
// changed.
std::string CheckpointDetails(const Checkpoint& checkpoint);
// Sets these parts from what CheckpointDetails wrote. DataLoss when the text is damaged, naming where.
absl::Status ApplyCheckpointDetails(absl::string_view json, Checkpoint* checkpoint);

// The whole checkpoint as one JSON object with its format's number: for files and for people.
std::string CheckpointToJson(const Checkpoint& checkpoint);
// DataLoss when the text is damaged; FailedPrecondition when its format is newer than ours.
absl::StatusOr<Checkpoint> CheckpointFromJson(absl::string_view json);

// OK when this relay can read a checkpoint of `format`; else FailedPrecondition that says what to do. `where` names the
// checkpoint's place.
absl::Status CheckCheckpointFormat(int64_t format, absl::string_view where);

}  // namespace relay

#endif  // RELAY_STATE_CHECKPOINT_H_
