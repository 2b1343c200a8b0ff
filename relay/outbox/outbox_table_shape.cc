// SPDX-License-Identifier: Apache-2.0
#include "relay/outbox/outbox_table_shape.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "relay/sql/sql_param.h"

namespace relay {
namespace {

constexpr char kOutboxTable[] = "kafka_outbox";

constexpr std::array<absl::string_view, 5> kIntegerTypes = {"bigint", "int", "mediumint", "smallint", "tinyint"};

bool IsInteger(const OutboxColumnInfo& column) {
  return std::find(kIntegerTypes.begin(), kIntegerTypes.end(), column.data_type) != kIntegerTypes.end();
}

struct ColumnDdl {
  OutboxColumn column;
  absl::string_view create;
  // When added to an existing table: an INSERT that does not know the column must go on working.
  absl::string_view add;
};

// In the order of the polling relay's table.
constexpr ColumnDdl kColumns[] = {
    {kId, "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY", "BIGINT NOT NULL AUTO_INCREMENT UNIQUE"},
    {kBatchId, "CHAR(36) NULL", "CHAR(36) NULL"},
    {kPushStartedAt, "DATETIME NULL", "DATETIME NULL"},
    {kPushCompletedAt, "DATETIME NULL", "DATETIME NULL"},
    {kTopic, "VARCHAR(255) NOT NULL", "VARCHAR(255) NOT NULL DEFAULT ''"},
    {kPayloadJson, "JSON NOT NULL", "JSON NULL"},
    {kPayloadHeaders, "JSON NOT NULL", "JSON NULL"},
    {kPushAttempts, "TINYINT NOT NULL DEFAULT 0", "TINYINT NOT NULL DEFAULT 0"},
    {kErrored, "TINYINT NOT NULL DEFAULT 0", "TINYINT NOT NULL DEFAULT 0"},
    {kErrorReason, "VARCHAR(255) NOT NULL DEFAULT ''", "VARCHAR(255) NOT NULL DEFAULT ''"},
    {kCreatedAt, "DATETIME DEFAULT CURRENT_TIMESTAMP", "DATETIME DEFAULT CURRENT_TIMESTAMP"},
    {kPartitionKey, "VARCHAR(255) NOT NULL DEFAULT ''", "VARCHAR(255) NOT NULL DEFAULT ''"},
    {kKey, "VARCHAR(255) NOT NULL DEFAULT ''", "VARCHAR(255) NOT NULL DEFAULT ''"},
};

std::string AddColumn(OutboxColumn column) {
  for (const ColumnDdl& ddl : kColumns) {
    if (ddl.column == column) {
      return absl::StrCat("ADD COLUMN ", QuoteIdentifier(kOutboxColumnNames[column]), " ", ddl.add);
    }
  }
  return "";
}

// Only the table that the polling relay's own migrations are about has a version.
std::vector<std::string> PlanMigrationRecord(const OutboxSchema& schema) {
  std::vector<std::string> statements;
  if (!absl::EqualsIgnoreCase(schema.table, kOutboxTable)) return statements;
  const std::string table = QuoteTable(schema.schema, kMigrationsTable);
  if (!schema.has_migrations_table) {
    statements.push_back(absl::StrCat("CREATE TABLE IF NOT EXISTS ", table,
                                      " (version BIGINT NOT NULL PRIMARY KEY, dirty BOOLEAN NOT NULL) COMMENT '",
                                      kMigrationsTableComment, "'"));
  }
  if (!schema.migration_version.has_value()) {
    statements.push_back(
        absl::StrCat("INSERT INTO ", table, " (version, dirty) VALUES (", kLastMigrationVersion, ", 0)"));
  } else if (*schema.migration_version < kLastMigrationVersion ||
             (*schema.migration_version == kLastMigrationVersion && schema.migration_dirty)) {
    // A migration of the polling relay that stopped half way is made whole by what stands before this statement.
    statements.push_back(absl::StrCat("UPDATE ", table, " SET version = ", kLastMigrationVersion, ", dirty = 0"));
  }
  return statements;
}

absl::Status Unusable(const OutboxSchema& schema, absl::string_view what, absl::string_view cure) {
  return absl::FailedPreconditionError(absl::StrCat("outbox table ", schema.Name(), ": ", what, ". ", cure));
}

}  // namespace

std::string CompletedIndexMissing(const OutboxSchema& schema) {
  return absl::StrCat(
      "rows of ", schema.Name(),
      " that a polling relay has completed are not deleted: no index begins with push_completed_at, and "
      "each pass would read the whole table");
}

std::string AddCompletedIndex(const OutboxSchema& schema) {
  return absl::StrCat("ALTER TABLE ", schema.Name(), " ADD INDEX outbox_push_completed_at (push_completed_at)");
}

bool HasIndexOn(const OutboxSchema& schema, absl::string_view columns) {
  const auto begins = [columns](absl::string_view index) {
    return absl::StartsWithIgnoreCase(index, columns) &&
           (index.size() == columns.size() || index[columns.size()] == ',');
  };
  for (const OutboxIndexInfo& index : schema.indexes) {
    if (begins(index.columns)) return true;
  }
  return begins(absl::StrJoin(schema.primary_key, ","));
}

absl::Status CheckOutboxSchema(const OutboxSchema& schema) {
  if (!schema.exists) {
    return Unusable(
        schema, "it does not exist",
        "Let the relay make it (unset SKIP_MIGRATIONS), or run what 'outbox-relay migrate --print' prints.");
  }
  if (schema.is_view) {
    return Unusable(schema, "it is a view", "Name the table behind it: rows of a view are logged under its table.");
  }
  for (const OutboxColumn column : kNeededColumns) {
    if (schema.Has(column)) continue;
    return Unusable(schema, absl::StrCat("column '", kOutboxColumnNames[column], "' is missing"),
                    absl::StrCat("Run: ", AddColumnStatement(schema, column)));
  }
  const OutboxColumnInfo& id = *schema.Column(kId);
  if (!IsInteger(id)) {
    return Unusable(schema, absl::StrCat("column 'id' is ", id.column_type, ", not an integer"),
                    absl::StrCat("Run: ALTER TABLE ", schema.Name(), " MODIFY ", QuoteIdentifier(id.name),
                                 " BIGINT NOT NULL AUTO_INCREMENT"));
  }
  for (const OutboxColumn column : {kErrored, kPushAttempts}) {
    const OutboxColumnInfo& info = *schema.Column(column);
    if (IsInteger(info) || info.data_type == "bit" || info.data_type == "decimal") continue;
    return Unusable(schema, absl::StrCat("column '", info.name, "' is ", info.column_type, ", not an integer"),
                    absl::StrCat("Run: ALTER TABLE ", schema.Name(), " MODIFY ", QuoteIdentifier(info.name),
                                 " TINYINT NOT NULL DEFAULT 0"));
  }
  const bool id_leads = (!schema.primary_key.empty() && absl::EqualsIgnoreCase(schema.primary_key[0], id.name)) ||
                        std::any_of(schema.indexes.begin(), schema.indexes.end(), [&](const OutboxIndexInfo& index) {
                          return absl::EqualsIgnoreCase(index.columns.substr(0, index.columns.find(',')), id.name);
                        });
  if (schema.stores_rows() && !id_leads) {
    return Unusable(schema, "no index begins with 'id', so that every cleanup would read the whole table",
                    absl::StrCat("Run: ALTER TABLE ", schema.Name(), " ADD UNIQUE INDEX outbox_id (",
                                 QuoteIdentifier(id.name), ")"));
  }
  return absl::OkStatus();
}

std::string AddColumnStatement(const OutboxSchema& schema, OutboxColumn column) {
  return absl::StrCat("ALTER TABLE ", schema.Name(), " ", AddColumn(column));
}

std::string CreateOutboxTableStatement(absl::string_view schema, absl::string_view table) {
  std::vector<std::string> lines;
  for (const ColumnDdl& ddl : kColumns) {
    lines.push_back(absl::StrCat("  ", QuoteIdentifier(kOutboxColumnNames[ddl.column]), " ", ddl.create));
  }
  lines.push_back("  INDEX outbox_push_completed_at (push_completed_at)");
  lines.push_back("  INDEX outbox_batch_query (batch_id, created_at)");
  return absl::StrCat("CREATE TABLE IF NOT EXISTS ", QuoteTable(schema, table), " (\n", absl::StrJoin(lines, ",\n"),
                      "\n)");
}

std::vector<std::string> PlanOutboxMigration(const OutboxSchema& schema) {
  std::vector<std::string> statements;
  if (!schema.exists) {
    statements.push_back(CreateOutboxTableStatement(schema.schema, schema.table));
  } else {
    if (schema.is_view) return statements;
    for (const OutboxColumn column : {kId, kTopic, kPayloadJson}) {
      if (!schema.Has(column)) return statements;
    }
    std::vector<std::string> changes;
    for (const ColumnDdl& ddl : kColumns) {
      if (!schema.Has(ddl.column)) changes.push_back(AddColumn(ddl.column));
    }
    if (!HasIndexOn(schema, "push_completed_at")) {
      changes.push_back("ADD INDEX outbox_push_completed_at (push_completed_at)");
    }
    if (!HasIndexOn(schema, "batch_id,created_at")) {
      changes.push_back("ADD INDEX outbox_batch_query (batch_id, created_at)");
    }
    if (!changes.empty()) {
      statements.push_back(absl::StrCat("ALTER TABLE ", schema.Name(), " ", absl::StrJoin(changes, ", ")));
    }
  }
  for (std::string& statement : PlanMigrationRecord(schema)) statements.push_back(std::move(statement));
  return statements;
}

}  // namespace relay
