// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_DELIVERY_TABLE_PUBLISHER_H_
#define RELAY_DELIVERY_TABLE_PUBLISHER_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "relay/delivery/ack_tracker.h"
#include "relay/delivery/delivery.h"
#include "relay/delivery/pipeline_state.h"
#include "relay/delivery/row_sender.h"
#include "relay/delivery/sweep_queue.h"
#include "relay/sql/sql_session.h"
#include "relay/state/ledger.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {

// Rows of a sweep that are sent before anything else has its turn.
inline constexpr size_t kSweepChunk = 2'000;

// Publishes the rows that a sweep found, from the table, in id order by chunks. Stream thread.
class TablePublisher {
 public:
  // All must outlive the publisher.
  TablePublisher(PipelineState* state, AckTracker* tracker, Ledger* ledger, Delivery* delivery, RowSender* sender,
                 SweepQueue* queue, Metrics* metrics, StatusBoard* board, const absl::Notification* stop)
      : state_(state),
        tracker_(tracker),
        ledger_(ledger),
        delivery_(delivery),
        sender_(sender),
        queue_(queue),
        metrics_(metrics),
        board_(board),
        stop_(stop) {}

  // Sends the queue's next rows, at most `count`, and waits until they are acknowledged. Rows that are not pending any
  // more leave the queue; rows whose topic is held are put aside there (SweepQueue::RetryHeld).
  //   kSent     done, or there was nothing to do
  //   kRewind   a delivery failed: recover, then call again
  //   kStopped  the stop was notified
  // Errors are the session's, or RowSender's.
  absl::StatusOr<Delivery::Result> PublishSome(SqlSession* session, size_t count);

 private:
  PipelineState* const state_;
  AckTracker* const tracker_;
  Ledger* const ledger_;
  Delivery* const delivery_;
  RowSender* const sender_;
  SweepQueue* const queue_;
  Metrics* const metrics_;
  StatusBoard* const board_;
  const absl::Notification* const stop_;
};

}  // namespace relay

#endif  // RELAY_DELIVERY_TABLE_PUBLISHER_H_
