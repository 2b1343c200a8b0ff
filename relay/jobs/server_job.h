// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_JOBS_SERVER_JOB_H_
#define RELAY_JOBS_SERVER_JOB_H_

#include <cstdint>
#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "relay/base/clock.h"
#include "relay/delivery/ack_tracker.h"
#include "relay/delivery/pipeline_state.h"
#include "relay/jobs/interval.h"
#include "relay/jobs/job_session.h"
#include "relay/sql/server_info.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {

// Asks the server now and then: its clock, whether it still is the primary, how much of its log is to be read, and how
// long that log is kept.
class ServerJob {
 public:
  struct Options {
    // More than this that is not read is a backlog.
    uint64_t quiet_ahead_bytes = uint64_t{16} << 20;
  };
  struct Parts {
    PipelineState* state;
    AckTracker* tracker;
    Metrics* metrics;
    StatusBoard* board;
    const relay::base::Clock* clock;
    // The server that the log is read from is no primary any more: the stream is to look for another one.
    std::function<void()> leave_server;
  };

  // All of `parts` must outlive the job.
  ServerJob(Options options, Parts parts);

  // Asks, when it is time to. Drops a session that is to no primary. SQL thread.
  absl::Status Run(JobSession* session);

  // Of the server's log, past the low-water mark, by the last answer; before the first one a backlog. SQL thread.
  uint64_t ahead_bytes() const { return ahead_bytes_; }
  bool backlog() const { return ahead_bytes_ > options_.quiet_ahead_bytes; }

  // Sets the metric of the time until the log of the checkpoint is deleted: while the server does not answer, its log
  // grows older all the same. Any thread.
  void ShowTimeToPurge();

 private:
  absl::Status LeaveReplica(const ServerInfo& server, JobSession* session);
  void LookAtTheStream(const JobSession& session);
  void ShowLog(const ServerInfo& server);

  const Options options_;
  const Parts parts_;
  Interval interval_;
  uint64_t ahead_bytes_ = ~uint64_t{0};
  // The stream was told that it may read another server than the session's.
  bool stream_looked_ = false;

  absl::Mutex mutex_;
  // When the server deletes the log of the checkpoint, by our monotonic clock; infinite: never, or nothing is known.
  absl::Duration purge_at_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteDuration();
};

}  // namespace relay

#endif  // RELAY_JOBS_SERVER_JOB_H_
