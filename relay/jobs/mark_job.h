// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_JOBS_MARK_JOB_H_
#define RELAY_JOBS_MARK_JOB_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "relay/base/clock.h"
#include "relay/cleanup/completed_marker.h"
#include "relay/delivery/pipeline_state.h"
#include "relay/jobs/count_job.h"
#include "relay/jobs/interval.h"
#include "relay/jobs/job_session.h"
#include "relay/outbox/published_rows.h"
#include "relay/state/id_set.h"
#include "relay/state/ledger.h"

namespace relay {

// Marks published rows as completed, once a second, while the log is read: so that statements of the polling relay's
// users, and the polling relay itself, find them. SQL thread.
class MarkJob {
 public:
  struct Options {
    uint32_t chunk_rows = 1'000;
  };
  struct Parts {
    PipelineState* state;
    Ledger* ledger;
    CompletedMarker* marker;
    CountJob* counts;
    const relay::base::Clock* clock;
    const absl::Notification* stop;
    LogIsRead log_is_read;
  };

  // All of `parts` must outlive the job.
  MarkJob(Options options, Parts parts);

  // Marks what is to be marked, when it is time to. `backlog`: the log is known to be far from read.
  absl::Status Run(SqlSession* session, bool backlog);

  // Published ids that are still to be marked as completed.
  IdSet Unmarked(size_t table) const;

  // At the end, when no acknowledgement can come any more, and only if the stream has read the log up to its end: marks
  // what is left, no longer than a moment. Nothing where the table may have other rows of these ids by now.
  absl::Status MarkTheRest(JobSession* session);

 private:
  // Whether the ids that wait to be marked are those of the rows that were published.
  absl::StatusOr<bool> TablesAreTheSame(SqlSession* session) const;

  const Options options_;
  const Parts parts_;
  Interval interval_;
  bool ledger_marked_ = false;  // What an earlier process published was given to the marker.
};

}  // namespace relay

#endif  // RELAY_JOBS_MARK_JOB_H_
