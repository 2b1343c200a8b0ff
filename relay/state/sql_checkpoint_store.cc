// SPDX-License-Identifier: Apache-2.0
#include "relay/state/sql_checkpoint_store.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "relay/base/status_macros.h"
#include "relay/sql/sql_param.h"
#include "relay/state/state_tables.h"

namespace relay {
namespace {

// Bitmaps of one INSERT are kept well below the smallest max_allowed_packet in use (1 MiB), a literal being twice the
// bytes.
constexpr size_t kBytesPerInsert = 256 << 10;

// The cells of the checkpoint row, in the order of the SELECT in Load.
class Cells {
 public:
  explicit Cells(const SqlRow& row) : row_(row) {}

  std::string Text() { return row_[next_++].value_or(""); }
  uint64_t Unsigned() { return Number<uint64_t>(); }
  int64_t Signed() { return Number<int64_t>(); }
  const absl::Status& status() const { return status_; }

 private:
  template <typename Int>
  Int Number() {
    Int value = 0;
    const std::string text = Text();
    if (!absl::SimpleAtoi(text, &value)) {
      status_.Update(absl::DataLossError(absl::StrCat("the stored checkpoint is damaged: '", text, "' is no number")));
    }
    return value;
  }

  const SqlRow& row_;
  size_t next_ = 0;
  absl::Status status_;
};

template <typename T>
absl::Status ReadOptional(absl::string_view text, absl::StatusOr<T> (*parse)(absl::string_view), absl::string_view name,
                          std::optional<T>* out) {
  if (text.empty()) return absl::OkStatus();
  absl::StatusOr<T> value = parse(text);
  if (!value.ok()) {
    return absl::DataLossError(
        absl::StrCat("the stored checkpoint is damaged: ", name, ": ", value.status().message()));
  }
  *out = *std::move(value);
  return absl::OkStatus();
}

class SqlCheckpointStore : public CheckpointStore {
 public:
  explicit SqlCheckpointStore(const RelayIdentity& identity)
      : relay_id_(identity.relay_id),
        checkpoint_table_(QuoteTable(identity.state_schema, kCheckpointTable)),
        ledger_table_(QuoteTable(identity.state_schema, kLedgerTable)) {}

  absl::StatusOr<LoadedCheckpoint> Load(SqlSession* session) override;
  absl::Status Save(SqlSession* session, const Checkpoint& checkpoint, const LedgerDelta& delta) override;
  void ForgetStored() override { stored_details_.reset(); }
  std::string Where() const override { return checkpoint_table_; }

 private:
  absl::Status LoadLedger(SqlSession* session, LoadedCheckpoint* loaded);
  absl::Status SaveRow(SqlSession* session, const Checkpoint& checkpoint, const std::string* details);
  absl::Status SaveDelta(SqlSession* session, const LedgerDelta& delta);
  absl::Status DeleteReplaced(SqlSession* session, const LedgerDelta& delta);
  absl::Status InsertParts(SqlSession* session, absl::Span<const LedgerPart* const> parts);
  absl::Status InsertBatch(SqlSession* session, absl::Span<const LedgerPart* const> parts,
                           absl::Span<const std::string> bitmaps);

