// SPDX-License-Identifier: Apache-2.0
//
// The relay's own tables: what they are called, the statements that make them, and whether they are there.
//
//   in the state schema     kafka_outbox_checkpoint  one row a relay: the position, the lease
//                           kafka_outbox_ledger      published ids by schema and minute
//                           kafka_outbox_dead        poison rows that had no row left to record them on
//   in each outbox schema   kafka_outbox_owner       which relay publishes which table of the schema
#ifndef RELAY_STATE_STATE_TABLES_H_
#define RELAY_STATE_STATE_TABLES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "relay/sql/sql_session.h"

namespace relay {

inline constexpr char kCheckpointTable[] = "kafka_outbox_checkpoint";
inline constexpr char kLedgerTable[] = "kafka_outbox_ledger";
inline constexpr char kDeadTable[] = "kafka_outbox_dead";
inline constexpr char kOwnerTable[] = "kafka_outbox_owner";

// The CREATE TABLE IF NOT EXISTS statements of the state schema's tables, and of an outbox schema's.
std::vector<std::string> StateSchemaStatements(absl::string_view state_schema);
std::vector<std::string> OutboxSchemaStatements(absl::string_view schema);

// True when the table, or view, is there and we may see it.
absl::StatusOr<bool> TableExists(SqlSession* session, absl::string_view schema, absl::string_view table);

// The statements of those tables that are missing.
absl::StatusOr<std::vector<std::string>> MissingStateTables(SqlSession* session, absl::string_view state_schema,
                                                            const std::vector<std::string>& outbox_schemas);

// Makes the tables that are missing, and nothing when none is: a user without CREATE rights is fine then.
// PermissionDenied names the way out. `applied`, when given, gets each statement that was run.
absl::Status EnsureStateTables(SqlSession* session, absl::string_view state_schema,
                               const std::vector<std::string>& outbox_schemas,
                               std::vector<std::string>* applied = nullptr);

}  // namespace relay

#endif  // RELAY_STATE_STATE_TABLES_H_
