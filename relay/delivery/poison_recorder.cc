// SPDX-License-Identifier: Apache-2.0
#include "relay/delivery/poison_recorder.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"
#include "relay/outbox/id_condition.h"
#include "relay/sql/sql_param.h"
#include "relay/state/id_set.h"
#include "relay/state/state_tables.h"

namespace relay {
namespace {

constexpr size_t kRowsPerStatement = 500;

// What fits the narrowest column that the polling relay ever made.
constexpr uint32_t kMostAttempts = 127;
constexpr size_t kLongestReason = 255;

// A reason as any column can hold it, whatever its charset and width.
std::string ReasonFor(const OutboxSchema& schema, const std::string& reason) {
  size_t width = kLongestReason;
  if (const OutboxColumnInfo* column = schema.Column(kErrorReason)) {
    if (column->max_characters.has_value()) width = std::min<size_t>(width, *column->max_characters);
  }
  std::string text = reason.substr(0, width);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) c = '?';
  }
  return text;
}

// Columns of kafka_outbox_dead that hold the row's own.
constexpr std::pair<OutboxColumn, absl::string_view> kDeadColumns[] = {{kTopic, "topic"},
                                                                       {kKey, "`key`"},
                                                                       {kPartitionKey, "partition_key"},
                                                                       {kPayloadJson, "payload_json"},
                                                                       {kPayloadHeaders, "payload_headers"}};
// Bytes that one statement carries of a column, well below any max_allowed_packet.
constexpr size_t kPiece = size_t{256} << 10;

std::string TimeText(const std::optional<absl::Time>& time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%E6S", *time, absl::UTCTimeZone());
}

}  // namespace

PoisonRow::PoisonRow(size_t schema_index, uint64_t row_id, absl::Span<const cdc::ColumnValue> values)
    : schema(schema_index), id(row_id) {
  for (const cdc::ColumnValue& value : values) {
    if (value.has_value()) {
      columns.emplace_back(std::string(value.text));
    } else {
      columns.emplace_back(std::nullopt);
    }
  }
}

size_t PoisonRow::bytes() const {
  size_t sum = sizeof(*this) + reason.size() + gtid.size();
  for (const std::optional<std::string>& column : columns) {
    sum += sizeof(column) + (column.has_value() ? column->size() : 0);
  }
  return sum;
}

PoisonRecorder::PoisonRecorder(OutboxSchemaOf schema_of, std::string state_schema, std::string relay_id)
    : schema_of_(std::move(schema_of)), state_schema_(std::move(state_schema)), relay_id_(std::move(relay_id)) {}

absl::StatusOr<PoisonOutcome> PoisonRecorder::Record(SqlSession* session, absl::Span<const PoisonRow* const> rows) {
  // By schema, then by id, in which order the rows are locked; of a row given twice the last counts.
  std::map<std::pair<size_t, uint64_t>, const PoisonRow*> sorted;
  for (const PoisonRow* row : rows) {
    if (!row->gone) sorted[{row->schema, row->id}] = row;
  }
  PoisonOutcome outcome;
  ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::Begin(session));
  for (auto it = sorted.begin(); it != sorted.end();) {
    std::vector<const PoisonRow*> chunk;
    const size_t schema = it->first.first;
    for (; it != sorted.end() && it->first.first == schema && chunk.size() < kRowsPerStatement; ++it) {
      chunk.push_back(it->second);
    }
    ASSIGN_OR_RETURN(const PoisonOutcome part, RecordChunk(session, chunk));
    outcome.on_row += part.on_row;
    outcome.newly_errored += part.newly_errored;
    outcome.dead_lettered += part.dead_lettered;
  }
  for (const PoisonRow* row : rows) {
    if (!row->gone) continue;
    RETURN_IF_ERROR(DeadLetter(session, *row));
    ++outcome.dead_lettered;
  }
  RETURN_IF_ERROR(transaction.Commit());
  return outcome;
}

