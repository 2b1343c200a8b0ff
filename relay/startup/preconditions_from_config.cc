// SPDX-License-Identifier: Apache-2.0
#include "relay/startup/preconditions_from_config.h"

#include "relay/startup/identity_from_config.h"

namespace relay {

PreconditionOptions PreconditionsFromConfig(const Config& config) {
  PreconditionOptions options;
  options.relay = IdentityFromConfig(config.database);
  options.keeps_state = config.checkpoint.file.empty();
  options.skip_migrations = config.database.skip_migrations;
  options.reads_binlog = !config.polling_disabled && config.command != Command::kCleanup &&
                         config.command != Command::kOptimize && config.command != Command::kMigrate;
  options.columns_given = !config.database.columns.empty();
  options.hosts = config.database.unix_socket.empty() ? config.database.hosts.size() : 1;
  options.deletes_published = config.cleanup.enabled;
  return options;
}

}  // namespace relay
