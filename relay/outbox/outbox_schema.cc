// SPDX-License-Identifier: Apache-2.0
#include "relay/outbox/outbox_schema.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "relay/base/status_macros.h"
#include "relay/sql/sql_param.h"

namespace relay {
namespace {

// How many of the oldest and of the newest rows are looked at for the polling relay's marks.
constexpr int kMarkSample = 500;

std::string Text(const std::optional<std::string>& cell) { return cell.value_or(""); }

absl::Status ReadTable(SqlSession* session, OutboxSchema* out) {
  ASSIGN_OR_RETURN(const SqlRows rows,
                   session->Query("SELECT TABLE_NAME, TABLE_TYPE, ENGINE, CREATE_TIME FROM information_schema.TABLES "
                                  "WHERE TABLE_SCHEMA = ? AND TABLE_NAME IN (?, ?)",
                                  {out->schema, out->table, kMigrationsTable}));
  for (const SqlRow& row : rows.rows) {
    if (absl::EqualsIgnoreCase(Text(row[0]), kMigrationsTable)) {
      out->has_migrations_table = true;
      continue;
    }
    out->exists = true;
    out->is_view = Text(row[1]) == "VIEW";
    out->engine = Text(row[2]);
    out->created = Text(row[3]);
  }
  if (out->exists || out->has_migrations_table) return absl::OkStatus();
  ASSIGN_OR_RETURN(const SqlRows schemas,
                   session->Query("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?", {out->schema}));
  if (!schemas.rows.empty()) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("schema ", QuoteIdentifier(out->schema),
                                          " (DB_NAME) does not exist, or the user may not see it: create it, or GRANT "
                                          "the user rights on it"));
}

absl::Status ReadColumns(SqlSession* session, OutboxSchema* out) {
  ASSIGN_OR_RETURN(const SqlRows rows,
                   session->Query("SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA, "
                                  "CHARACTER_MAXIMUM_LENGTH FROM "
                                  "information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY "
                                  "ORDINAL_POSITION",
                                  {out->schema, out->table}));
  for (const SqlRow& row : rows.rows) {
    OutboxColumnInfo column;
    column.name = Text(row[0]);
    column.data_type = absl::AsciiStrToLower(Text(row[1]));
    column.column_type = absl::AsciiStrToLower(Text(row[2]));
    column.nullable = Text(row[3]) == "YES";
    const std::string extra = absl::AsciiStrToLower(Text(row[5]));
    column.auto_increment = absl::StrContains(extra, "auto_increment");
    column.generated = absl::StrContains(extra, "generated") && !absl::StrContains(extra, "default_generated");
    column.has_default = column.nullable || row[4].has_value() || column.auto_increment || column.generated;
    uint64_t max_characters = 0;
    if (absl::SimpleAtoi(Text(row[6]), &max_characters)) column.max_characters = max_characters;
    out->columns.push_back(std::move(column));
  }
  return absl::OkStatus();
}

absl::Status ReadIndexes(SqlSession* session, OutboxSchema* out) {
  ASSIGN_OR_RETURN(const SqlRows rows,
                   session->Query("SELECT INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE "
                                  "TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY INDEX_NAME, SEQ_IN_INDEX",
                                  {out->schema, out->table}));
  std::vector<std::pair<std::string, std::vector<std::string>>> indexes;
  for (const SqlRow& row : rows.rows) {
    if (indexes.empty() || indexes.back().first != Text(row[0])) indexes.push_back({Text(row[0]), {}});
    indexes.back().second.push_back(Text(row[1]));
  }
  for (auto& [name, columns] : indexes) {
    if (name == "PRIMARY") {
      out->primary_key = columns;
    } else {
      out->indexes.push_back({name, absl::StrJoin(columns, ",")});
    }
  }
  return absl::OkStatus();
}

absl::Status ReadMigrationRecord(SqlSession* session, OutboxSchema* out) {
  if (!out->has_migrations_table) return absl::OkStatus();
  // Case by case: the comment is read by SHOW's own view, the row by a plain SELECT that may be denied.
  ASSIGN_OR_RETURN(const SqlRows comment,
                   session->Query("SELECT TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND "
                                  "TABLE_NAME = ?",
                                  {out->schema, kMigrationsTable}));
  out->migrations_table_is_ours = !comment.rows.empty() && Text(comment.rows[0][0]) == kMigrationsTableComment;
  ASSIGN_OR_RETURN(const SqlRows record,
                   session->Query(absl::StrCat("SELECT version, dirty FROM ", QuoteTable(out->schema, kMigrationsTable),
                                               " ORDER BY version DESC LIMIT 1")));
  if (record.rows.empty()) return absl::OkStatus();
  int64_t version = 0;
  if (absl::SimpleAtoi(Text(record.rows[0][0]), &version)) out->migration_version = version;
  out->migration_dirty = Text(record.rows[0][1]) != "0";
  return absl::OkStatus();
}

}  // namespace

