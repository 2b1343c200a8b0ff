// SPDX-License-Identifier: Apache-2.0
#include "relay/state/state_tables.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"
#include "relay/sql/sql_param.h"

namespace relay {
namespace {

struct NamedStatement {
  std::string schema;
  std::string table;
  std::string statement;
};

constexpr char kTableOptions[] = ") ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

NamedStatement CreateTable(absl::string_view schema, absl::string_view table, absl::string_view columns) {
  return {std::string(schema), std::string(table),
          absl::StrCat("CREATE TABLE IF NOT EXISTS ", QuoteTable(schema, table), " (\n", columns, kTableOptions)};
}

std::vector<NamedStatement> StateSchemaTables(absl::string_view schema) {
  return {
      // One row a relay. `details` has what rarely changes; the lease's columns are not in use yet.
      CreateTable(schema, kCheckpointTable,
                  "  relay_id CHAR(36) CHARACTER SET ascii NOT NULL PRIMARY KEY,\n"
                  "  format INT NOT NULL,\n"
                  "  epoch BIGINT UNSIGNED NOT NULL DEFAULT 0,\n"
                  "  lease_owner VARCHAR(255) NOT NULL DEFAULT '',\n"
                  "  lease_until DATETIME(6) NULL,\n"
                  "  server_uuid VARCHAR(64) NOT NULL DEFAULT '',\n"
                  "  gtids LONGTEXT NOT NULL,\n"
                  "  log_file VARCHAR(512) NOT NULL DEFAULT '',\n"
                  "  log_offset BIGINT UNSIGNED NOT NULL DEFAULT 0,\n"
                  "  transactions_to_skip BIGINT UNSIGNED NOT NULL DEFAULT 0,\n"
                  "  last_gtid VARCHAR(128) NOT NULL DEFAULT '',\n"
                  "  last_log_file VARCHAR(512) NOT NULL DEFAULT '',\n"
                  "  last_log_offset BIGINT UNSIGNED NOT NULL DEFAULT 0,\n"
                  "  last_commit_micros BIGINT NOT NULL DEFAULT 0,\n"
                  "  details LONGTEXT NOT NULL,\n"
                  "  saved_at DATETIME(6) NULL COMMENT 'UTC'\n"),
      // Each save adds one part a minute; `minute` counts from the Unix epoch, -1 holds the ids that --start skipped;
      // `ids` is a portable 64-bit Roaring bitmap.
      CreateTable(schema, kLedgerTable,
                  "  relay_id CHAR(36) CHARACTER SET ascii NOT NULL,\n"
                  "  schema_name VARCHAR(64) NOT NULL,\n"
                  "  minute BIGINT NOT NULL,\n"
                  "  part BIGINT UNSIGNED NOT NULL,\n"
                  "  ids LONGBLOB NOT NULL,\n"
                  "  PRIMARY KEY (relay_id, schema_name, minute, part)\n"),
      // Bytes as they were: a row's columns need not be valid text.
      CreateTable(schema, kDeadTable,
                  "  seq BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,\n"
                  "  relay_id CHAR(36) CHARACTER SET ascii NOT NULL,\n"
                  "  schema_name VARCHAR(64) NOT NULL,\n"
                  "  table_name VARCHAR(64) NOT NULL,\n"
                  "  row_id VARCHAR(64) NOT NULL,\n"
                  "  gtid VARCHAR(128) NOT NULL DEFAULT '',\n"
                  "  committed_at DATETIME(6) NULL COMMENT 'UTC',\n"
                  "  died_at DATETIME(6) NOT NULL COMMENT 'UTC',\n"
                  "  push_attempts INT UNSIGNED NOT NULL,\n"
                  "  error_reason VARCHAR(255) NOT NULL,\n"
                  "  topic LONGBLOB NULL,\n"
                  "  `key` LONGBLOB NULL,\n"
                  "  partition_key LONGBLOB NULL,\n"
                  "  payload_json LONGBLOB NULL,\n"
                  "  payload_headers LONGBLOB NULL,\n"
                  "  KEY by_row (schema_name, table_name, row_id)\n"),
  };
}

std::vector<NamedStatement> OutboxSchemaTables(absl::string_view schema) {
  return {
      // The rebuilt_ columns tell an OPTIMIZE of ours from a table that was made anew: both change CREATE_TIME.
      CreateTable(schema, kOwnerTable,
                  "  table_name VARCHAR(64) NOT NULL PRIMARY KEY,\n"
                  "  relay_id CHAR(36) CHARACTER SET ascii NOT NULL,\n"
                  "  state_schema VARCHAR(64) NOT NULL,\n"
                  "  claimed_at DATETIME(6) NOT NULL COMMENT 'UTC',\n"
                  "  rebuilt_from VARCHAR(32) NOT NULL DEFAULT '',\n"
                  "  rebuilt_to VARCHAR(32) NOT NULL DEFAULT ''\n"),
  };
}

std::vector<NamedStatement> AllTables(absl::string_view state_schema, const std::vector<std::string>& outbox_schemas) {
  std::vector<NamedStatement> tables = StateSchemaTables(state_schema);
  for (const std::string& schema : outbox_schemas) {
    for (NamedStatement& table : OutboxSchemaTables(schema)) tables.push_back(std::move(table));
  }
  return tables;
}

std::vector<std::string> StatementsOf(std::vector<NamedStatement> tables) {
  std::vector<std::string> statements;
  for (NamedStatement& table : tables) statements.push_back(std::move(table.statement));
  return statements;
}

absl::Status Ensure(SqlSession* session, const NamedStatement& table, std::vector<std::string>* applied) {
  ASSIGN_OR_RETURN(const bool exists, TableExists(session, table.schema, table.table));
  if (exists) return absl::OkStatus();
  const absl::Status made = session->Execute(table.statement).status();
  if (made.code() == absl::StatusCode::kPermissionDenied) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the relay's own table ", QuoteTable(table.schema, table.table), " is missing and may not be created: ",
        made.message(), ". Grant CREATE, SELECT, INSERT, UPDATE, DELETE ON ", QuoteIdentifier(table.schema),
        ".* to the user, or let someone run the statements that 'outbox-relay migrate --print' prints."));
  }
  if (made.ok()) {
    if (applied != nullptr) applied->push_back(table.statement);
    return made;
  }
  if (absl::IsUnavailable(made) || absl::IsNotFound(made)) return made;
  return absl::FailedPreconditionError(
      absl::StrCat("the relay's own table ", QuoteTable(table.schema, table.table), " can't be made: ", made.message(),
                   ". Run this by hand, changed so that the server takes it: ", table.statement));
}

}  // namespace

