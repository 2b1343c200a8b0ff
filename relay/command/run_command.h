// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_COMMAND_RUN_COMMAND_H_
#define RELAY_COMMAND_RUN_COMMAND_H_

#include "absl/synchronization/notification.h"
#include "relay/config/config.h"

namespace relay {

// `outbox-relay run`, also `outbox-relay`: serves HTTP and publishes until `stop`. Exit code 0 after a stop, 1 when
// waiting can't help; one line says what to do.
int Run(const Config& config, absl::Notification* stop);

}  // namespace relay

#endif  // RELAY_COMMAND_RUN_COMMAND_H_
