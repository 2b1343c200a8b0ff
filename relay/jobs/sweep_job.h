// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_JOBS_SWEEP_JOB_H_
#define RELAY_JOBS_SWEEP_JOB_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "cdc/event/binlog_position.h"
#include "relay/base/clock.h"
#include "relay/delivery/ack_tracker.h"
#include "relay/delivery/pipeline_state.h"
#include "relay/delivery/row_key.h"
#include "relay/delivery/sweep_queue.h"
#include "relay/jobs/job_session.h"
#include "relay/sql/sql_session.h"
#include "relay/state/id_set.h"
#include "relay/state/ledger.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {

// The sweep alongside the stream (design §7): when one is asked for, or it is time for one, waits until it can see what
// it is asked for, reads which rows are pending, waits until the low-water mark has passed the log's end, and offers
// the rows that the log did not bring. SQL thread.
class SweepJob {
 public:
  struct Options {
    // Between two sweeps that nobody asked for; infinite: none.
    absl::Duration interval = absl::Hours(24);
    // Between two sweeps that only logged statements ask for.
    absl::Duration statement_pause = absl::Minutes(1);
  };
  struct Parts {
    PipelineState* state;
    AckTracker* tracker;
    Ledger* ledger;
    SweepQueue* sweeps;
    Metrics* metrics;
    StatusBoard* board;
    const relay::base::Clock* clock;
    const absl::Notification* stop;
    // CommitBarrier, on this session.
    std::function<absl::StatusOr<absl::Duration>(SqlSession*)> commit_barrier;
  };

  // All of `parts` must outlive the job.
  SweepJob(Options options, Parts parts);

  // The next step. Drops a session that is to another server than the log's.
  absl::Status Run(JobSession* session);

  // The row is recorded as poison: the log has brought it, or a sweep before.
  void Recorded(RowKey key);

 private:
  struct Sweep {
    SweepReason reason;
    std::vector<IdSet> pending;
    cdc::BinlogPosition log_end;
    std::string server;  // That this position is of.
    absl::Time begun;
    uint64_t history = 0;  // PipelineState::history at the begin.
  };
  // A commit of ours, made for `taken_`.
  struct Barrier {
    uint64_t session;  // JobSession::opened
    absl::Duration passed;
  };

  // Asks for one when the interval is over.
  void AskByInterval();
  absl::Status Take(const SweepQueue::Wish& wish, JobSession* session);
  absl::StatusOr<bool> IsVisible(const SweepQueue::Wish& wish, const JobSession& session);
  absl::Status Begin(const JobSession& session);
  void Finish();

  const Options options_;
  const Parts parts_;
  // First it waits until it can see what it was asked for, then it compares.
  std::optional<SweepQueue::Wish> taken_;
  std::optional<Barrier> barrier_;
  std::optional<Sweep> sweep_;
  absl::Duration last_for_statements_ = -absl::InfiniteDuration();
};

}  // namespace relay

#endif  // RELAY_JOBS_SWEEP_JOB_H_