std::vector<std::string> StateSchemaStatements(absl::string_view state_schema) {
  return StatementsOf(StateSchemaTables(state_schema));
}

std::vector<std::string> OutboxSchemaStatements(absl::string_view schema) {
  return StatementsOf(OutboxSchemaTables(schema));
}

absl::StatusOr<bool> TableExists(SqlSession* session, absl::string_view schema, absl::string_view table) {
  ASSIGN_OR_RETURN(const SqlRows found,
                   session->Query("SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
                                  {schema, table}));
  return !found.rows.empty();
}

absl::StatusOr<std::vector<std::string>> MissingStateTables(SqlSession* session, absl::string_view state_schema,
                                                            const std::vector<std::string>& outbox_schemas) {
  std::vector<std::string> statements;
  for (NamedStatement& table : AllTables(state_schema, outbox_schemas)) {
    ASSIGN_OR_RETURN(const bool exists, TableExists(session, table.schema, table.table));
    if (!exists) statements.push_back(std::move(table.statement));
  }
  return statements;
}

absl::Status EnsureStateTables(SqlSession* session, absl::string_view state_schema,
                               const std::vector<std::string>& outbox_schemas, std::vector<std::string>* applied) {
  for (const NamedStatement& table : AllTables(state_schema, outbox_schemas)) {
    RETURN_IF_ERROR(Ensure(session, table, applied));
  }
  return absl::OkStatus();
}

}  // namespace relay
