// SPDX-License-Identifier: Apache-2.0

// outbox-relay: follows the binlog of MySQL or MariaDB and publishes the rows
// that are committed into an outbox table to Kafka.

#include <unistd.h>

#include "absl/synchronization/notification.h"
#include "relay/command/check_command.h"
#include "relay/command/cleanup_command.h"
#include "relay/command/commands.h"
#include "relay/command/decode_command.h"
#include "relay/command/migrate_command.h"
#include "relay/command/optimize_command.h"
#include "relay/command/run_command.h"
#include "relay/config/config.h"

int main(int argc, char** argv) {
  relay::Commands commands;
  commands.run = relay::Run;
  commands.check = relay::RunCheck;
  commands.cleanup = relay::RunCleanup;
  commands.decode = [](const relay::Config& config, absl::Notification*) { return relay::RunDecode(config); };
  commands.migrate = [](const relay::Config& config, absl::Notification*) { return relay::RunMigrate(config); };
  commands.optimize = [](const relay::Config& config, absl::Notification*) { return relay::RunOptimize(config); };
  return relay::RunProgram(argc, argv, environ, commands);
}
