// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_COMMAND_MIGRATE_COMMAND_H_
#define RELAY_COMMAND_MIGRATE_COMMAND_H_

#include "relay/config/config.h"

namespace relay {

// outbox-relay migrate [--print]: makes and completes the tables, or prints the statements that would, each ended by a
// semicolon. Returns the exit code.
int RunMigrate(const Config& config);

}  // namespace relay

#endif  // RELAY_COMMAND_MIGRATE_COMMAND_H_
