// SPDX-License-Identifier: Apache-2.0
#include "relay/jobs/server_job.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cdc/event/binlog_position.h"
#include "relay/base/status_macros.h"
#include "relay/state/low_water_mark.h"

namespace relay {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(5);

// Bytes of the server's logs past the mark.
uint64_t Ahead(const ServerInfo& server, const LowWaterMark& mark) {
  if (mark.position.empty()) return 0;  // Where a dump by GTID begins is known by its first event.
  uint64_t ahead = 0;
  for (const BinaryLog& log : server.logs) {
    const auto order = cdc::CompareBinlogFiles(log.name, mark.position.file);
    if (order == 0) ahead += log.size - std::min(log.size, mark.position.offset);
    if (order > 0) ahead += log.size;
  }
  return ahead;
}

// Until the log that the mark is in is purged, at the least.
absl::Duration ToPurge(const ServerInfo& server, const LowWaterMark& mark) {
  if (!server.log_retention.has_value()) return absl::InfiniteDuration();
  const bool in_the_newest = !server.logs.empty() && server.logs.back().name == mark.position.file;
  if (in_the_newest || !mark.last.has_value()) return *server.log_retention;
  // A log is purged when its last event is that old; the checkpoint's own log lasts at least as long as this.
  return *server.log_retention - (server.server_time - mark.last->commit_time);
}

}  // namespace

ServerJob::ServerJob(Options options, Parts parts)
    : options_(options), parts_(std::move(parts)), interval_(kInterval) {}

absl::Status ServerJob::Run(JobSession* session) {
  if (!interval_.Due(parts_.clock->Monotonic())) return absl::OkStatus();
  const absl::Time before = parts_.clock->Now();
  ASSIGN_OR_RETURN(const ServerInfo server, AskServerInfo(session->get()));
  const absl::Time after = parts_.clock->Now();
  parts_.state->set_clock_offset(server.server_time - (before + (after - before) / 2));
  if (!server.primary()) return LeaveReplica(server, session);
  LookAtTheStream(*session);
  ShowLog(server);
  return absl::OkStatus();
}

absl::Status ServerJob::LeaveReplica(const ServerInfo& server, JobSession* session) {
  // A switchover may leave every connection open.
  if (ServerName(server) == parts_.state->server()) parts_.leave_server();
  session->Drop();
  return absl::UnavailableError(absl::StrCat("the server ", ServerName(server),
                                             server.read_only ? " is read only" : " replicates from another one",
                                             ": no primary any more; one is looked for"));
}

void ServerJob::LookAtTheStream(const JobSession& session) {
  if (session.server() == parts_.state->server()) {
    stream_looked_ = false;
    return;
  }
  // A primary, and not the one whose log is read: that may be none any more, its connections left open. The stream
  // looks once, since there may be two.
  if (parts_.state->planned() && !std::exchange(stream_looked_, true)) parts_.leave_server();
}

void ServerJob::ShowLog(const ServerInfo& server) {
  const LowWaterMark mark = parts_.tracker->low_water();
  const absl::Duration to_purge = ToPurge(server, mark);
  ahead_bytes_ = Ahead(server, mark);
  {
    absl::MutexLock lock(&mutex_);
    purge_at_ = parts_.clock->Monotonic() + to_purge;
  }
  ShowTimeToPurge();
  parts_.metrics->source_ahead_bytes.Set(static_cast<double>(ahead_bytes_));
  parts_.board->Update([&](RelayStatus& board) {
    board.source.sql_reachable = true;
    board.source.log_end = server.log_end.position.ToString();
    board.source.ahead_bytes = ahead_bytes_;
    board.source.to_purge.reset();
    if (server.log_retention.has_value()) board.source.to_purge = to_purge;
  });
}

void ServerJob::ShowTimeToPurge() {
  absl::MutexLock lock(&mutex_);
  parts_.metrics->seconds_to_purge.Set(purge_at_ - parts_.clock->Monotonic());
}

}  // namespace relay
