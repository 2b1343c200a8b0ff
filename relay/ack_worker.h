// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_ACK_WORKER_H_
#define RELAY_ACK_WORKER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "relay/base/backoff.h"
#include "relay/base/clock.h"
#include "relay/delivery/ack_tracker.h"
#include "relay/delivery/delivery.h"
#include "relay/delivery/pipeline_state.h"
#include "relay/delivery/sweep_queue.h"
#include "relay/sql/sql_session.h"
#include "relay/state/checkpoint_store.h"
#include "relay/state/ledger.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {

// The ack thread: takes delivery reports and saves the checkpoint (design §6).
//
// Saved when rows were settled or the tables' state changed, at most once in `interval`; when only foreign transactions
// passed, at most every `foreign_interval`; never because of our own save, which is one foreign transaction.
class AckWorker {
 public:
  struct Options {
    absl::Duration interval = absl::Seconds(1);
    absl::Duration foreign_interval = absl::Seconds(30);
  };
  struct Parts {
    const SqlConnector* connector;  // Null: the store needs no session.
    CheckpointStore* store;
    PipelineState* state;
    AckTracker* tracker;
    Ledger* ledger;
    SweepQueue* sweeps;
    Delivery* delivery;
    Metrics* metrics;
    StatusBoard* board;
    const relay::base::Clock* clock;
  };

  // All of `parts` must outlive the worker. The state's server is the loaded checkpoint's.
  AckWorker(Options options, Parts parts) : options_(options), parts_(parts), saved_server_(parts.state->server()) {}

  // Runs until `finish` is notified: after the stream thread has ended and what is in flight is settled. Saves a last
  // time, unless the stream never came to know where it is. Aborted: another relay with our identity took over.
  absl::Status Run(const absl::Notification* finish);

 private:
  bool SaveDue() const;
  // False when it has to be tried again.
  absl::Status Save();
  absl::Status TrySave();

  const Options options_;
  const Parts parts_;
  absl::BitGen random_;
  relay::base::Backoff backoff_{random_};
  std::unique_ptr<SqlSession> session_;

  // At the last save, this process's or an earlier one's.
  std::string saved_server_;
  // At the last save.
  uint64_t saved_row_steps_ = 0;
  uint64_t saved_foreign_steps_ = 0;
  uint64_t saved_version_ = 0;
  uint64_t saved_sweeps_version_ = 0;
  absl::Duration last_save_ = -absl::InfiniteDuration();
  absl::Duration next_try_ = -absl::InfiniteDuration();
};

}  // namespace relay

#endif  // RELAY_ACK_WORKER_H_
