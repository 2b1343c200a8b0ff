// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STARTUP_MIGRATIONS_FROM_CONFIG_H_
#define RELAY_STARTUP_MIGRATIONS_FROM_CONFIG_H_

#include <vector>

#include "absl/status/statusor.h"
#include "relay/config/config.h"
#include "relay/outbox/migrations.h"
#include "relay/outbox/outbox_schema.h"
#include "relay/sql/sql_session.h"

namespace relay {

// Migrate (relay/outbox/migrations.h), with a line in the log for each statement that changed a table.
absl::StatusOr<std::vector<OutboxSchema>> MigrateAndLog(SqlSession* session, const MigrationOptions& options);

// What these settings ask of Migrate. The state schema that the tables name already, if any, is for the caller to fill
// in (FindStateSchema).
MigrationOptions MigrationOptionsFromConfig(const Config& config);

}  // namespace relay

#endif  // RELAY_STARTUP_MIGRATIONS_FROM_CONFIG_H_
