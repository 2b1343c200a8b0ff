// SPDX-License-Identifier: Apache-2.0
//
// Between the rows and the producer: sends a row when it may be sent, and recovers when Kafka refuses.
//
// The stream thread sends, the ack thread polls; AckTracker and FaultPolicy are what they share. When a delivery fails
// in a way that is not a matter of one topic, sending stops (Result::kRewind), and the stream thread calls Recover:
// everything in flight is waited for, the producer is replaced if it is dead, and the stream starts again at the
// low-water mark.
#ifndef RELAY_DELIVERY_DELIVERY_H_
#define RELAY_DELIVERY_DELIVERY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "kafka/producer.h"
#include "kafka/record.h"
#include "relay/base/backoff.h"
#include "relay/delivery/ack_tracker.h"
#include "relay/delivery/fault_policy.h"
#include "relay/delivery/row_key.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {

class Delivery {
 public:
  // Makes a producer whose batches are of at most this many bytes (0: the default).
  using ProducerFactory = std::function<absl::StatusOr<std::unique_ptr<kafka::Producer>>(size_t batch_bytes)>;

  // Everything passed in must outlive the delivery. `wake_stream` is called from the ack thread when the stream thread,
  // which may wait for the server's next event, is to look at rewind_needed().
  Delivery(ProducerFactory factory, AckTracker* tracker, FaultPolicy* policy, Metrics* metrics, StatusBoard* board,
           std::function<void()> wake_stream, const absl::Notification* stop, const relay::base::Clock* clock);

  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // --- Stream thread.

  // Makes the first producer. InvalidArgument when librdkafka refuses a property.
  absl::Status Start();

  // A row to send: one of the stream (its ordinal and commit time) or of the table.
  struct Row {
    RowKey key;
    std::optional<uint64_t> ordinal = std::nullopt;
    absl::Time commit_time = absl::InfiniteFuture();
    uint64_t table_voids = 0;  // Of a row of the table: AckTracker::Voids before it was read.
  };
  enum class Result {
    kSent,     // Handed to the producer (or, alone, acknowledged).
    kHeld,     // Its topic is held: left behind.
    kPoison,   // Kafka will never take it; `poison` says why.
    kRewind,   // Not sent: call Recover.
    kStopped,  // The stop was notified.
  };
  struct Poison {
    int attempts = 0;
    std::string reason;
  };
  // Waits while the queue is full. `record`'s sequence is filled in.
  Result Send(const Row& row, kafka::Record* record, Poison* poison);
  // For a row of which no record can be made: kPoison, once the breaker lets it be; or kRewind, kStopped.
  Result Condemn(int code, absl::string_view reason, Poison* poison);

  // A failure asks for the stream to be read again from the low-water mark, or rows that were held are due.
  bool rewind_needed() const { return rewind_needed_.load(std::memory_order_acquire) || policy_->ReplayDue(); }

  // Waits for what is in flight, replaces a dead producer, waits a moment if recoveries come one after another. The
  // caller then rewinds the tracker. Cancelled when the stop was notified.
  absl::Status Recover();

  // At shutdown: waits until everything is reported, at most `timeout`.
  bool Drain(absl::Duration timeout);

  // --- Ack thread.

  // Takes delivery reports, waiting for a first one up to `timeout`. Returns how many.
  int Poll(absl::Duration timeout);

  // --- Any thread.

  // Asks a broker about the topics that are held, when it is time to, up to a second for each; the stream goes back for
  // those that may be tried. Nothing happens while there is no producer. Off the data path.
  void AskAboutHeldTopics();

  // OK when a broker answers the producer within `timeout`; errors as kafka::Producer::Reachable. Cancelled while there
  // is no producer to ask. A replacement waits for it.
  absl::Status Reachable(absl::Duration timeout);

  // When a record was last acknowledged; infinite past when none was.
  absl::Time last_ack() const;

 private:
  enum class Outcome { kWaiting, kDelivered, kFailed };
  absl::Status Replace();
  absl::Status WaitIdle(absl::Duration patience);
  // One attempt; OK when the producer took it.
  absl::Status Offer(const Row& row, kafka::Record* record);
  std::optional<Result> SendAlone(const Row& row, const FaultPolicy::Verdict& verdict, kafka::Record* record);
  // While the breaker is open. False: the stop was notified.
  bool WaitForBreaker(absl::Duration wait);
  void HandleFailure(const kafka::DeliveryReport& report);
  void NoteHeldTopics();
  // Says when the breaker opens and closes.
  void NoteBreaker();

  const ProducerFactory factory_;
  AckTracker* const tracker_;
  FaultPolicy* const policy_;
  Metrics* const metrics_;
  StatusBoard* const board_;
  const std::function<void()> wake_stream_;
  const absl::Notification* const stop_;
  const relay::base::Clock* const clock_;

  absl::BitGen random_;
  relay::base::Backoff backoff_{random_};
  size_t batch_bytes_ = 0;  // 0: as configured.
  absl::Duration last_recovery_ = -absl::InfiniteDuration();

  std::atomic<bool> rewind_needed_{false};
  std::atomic<bool> replacing_{false};
  // A batch was refused for its size since the batches were last made smaller.
  std::atomic<bool> batch_refused_{false};
  std::atomic<int64_t> last_ack_us_{0};

  absl::Mutex breaker_mutex_;
  int breaker_noted_ ABSL_GUARDED_BY(breaker_mutex_) = 0;  // Its code.
  RelayState state_before_breaker_ ABSL_GUARDED_BY(breaker_mutex_) = RelayState::kStreaming;

  // Held while a broker is asked, and by the stream thread while it replaces the producer. Before poll_mutex_.
  absl::Mutex ask_mutex_;
  // Held by the ack thread while it polls, by the stream thread while it replaces the producer. Only the stream thread
  // changes `producer_`.
  absl::Mutex poll_mutex_;
  std::unique_ptr<kafka::Producer> producer_;

  absl::Mutex alone_mutex_;
  // A row is being sent alone: the next report is its own.
  bool alone_ ABSL_GUARDED_BY(alone_mutex_) = false;
  Outcome alone_outcome_ ABSL_GUARDED_BY(alone_mutex_) = Outcome::kWaiting;

  // Ack thread's scratch.
  std::vector<uint64_t> delivered_;
  std::vector<absl::Time> commit_times_;
};

}  // namespace relay

#endif  // RELAY_DELIVERY_DELIVERY_H_