  const std::string relay_id_;
  const std::string checkpoint_table_;
  const std::string ledger_table_;
  // Number of the next part: makes each save's rows new ones.
  uint64_t next_part_ = 0;
  // What the row holds in `details`; written only when it changes. Unknown after a failed save.
  std::optional<std::string> stored_details_;
};

absl::StatusOr<LoadedCheckpoint> SqlCheckpointStore::Load(SqlSession* session) {
  ASSIGN_OR_RETURN(
      const SqlRows rows,
      session->Query(absl::StrCat("SELECT format, epoch, server_uuid, gtids, log_file, log_offset, "
                                  "transactions_to_skip, last_gtid, last_log_file, last_log_offset, "
                                  "last_commit_micros, details, CAST(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', "
                                  "saved_at) AS SIGNED) FROM ",
                                  checkpoint_table_, " WHERE relay_id = ?"),
                     {relay_id_}));
  if (rows.rows.empty()) {
    return absl::NotFoundError(absl::StrCat("the row of relay ", relay_id_, " is gone from ", checkpoint_table_,
                                            " while it still owns outbox tables: restore the row, or delete the "
                                            "relay's rows from ",
                                            kOwnerTable, " to begin anew from the table's pending rows"));
  }
  Cells cells(rows.rows[0]);
  RETURN_IF_ERROR(CheckCheckpointFormat(cells.Signed(), checkpoint_table_));
  LoadedCheckpoint loaded;
  Checkpoint& checkpoint = loaded.checkpoint;
  checkpoint.relay_id = relay_id_;
  checkpoint.epoch = cells.Unsigned();
  checkpoint.server_uuid = cells.Text();
  std::optional<cdc::GtidSet> gtids;
  RETURN_IF_ERROR(ReadOptional(cells.Text(), &cdc::GtidSet::Parse, "gtids", &gtids));
  if (gtids.has_value()) checkpoint.gtids = *std::move(gtids);
  checkpoint.position.file = cells.Text();
  checkpoint.position.offset = cells.Unsigned();
  checkpoint.transactions_to_skip = cells.Unsigned();
  RETURN_IF_ERROR(ReadOptional(cells.Text(), &cdc::Gtid::Parse, "last_gtid", &checkpoint.last.gtid));
  checkpoint.last.end.file = cells.Text();
  checkpoint.last.end.offset = cells.Unsigned();
  checkpoint.last.commit_micros = cells.Signed();
  std::string details = cells.Text();
  RETURN_IF_ERROR(ApplyCheckpointDetails(details, &checkpoint));
  stored_details_ = std::move(details);
  if (rows.rows[0].back().has_value()) loaded.saved_at = absl::FromUnixMicros(cells.Signed());
  RETURN_IF_ERROR(cells.status());
  RETURN_IF_ERROR(LoadLedger(session, &loaded));
  return loaded;
}

absl::Status SqlCheckpointStore::LoadLedger(SqlSession* session, LoadedCheckpoint* loaded) {
  next_part_ = 0;
  return session->ForEachRow(
      absl::StrCat("SELECT schema_name, minute, part, ids FROM ", ledger_table_,
                   " WHERE relay_id = ? ORDER BY schema_name, minute"),
      {relay_id_}, [&](SqlCells cells) {
        LedgerPart part;
        part.schema = cells[0].value_or("");
        uint64_t number = 0;
        if (!absl::SimpleAtoi(cells[1].value_or(""), &part.minute) ||
            !absl::SimpleAtoi(cells[2].value_or(""), &number)) {
          return absl::DataLossError(absl::StrCat(ledger_table_, " has a part without a number"));
        }
        absl::StatusOr<IdSet> ids = IdSet::Parse(cells[3].value_or(""));
        if (!ids.ok()) {
          return absl::DataLossError(absl::StrCat(ledger_table_, ", schema ", part.schema, ", minute ", part.minute,
                                                  ", part ", number, ": ", ids.status().message()));
        }
        part.ids = *std::move(ids);
        next_part_ = std::max(next_part_, number + 1);
        // A minute's parts stand together: one set for all of them.
        std::vector<LedgerPart>& parts = loaded->ledger;
        if (!parts.empty() && parts.back().schema == part.schema && parts.back().minute == part.minute) {
          parts.back().ids.UnionWith(part.ids);
        } else {
          parts.push_back(std::move(part));
        }
        return absl::OkStatus();
      });
}

absl::Status SqlCheckpointStore::Save(SqlSession* session, const Checkpoint& checkpoint, const LedgerDelta& delta) {
  std::string details = CheckpointDetails(checkpoint);
  const bool details_changed = stored_details_ != details;
  stored_details_.reset();
  ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::Begin(session));
  RETURN_IF_ERROR(SaveRow(session, checkpoint, details_changed ? &details : nullptr));
  RETURN_IF_ERROR(SaveDelta(session, delta));
  RETURN_IF_ERROR(transaction.Commit());
  stored_details_ = std::move(details);
  return absl::OkStatus();
}

absl::Status SqlCheckpointStore::SaveRow(SqlSession* session, const Checkpoint& checkpoint,
                                         const std::string* details) {
  const std::string gtids = checkpoint.gtids.ToString();
  const std::string last_gtid = checkpoint.last.gtid.has_value() ? checkpoint.last.gtid->ToString() : "";
  std::vector<SqlParam> params = {
      kCheckpointFormat,          checkpoint.server_uuid,          gtids,     checkpoint.position.file,
      checkpoint.position.offset, checkpoint.transactions_to_skip, last_gtid, checkpoint.last.end.file,
      checkpoint.last.end.offset, checkpoint.last.commit_micros};
  if (details != nullptr) params.push_back(*details);
  params.push_back(relay_id_);
  params.push_back(checkpoint.epoch);
  ASSIGN_OR_RETURN(
      const uint64_t matched,
      session->Execute(absl::StrCat("UPDATE ", checkpoint_table_,
                                    " SET format = ?, server_uuid = ?, gtids = ?, log_file = ?, log_offset = ?, "
                                    "transactions_to_skip = ?, last_gtid = ?, last_log_file = ?, last_log_offset = ?, "
                                    "last_commit_micros = ?, ",
                                    details == nullptr ? "" : "details = ?, ",
                                    "saved_at = UTC_TIMESTAMP(6) WHERE relay_id = ? AND epoch = ?"),
                       params));
  if (matched == 1) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat("the checkpoint of relay ", relay_id_, " in ", checkpoint_table_,
                                         " is no longer ours (our epoch is ", checkpoint.epoch,
                                         "): another process took over or someone deleted it"));
}

