// SPDX-License-Identifier: Apache-2.0
//
// A row stands in the log before a SELECT sees it (docs/architecture.md). Where no set of executed GTIDs says which
// commits are visible, a commit of our own does: commits become visible in the order of the log.
#ifndef RELAY_STREAM_COMMIT_BARRIER_H_
#define RELAY_STREAM_COMMIT_BARRIER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "relay/sql/server_info.h"
#include "relay/sql/sql_session.h"

namespace relay {

// Whether @@gtid_executed never names a commit that is not visible yet. On MariaDB @@gtid_binlog_pos does, and without
// GTIDs there is neither.
bool GtidsTellVisibility(const ServerInfo& server);

// Commits something of ours and returns how long to wait after it until everything that stood in the log before is
// visible: a moment, for servers that don't keep the order (binlog_order_commits=OFF). Long when there is no table of
// ours to write to (`state_schema` is empty).
absl::StatusOr<absl::Duration> CommitBarrier(SqlSession* session, const std::string& state_schema,
                                             const std::string& relay_id);

}  // namespace relay

#endif  // RELAY_STREAM_COMMIT_BARRIER_H_
