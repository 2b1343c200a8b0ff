// SPDX-License-Identifier: Apache-2.0
#include "relay/startup/migrations_from_config.h"

#include <string>

#include "relay/startup/identity_from_config.h"
#include "relay/state/relay_identity.h"
#include "relay/status/logging.h"

namespace relay {

absl::StatusOr<std::vector<OutboxSchema>> MigrateAndLog(SqlSession* session, const MigrationOptions& options) {
  std::vector<std::string> applied;
  absl::StatusOr<std::vector<OutboxSchema>> schemas = Migrate(session, options, &applied);
  for (const std::string& statement : applied) LogEvent(LogLevel::kInfo, LogCode::kMigrationApplied, statement);
  return schemas;
}

MigrationOptions MigrationOptionsFromConfig(const Config& config) {
  MigrationOptions options;
  options.schemas = config.database.schemas;
  options.outbox_table = config.database.outbox_table;
  options.skip_outbox_tables = config.database.skip_migrations;
  if (config.checkpoint.file.empty() && !config.polling_disabled) {
    options.state_schema = NewStateSchema(IdentityFromConfig(config.database));
  }
  return options;
}

}  // namespace relay