absl::Status SqlCheckpointStore::SaveDelta(SqlSession* session, const LedgerDelta& delta) {
  for (const std::string& schema : delta.voided) {
    RETURN_IF_ERROR(session
                        ->Execute(absl::StrCat("DELETE FROM ", ledger_table_,
                                               " WHERE relay_id = ? AND schema_name = ? AND minute <> ?"),
                                  {relay_id_, schema, kSkippedMinute})
                        .status());
  }
  RETURN_IF_ERROR(DeleteReplaced(session, delta));
  std::vector<const LedgerPart*> parts;
  for (const LedgerPart& part : delta.parts) {
    if (!part.ids.empty()) parts.push_back(&part);
  }
  return InsertParts(session, parts);
}

absl::Status SqlCheckpointStore::DeleteReplaced(SqlSession* session, const LedgerDelta& delta) {
  for (size_t i = 0; i < delta.parts.size();) {
    const std::string& schema = delta.parts[i].schema;
    std::string minutes;
    for (; i < delta.parts.size() && delta.parts[i].schema == schema; ++i) {
      if (delta.parts[i].replace) absl::StrAppend(&minutes, minutes.empty() ? "" : ", ", delta.parts[i].minute);
    }
    if (minutes.empty()) continue;
    RETURN_IF_ERROR(session
                        ->Execute(absl::StrCat("DELETE FROM ", ledger_table_,
                                               " WHERE relay_id = ? AND schema_name = ? AND minute IN (", minutes, ")"),
                                  {relay_id_, schema})
                        .status());
  }
  return absl::OkStatus();
}

absl::Status SqlCheckpointStore::InsertParts(SqlSession* session, absl::Span<const LedgerPart* const> parts) {
  while (!parts.empty()) {
    std::vector<std::string> bitmaps;
    size_t bytes = 0;
    while (bitmaps.size() < parts.size() && bytes < kBytesPerInsert) {
      bitmaps.push_back(parts[bitmaps.size()]->ids.Serialize());
      bytes += bitmaps.back().size();
    }
    RETURN_IF_ERROR(InsertBatch(session, parts.first(bitmaps.size()), bitmaps));
    parts.remove_prefix(bitmaps.size());
  }
  return absl::OkStatus();
}

absl::Status SqlCheckpointStore::InsertBatch(SqlSession* session, absl::Span<const LedgerPart* const> parts,
                                             absl::Span<const std::string> bitmaps) {
  std::string sql = absl::StrCat("INSERT INTO ", ledger_table_, " (relay_id, schema_name, minute, part, ids) VALUES ");
  std::vector<SqlParam> params;
  for (size_t i = 0; i < parts.size(); ++i) {
    absl::StrAppend(&sql, i == 0 ? "" : ", ", "(?, ?, ?, ?, ?)");
    params.push_back(relay_id_);
    params.push_back(parts[i]->schema);
    params.push_back(parts[i]->minute);
    params.push_back(next_part_++);
    params.push_back(SqlBytes{bitmaps[i]});
  }
  return session->Execute(sql, params).status();
}

}  // namespace

std::unique_ptr<CheckpointStore> MakeSqlCheckpointStore(const RelayIdentity& identity) {
  return std::make_unique<SqlCheckpointStore>(identity);
}

}  // namespace relay
