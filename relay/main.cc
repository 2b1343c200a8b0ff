// SPDX-License-Identifier: Apache-2.0

// outbox-relay: follows the binlog of MySQL or MariaDB and publishes the rows
// that are committed into an outbox table to Kafka.

#include <unistd.h>

#include "relay/commands.h"

int main(int argc, char** argv) {
  relay::Commands commands;
  return relay::RunProgram(argc, argv, environ, commands);
}
