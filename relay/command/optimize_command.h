// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_COMMAND_OPTIMIZE_COMMAND_H_
#define RELAY_COMMAND_OPTIMIZE_COMMAND_H_

#include "absl/status/status.h"
#include "relay/config/config.h"
#include "relay/outbox/outbox_schema.h"
#include "relay/sql/sql_session.h"

namespace relay {

// outbox-relay --optimize: OPTIMIZE TABLE of every outbox table. Returns the exit code, 1 when one failed; the others
// are done all the same.
int RunOptimize(const Config& config);

// One table, so that a relay at work knows it for the same one afterwards (relay/outbox/table_identity.h). The
// session's read_timeout must outlast it. Unknown: what the server said.
absl::Status OptimizeTable(SqlSession* session, const OutboxSchema& schema);

}  // namespace relay

#endif  // RELAY_COMMAND_OPTIMIZE_COMMAND_H_
