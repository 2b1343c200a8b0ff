// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_OPTIMIZE_COMMAND_H_
#define RELAY_OPTIMIZE_COMMAND_H_

#include "absl/status/status.h"
#include "relay/config.h"
#include "relay/outbox_schema.h"
#include "relay/sql_session.h"

namespace relay {

// outbox-relay --optimize: OPTIMIZE TABLE of every outbox table. Returns the exit code, 1 when one failed; the others
// are done all the same.
int RunOptimize(const Config& config);

// One table, so that a relay at work knows it for the same one afterwards (relay/table_identity.h). The session's
// read_timeout must outlast it. Unknown: what the server said.
absl::Status OptimizeTable(SqlSession* session, const OutboxSchema& schema);

}  // namespace relay

#endif  // RELAY_OPTIMIZE_COMMAND_H_
