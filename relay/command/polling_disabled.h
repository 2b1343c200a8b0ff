// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_COMMAND_POLLING_DISABLED_H_
#define RELAY_COMMAND_POLLING_DISABLED_H_

#include "absl/synchronization/notification.h"
#include "relay/config/config.h"

namespace relay {

// `run` with POLLING_DISABLED, for local development: makes the outbox tables,
// serves HTTP, and touches neither Kafka nor the binlog, whose privileges it
// does not need. A database that does not answer yet is waited for. Returns the
// exit code: 0 after `stop`, 1 when waiting can not help.
int RunPollingDisabled(const Config& config, absl::Notification* stop);

}  // namespace relay

#endif  // RELAY_COMMAND_POLLING_DISABLED_H_
