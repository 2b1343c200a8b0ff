// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CHECK_PRECONDITIONS_H_
#define RELAY_CHECK_PRECONDITIONS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "relay/check/finding.h"
#include "relay/check/server_preconditions.h"
#include "relay/sql/server_info.h"
#include "relay/sql/sql_endpoint.h"
#include "relay/sql/sql_session.h"

namespace relay {

// Everything that the relay needs of one server, looked at through a session of it: settings, tables, privileges, and a
// dump that is tried and ends at once. Nothing is changed. `check` prints all of it; `run` stops at FirstFailure.
// A session that breaks in the middle is a Finding too.
std::vector<Finding> CheckServer(SqlSession* session, const SqlEndpoint& endpoint, const PreconditionOptions& options,
                                 const absl::Notification* stop);

// Whether a dump can be had from the host: replication privileges, and nothing between us and the server that does not
// pass it on. It begins at the log's end and does not wait. `stop` may be null.
Finding TryDump(const SqlEndpoint& endpoint, size_t host_index, const ServerInfo& info, const absl::Notification* stop);

// Whether transactions past the buffer can be kept in a file there.
Finding CheckSpillDirectory(const std::string& directory);

// All hosts of the endpoint: each is connected to and, if that works, checked. One that does not answer is a failure
// only if none does.
std::vector<Finding> CheckDatabase(const SqlEndpoint& endpoint, const PreconditionOptions& options,
                                   const absl::Notification* stop);

}  // namespace relay

#endif  // RELAY_CHECK_PRECONDITIONS_H_
