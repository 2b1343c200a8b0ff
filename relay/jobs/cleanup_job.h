// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_JOBS_CLEANUP_JOB_H_
#define RELAY_JOBS_CLEANUP_JOB_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "relay/base/clock.h"
#include "relay/cleanup/cleaner.h"
#include "relay/cleanup/completed_marker.h"
#include "relay/delivery/ack_tracker.h"
#include "relay/delivery/pipeline_state.h"
#include "relay/delivery/sweep_queue.h"
#include "relay/jobs/count_job.h"
#include "relay/jobs/interval.h"
#include "relay/outbox/table_identity.h"
#include "relay/sql/sql_session.h"
#include "relay/state/ledger.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {

// Deletes published rows after the retention (design §8), and says it when something holds that up. SQL thread.
class CleanupJob {
 public:
  struct Options {
    absl::Duration interval = absl::Seconds(10);
    // How long one pass over a table may take before the others' work goes on.
    absl::Duration budget = absl::Seconds(2);
  };
  struct Parts {
    PipelineState* state;
    AckTracker* tracker;
    Ledger* ledger;
    SweepQueue* sweeps;
    Cleaner* cleaner;
    const CompletedMarker* marker;  // Null: rows are not marked.
    CountJob* counts;
    Metrics* metrics;
    StatusBoard* board;
    const relay::base::Clock* clock;
    const absl::Notification* stop;
  };

  // All of `parts` must outlive the job.
  CleanupJob(Options options, Parts parts);

  // One pass, when it is time for one. While the log holds a `backlog`, which is `ahead_bytes`, nothing is deleted.
  absl::Status Run(SqlSession* session, bool backlog, uint64_t ahead_bytes);

 private:
  absl::Status Pass(SqlSession* session, uint64_t ahead_bytes);
  // Rows deleted. `*held` is set when rows of the ledger may not be deleted now.
  absl::StatusOr<uint64_t> CleanTable(SqlSession* session, size_t table, bool* held);
  // Makes of what was seen of the table what is known of it.
  void NoteIdentity(size_t table, const TableIdentity& identity);
  void SayIndexMissing(size_t table);
  absl::Status Failed(const absl::Status& status, const SqlSession& session);
  // Says it when cleanup is held up for long.
  void ShowHeld(bool held, uint64_t ahead_bytes);

  const Options options_;
  const Parts parts_;
  Interval interval_;
  Interval held_log_interval_;
  bool more_ = false;  // The budget was used up: no waiting for the next interval.
  bool said_index_missing_ = false;
  std::optional<absl::Duration> held_since_;
};

}  // namespace relay

#endif  // RELAY_JOBS_CLEANUP_JOB_H_
