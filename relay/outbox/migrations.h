// SPDX-License-Identifier: Apache-2.0
//
// Brings the database's tables to what this relay needs: the outbox tables (relay/outbox/outbox_table_shape.h) and our
// own (relay/state/state_tables.h).
#ifndef RELAY_OUTBOX_MIGRATIONS_H_
#define RELAY_OUTBOX_MIGRATIONS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "relay/outbox/outbox_schema.h"
#include "relay/sql/sql_session.h"

namespace relay {

struct MigrationOptions {
  std::vector<std::string> schemas;  // DB_NAME
  std::string outbox_table = "kafka_outbox";
  // SKIP_MIGRATIONS: the outbox tables are taken as they are. Our own are made all the same, since nobody else does.
  bool skip_outbox_tables = false;
  // Where our own tables go; empty: none are made (POLLING_DISABLED, or a checkpoint in a file).
  std::string state_schema;
  // How long an ALTER may wait for other sessions' transactions to let go of the table: meanwhile the application's
  // statements queue behind it. Whole seconds.
  absl::Duration lock_wait = absl::Seconds(10);
};

// Makes and completes the tables and returns what each schema's outbox table is then, in the order of options.schemas.
// Runs at every start; changes nothing when nothing is missing. Several relays may do so at once.
//
// An ALTER of a large table takes its time: use a session whose read_timeout allows for it. It waits at most ten
// seconds for other sessions' transactions to let go of the table (meanwhile the application's inserts queue behind
// it), then the error is Unavailable: try again later.
//
// FailedPrecondition: a table is unusable, naming column and cure. PermissionDenied: names what may be run by someone
// else. NotFound: no such schema. Else as SqlSession.
//
// `applied`, when given, gets each statement that changed a table, also when a later one fails.
absl::StatusOr<std::vector<OutboxSchema>> Migrate(SqlSession* session, const MigrationOptions& options,
                                                  std::vector<std::string>* applied = nullptr);

// The statements that Migrate would run now, for `migrate --print`; changes nothing. skip_outbox_tables does not count.
absl::StatusOr<std::vector<std::string>> PlanMigrations(SqlSession* session, const MigrationOptions& options);

}  // namespace relay

#endif  // RELAY_OUTBOX_MIGRATIONS_H_
