// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_JOBS_COUNT_JOB_H_
#define RELAY_JOBS_COUNT_JOB_H_

#include <atomic>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "relay/base/clock.h"
#include "relay/cleanup/completed_marker.h"
#include "relay/delivery/pipeline_state.h"
#include "relay/outbox/row_counter.h"
#include "relay/sql/sql_session.h"
#include "relay/state/ledger.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {

// Counts the errored and the completed rows of the tables, a few rows at a time and seldom.
class CountJob {
 public:
  struct Parts {
    PipelineState* state;
    Ledger* ledger;
    CompletedMarker* marker;  // Null: rows are not marked.
    Metrics* metrics;
    StatusBoard* board;
    const relay::base::Clock* clock;
  };

  // All of `parts` must outlive the job.
  explicit CountJob(Parts parts) : parts_(parts) {}

  // The next step of a count, when it is time for one. SQL thread.
  absl::Status Run(SqlSession* session);

  // Rows got push_completed_at; rows with it were deleted. SQL thread.
  void Marked(uint64_t rows);
  void Deleted(uint64_t rows);

  // The completed rows of the tables that the ledger does not know. Any thread.
  int64_t Kept() const;

 private:
  const Parts parts_;
  RowCounter counter_;
  absl::Duration next_ = -absl::InfiniteDuration();
  std::optional<absl::Duration> began_;
  // Rows with push_completed_at: those of the last count, and what was marked and deleted since.
  std::atomic<int64_t> completed_{0};
  // The oldest ones go, which a count reads first.
  int64_t deleted_while_counting_ = 0;
};

}  // namespace relay

#endif  // RELAY_JOBS_COUNT_JOB_H_