absl::StatusOr<PoisonOutcome> PoisonRecorder::RecordChunk(SqlSession* session,
                                                          absl::Span<const PoisonRow* const> rows) {
  const OutboxSchema schema = schema_of_(rows[0]->schema);
  const std::string id = QuoteIdentifier(schema.NameOf(kId));
  IdSet present;
  uint64_t errored_before = 0;
  if (schema.stores_rows()) {
    std::vector<uint64_t> ids;
    std::string attempts, reasons;
    std::vector<std::string> texts;
    for (const PoisonRow* row : rows) {
      const std::string literal = schema.IdLiteral(row->id);
      ids.push_back(row->id);
      absl::StrAppend(&attempts, " WHEN ", literal, " THEN ", std::min(row->attempts, kMostAttempts));
      absl::StrAppend(&reasons, " WHEN ", literal, " THEN ?");
      texts.push_back(ReasonFor(schema, row->reason));
    }
    const std::vector<SqlParam> params(texts.begin(), texts.end());
    const std::string condition = IdCondition(schema, ids);
    // Locking, or it would begin a snapshot that does not show every row that the UPDATE finds.
    const absl::StatusOr<std::optional<std::string>> before = session->QueryValue(
        absl::StrCat("SELECT COUNT(*) FROM ", schema.Name(), IdIndexHint(schema), " WHERE ", condition, " AND ",
                     QuoteIdentifier(schema.NameOf(kErrored)), " <> 0 FOR UPDATE"));
    if (!before.ok() && !absl::IsNotFound(before.status())) return before.status();
    if (before.ok() && !absl::SimpleAtoi(before->value_or(""), &errored_before)) {
      return absl::InternalError("COUNT(*) is no number");
    }
    const absl::StatusOr<uint64_t> matched = session->Execute(
        absl::StrCat("UPDATE ", schema.Name(), IdIndexHint(schema), " SET ", QuoteIdentifier(schema.NameOf(kErrored)),
                     " = 1, ", QuoteIdentifier(schema.NameOf(kPushAttempts)), " = CASE ", id, attempts, " END, ",
                     QuoteIdentifier(schema.NameOf(kErrorReason)), " = CASE ", id, reasons, " END WHERE ", condition),
        params);
    // A table that was dropped has none of the rows.
    if (!matched.ok() && !absl::IsNotFound(matched.status())) return matched.status();
    if (matched.ok() && *matched == rows.size()) {
      return PoisonOutcome{.on_row = *matched, .newly_errored = *matched - errored_before, .dead_lettered = 0};
    }
    if (matched.ok()) {
      // What the UPDATE found is locked until the commit; what it didn't is gone.
      RETURN_IF_ERROR(session->ForEachRow(absl::StrCat("SELECT ", id, " FROM ", schema.Name(), " WHERE ", condition,
                                                       " AND ", QuoteIdentifier(schema.NameOf(kErrored)), " = 1"),
                                          {}, [&](SqlCells cells) {
                                            const auto found = ParseOutboxId(cells[0].value_or(""));
                                            if (found.has_value()) present.Add(*found);
                                            return absl::OkStatus();
                                          }));
    }
  }
  PoisonOutcome outcome;
  for (const PoisonRow* row : rows) {
    if (present.Contains(row->id)) {
      ++outcome.on_row;
      continue;
    }
    RETURN_IF_ERROR(DeadLetter(session, *row));
    ++outcome.dead_lettered;
  }
  outcome.newly_errored = outcome.on_row - errored_before;
  return outcome;
}

absl::Status PoisonRecorder::DeadLetter(SqlSession* session, const PoisonRow& row) {
  const OutboxSchema schema = schema_of_(row.schema);
  const std::string id = schema.IdLiteral(row.id);
  const std::string table = QuoteTable(state_schema_, kDeadTable);
  const auto explain = [&](const absl::Status& status, absl::string_view cure) {
    return absl::FailedPreconditionError(absl::StrCat("row ", id, " of ", schema.Name(), " can't be published (",
                                                      row.reason, "), is no longer in its table, and can't be kept in ",
                                                      table, ": ", status.message(), "; ", cure));
  };
  const std::string reason = ReasonFor(schema, row.reason);
  const std::string committed = row.commit_time.has_value() ? TimeText(row.commit_time) : "";
  std::vector<SqlParam> params = {relay_id_, schema.schema, schema.table, id, row.gtid};
  params.push_back(row.commit_time.has_value() ? SqlParam(committed) : SqlParam(nullptr));
  params.push_back(row.attempts);
  params.push_back(reason);
  for (const auto& [column, name] : kDeadColumns) {
    const bool known = column < row.columns.size() && row.columns[column].has_value();
    params.push_back(known ? SqlParam(SqlBytes{absl::string_view(*row.columns[column]).substr(0, kPiece)})
                           : SqlParam(nullptr));
  }
  absl::Status status =
      session
          ->Execute(absl::StrCat("INSERT INTO ", table,
                                 " (relay_id, schema_name, table_name, row_id, gtid, committed_at, push_attempts, "
                                 "error_reason, topic, `key`, partition_key, payload_json, payload_headers, died_at) "
                                 "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6))"),
                    params)
          .status();
  if (absl::IsNotFound(status) || absl::IsPermissionDenied(status)) {
    return explain(status,
                   "create it, with INSERT, UPDATE and SELECT for us ('outbox-relay migrate --print' prints it)");
  }
  RETURN_IF_ERROR(status);
  for (const auto& [column, name] : kDeadColumns) {
    if (column >= row.columns.size() || !row.columns[column].has_value()) continue;
    const absl::string_view text = *row.columns[column];
    if (text.size() <= kPiece) continue;
    // One literal of it could be larger than the server takes.
    for (size_t done = kPiece; done < text.size(); done += kPiece) {
      const std::vector<SqlParam> piece = {SqlBytes{text.substr(done, kPiece)}};
      RETURN_IF_ERROR(session
                          ->Execute(absl::StrCat("UPDATE ", table, " SET ", name, " = CONCAT(", name,
                                                 ", ?) WHERE seq = LAST_INSERT_ID()"),
                                    piece)
                          .status());
    }
    ASSIGN_OR_RETURN(
        const std::optional<std::string> kept,
        session->QueryValue(absl::StrCat("SELECT LENGTH(", name, ") FROM ", table, " WHERE seq = LAST_INSERT_ID()")));
    if (kept != absl::StrCat(text.size())) {
      return explain(absl::ResourceExhaustedError(absl::StrCat("it has ", text.size(), " bytes")),
                     "raise the server's max_allowed_packet");
    }
  }
  return absl::OkStatus();
}

}  // namespace relay
