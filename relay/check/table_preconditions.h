// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CHECK_TABLE_PRECONDITIONS_H_
#define RELAY_CHECK_TABLE_PRECONDITIONS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "relay/check/finding.h"
#include "relay/check/server_preconditions.h"
#include "relay/sql/grants.h"
#include "relay/sql/sql_session.h"

namespace relay {

// Whether the outbox tables are there and usable or can be made, whether this user may do with them and with the state
// schema's what the relay does, and whether a polling relay is at work on them. Changes nothing: privileges are asked
// for, and tried by EXPLAIN. Errors: the session broke.
absl::StatusOr<std::vector<Finding>> CheckTables(SqlSession* session, const Grants& grants,
                                                 const PreconditionOptions& options);

}  // namespace relay

#endif  // RELAY_CHECK_TABLE_PRECONDITIONS_H_
