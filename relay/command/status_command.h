// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_COMMAND_STATUS_COMMAND_H_
#define RELAY_COMMAND_STATUS_COMMAND_H_

#include "relay/config/config.h"

namespace relay {

// `outbox-relay status [URL]`: asks a running relay for /status and prints it
// for people. Returns the exit code: 1 when no relay answers.
int PrintStatus(const Config& config);

}  // namespace relay

#endif  // RELAY_COMMAND_STATUS_COMMAND_H_
