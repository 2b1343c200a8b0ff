// SPDX-License-Identifier: Apache-2.0
//
// What the database says of one outbox table as it is: made by the polling relay at any of its versions, by hand, by
// our migrations, or not yet.
#ifndef RELAY_OUTBOX_OUTBOX_SCHEMA_H_
#define RELAY_OUTBOX_OUTBOX_SCHEMA_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "relay/outbox/outbox_table.h"
#include "relay/sql/sql_session.h"

namespace relay {

// The polling relay's record of its migrations: one row (version, dirty).
inline constexpr char kMigrationsTable[] = "kafka_outbox_schema_migrations";
// The comment by which we know a migrations table that we made ourselves.
inline constexpr char kMigrationsTableComment[] = "made by outbox-relay";

struct OutboxColumnInfo {
  std::string name;
  std::string data_type;                   // "bigint"
  std::string column_type;                 // "bigint unsigned"
  std::optional<uint64_t> max_characters;  // Of character and binary types.
  bool nullable = false;
  bool has_default = false;  // Also CURRENT_TIMESTAMP and NULL.
  bool auto_increment = false;
  bool generated = false;
};

struct OutboxIndexInfo {
  std::string name;
  std::string columns;  // "a" or "a,b,c"
};

struct OutboxSchema {
  std::string schema;
  std::string table;
  bool exists = false;  // The rest is empty without it, but the migration's record.
  bool is_view = false;
  std::string engine;  // "InnoDB"
  // CREATE_TIME as the server prints it; empty when it has none. DROP and CREATE, RENAME of another table in its place
  // and any ALTER or OPTIMIZE change it; TRUNCATE does not (MySQL 9.7, MariaDB 10.11).
  std::string created;
  std::vector<OutboxColumnInfo> columns;  // In the table's order.
  std::vector<std::string> primary_key;   // Column names.
  std::vector<OutboxIndexInfo> indexes;   // The others.

  bool has_migrations_table = false;
  bool migrations_table_is_ours = false;
  std::optional<int64_t> migration_version;
  bool migration_dirty = false;

  // nullptr when there is none. Column names are compared as the server does, without case.
  const OutboxColumnInfo* Column(absl::string_view name) const;
  const OutboxColumnInfo* Column(OutboxColumn column) const { return Column(kOutboxColumnNames[column]); }
  bool Has(OutboxColumn column) const { return Column(column) != nullptr; }
  // The table's own spelling of the name; the usual one when it has none.
  std::string NameOf(OutboxColumn column) const;

  // False for engines that keep no rows (BLACKHOLE): there is nothing to sweep, mark or delete.
  bool stores_rows() const;
  // True when ids are unsigned; decides how an id is written into SQL.
  bool unsigned_id() const;
  // The id as a literal of SQL.
  std::string IdLiteral(uint64_t id) const;
  // `schema`.`table`
  std::string Name() const;
};

// Reads the facts. Also OK when the table does not exist. NotFound when the schema doesn't (or may not be seen).
absl::StatusOr<OutboxSchema> ReadOutboxSchema(SqlSession* session, absl::string_view schema, absl::string_view table);

// An outbox table as it is now, by its place among the relay's: a DDL may have changed it.
using OutboxSchemaOf = std::function<OutboxSchema(size_t)>;

// Only CREATE_TIME, read anew (cheap); empty when the table is gone.
absl::StatusOr<std::string> ReadTableCreated(SqlSession* session, absl::string_view schema, absl::string_view table);

// True when the polling relay has used the table: its record of migrations that we did not make, or claims in the
// oldest or newest rows.
absl::StatusOr<bool> HasPollingRelaysMarks(SqlSession* session, const OutboxSchema& schema);

// Rows that a polling relay claimed within the last ten minutes and has not completed: it is at work beside us.
absl::StatusOr<uint64_t> CountFreshClaims(SqlSession* session, const OutboxSchema& schema);

}  // namespace relay

#endif  // RELAY_OUTBOX_OUTBOX_SCHEMA_H_