const OutboxColumnInfo* OutboxSchema::Column(absl::string_view name) const {
  for (const OutboxColumnInfo& column : columns) {
    if (absl::EqualsIgnoreCase(column.name, name)) return &column;
  }
  return nullptr;
}

std::string OutboxSchema::NameOf(OutboxColumn column) const {
  const OutboxColumnInfo* info = Column(column);
  return info == nullptr ? std::string(kOutboxColumnNames[column]) : info->name;
}

bool OutboxSchema::stores_rows() const { return exists && !absl::EqualsIgnoreCase(engine, "BLACKHOLE"); }

bool OutboxSchema::unsigned_id() const {
  const OutboxColumnInfo* id = Column(kId);
  return id != nullptr && absl::StrContains(id->column_type, "unsigned");
}

std::string OutboxSchema::IdLiteral(uint64_t id) const {
  return unsigned_id() ? absl::StrCat(id) : absl::StrCat(static_cast<int64_t>(id));
}

std::string OutboxSchema::Name() const { return QuoteTable(schema, table); }

absl::StatusOr<OutboxSchema> ReadOutboxSchema(SqlSession* session, absl::string_view schema, absl::string_view table) {
  OutboxSchema out;
  out.schema = std::string(schema);
  out.table = std::string(table);
  RETURN_IF_ERROR(ReadTable(session, &out));
  RETURN_IF_ERROR(ReadMigrationRecord(session, &out));
  if (!out.exists) return out;
  RETURN_IF_ERROR(ReadColumns(session, &out));
  RETURN_IF_ERROR(ReadIndexes(session, &out));
  return out;
}

absl::StatusOr<std::string> ReadTableCreated(SqlSession* session, absl::string_view schema, absl::string_view table) {
  ASSIGN_OR_RETURN(
      const SqlRows rows,
      session->Query("SELECT CREATE_TIME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
                     {schema, table}));
  return rows.rows.empty() ? std::string() : Text(rows.rows[0][0]);
}

absl::StatusOr<bool> HasPollingRelaysMarks(SqlSession* session, const OutboxSchema& schema) {
  if (schema.migration_version.has_value() && !schema.migrations_table_is_ours) return true;
  if (!schema.stores_rows()) return false;
  // --mark-completed sets push_started_at, never batch_id.
  if (!schema.Has(kBatchId)) return false;
  const std::string batch_id = QuoteIdentifier(schema.NameOf(kBatchId));
  const std::string id = QuoteIdentifier(schema.NameOf(kId));
  for (const char* order : {"ASC", "DESC"}) {
    ASSIGN_OR_RETURN(const SqlRows rows,
                     session->Query(absl::StrCat("SELECT 1 FROM (SELECT ", batch_id, " FROM ", schema.Name(),
                                                 " ORDER BY ", id, " ", order, " LIMIT ", kMarkSample,
                                                 ") AS sample WHERE ", batch_id, " IS NOT NULL LIMIT 1")));
    if (!rows.rows.empty()) return true;
  }
  return false;
}

absl::StatusOr<uint64_t> CountFreshClaims(SqlSession* session, const OutboxSchema& schema) {
  if (!schema.stores_rows()) return 0;
  for (const OutboxColumn column : {kBatchId, kPushStartedAt, kPushCompletedAt}) {
    if (!schema.Has(column)) return 0;
  }
  // The polling relay writes NOW(): compared with the server's, in the same zone. Rows without a batch_id can be
  // millions, those with one after a take-over too; the server knows by its indexes which of both is less to read.
  const auto name = [&](OutboxColumn column) { return QuoteIdentifier(schema.NameOf(column)); };
  ASSIGN_OR_RETURN(const SqlRows rows,
                   session->Query(absl::StrCat("SELECT COUNT(*) FROM ", schema.Name(), " WHERE ", name(kBatchId),
                                               " IS NOT NULL AND ", name(kPushCompletedAt), " IS NULL AND ",
                                               name(kPushStartedAt), " > NOW() - INTERVAL 10 MINUTE")));
  uint64_t count = 0;
  if (rows.rows.empty() || !absl::SimpleAtoi(Text(rows.rows[0][0]), &count)) {
    return absl::InternalError("COUNT(*) is no number");
  }
  return count;
}

}  // namespace relay
