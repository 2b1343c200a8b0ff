// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_JOBS_POISON_JOB_H_
#define RELAY_JOBS_POISON_JOB_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "relay/base/clock.h"
#include "relay/delivery/ack_tracker.h"
#include "relay/delivery/fault_policy.h"
#include "relay/delivery/pipeline_state.h"
#include "relay/delivery/poison_recorder.h"
#include "relay/delivery/row_key.h"
#include "relay/delivery/sweep_queue.h"
#include "relay/sql/sql_session.h"
#include "relay/state/ledger.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {

// Records poison rows where they stand, and settles them (design §5).
class PoisonJob {
 public:
  struct Parts {
    PipelineState* state;
    AckTracker* tracker;
    Ledger* ledger;
    FaultPolicy* policy;
    SweepQueue* sweeps;
    PoisonRecorder* recorder;
    Metrics* metrics;
    StatusBoard* board;
    const relay::base::Clock* clock;
    const absl::Notification* stream_stop;
    // A row is recorded on the table; SQL thread.
    std::function<void(RowKey)> recorded;
  };

  // All of `parts` must outlive the job.
  explicit PoisonJob(Parts parts);

  // A row to record. Its ordinal is settled when that is done; nullopt: it came from the table. Waits while many are
  // queued: the stream is not to go on and leave a row behind. Not longer than until it is to stop. Stream thread.
  void Put(PoisonRow row, std::optional<uint64_t> ordinal);

  // Any thread.
  bool HasWork();
  // Waits for a row, at most `timeout`.
  void AwaitWork(absl::Duration timeout);

  // Records what is queued; what can't be recorded stays queued. SQL thread.
  absl::Status Run(SqlSession* session);

 private:
  struct Queued {
    PoisonRow row;
    std::optional<uint64_t> ordinal;
    uint64_t emptied;  // How often its table was emptied before it came.
  };

  absl::Status Record(SqlSession* session, absl::Span<Queued> batch);
  // Whether its table was emptied since it was read.
  bool IsGone(const Queued& queued) const;
  bool HasRows() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !rows_.empty(); }
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Parts parts_;
  absl::Mutex mutex_;
  std::vector<Queued> rows_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace relay

#endif  // RELAY_JOBS_POISON_JOB_H_
