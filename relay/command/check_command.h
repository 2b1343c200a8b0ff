// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_COMMAND_CHECK_COMMAND_H_
#define RELAY_COMMAND_CHECK_COMMAND_H_

#include "absl/synchronization/notification.h"
#include "relay/config/config.h"

namespace relay {

// `outbox-relay check`: tries every precondition of `run` and prints a line for each: "ok", "warn" or "FAIL", what was
// found, and the cure. With --print-sql it prints instead the statements that prepare this server. Changes nothing,
// but that a broker which makes topics by itself makes those that waiting rows name.
//
// Returns the exit code: 1 when something failed or the statements could not be made.
int RunCheck(const Config& config, absl::Notification* stop);

}  // namespace relay

#endif  // RELAY_COMMAND_CHECK_COMMAND_H_
