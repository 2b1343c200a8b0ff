// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_COMMAND_CLEANUP_COMMAND_H_
#define RELAY_COMMAND_CLEANUP_COMMAND_H_

#include "absl/synchronization/notification.h"
#include "relay/config/config.h"

namespace relay {

// outbox-relay --cleanup [--dry-run]: one pass over every schema, for cron. Returns the exit code, 1 when a schema
// failed; the others are done all the same.
//
// Deletes what the polling relay completed, and what the ledger of the relay at work says is due. That relay deletes
// the same rows by itself, so this changes little; it never writes the ledger, which is the other process's. When no
// checkpoint was saved for a while the ledger is left alone: the log may hold rows that took a published row's id, and
// no one is reading it.
int RunCleanup(const Config& config, const absl::Notification* stop);

}  // namespace relay

#endif  // RELAY_COMMAND_CLEANUP_COMMAND_H_
