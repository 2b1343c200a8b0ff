// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_HTTP_KAFKA_WATCH_H_
#define RELAY_HTTP_KAFKA_WATCH_H_

#include <functional>
#include <optional>
#include <thread>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {

// Says whether Kafka can be reached: on the board, as a metric, and in the log
// when that or the kind of trouble changes. A thread of its own, off the data path: recent
// acknowledgements are answer enough, a broker is asked only without them.
class KafkaWatch {
 public:
  // `ask` blocks up to its argument: Delivery::Reachable; Cancelled means that
  // there is nobody to ask yet. `last_ack` is when a record was last
  // acknowledged. All of them outlive the watch.
  KafkaWatch(std::function<absl::Status(absl::Duration)> ask, std::function<absl::Time()> last_ack, StatusBoard* board,
             Metrics* metrics);
  // Waits for a question under way.
  ~KafkaWatch();
  KafkaWatch(const KafkaWatch&) = delete;
  KafkaWatch& operator=(const KafkaWatch&) = delete;

 private:
  void Run();
  void Note(const absl::Status& answer);

  const std::function<absl::Status(absl::Duration)> ask_;
  const std::function<absl::Time()> last_ack_;
  StatusBoard* const board_;
  Metrics* const metrics_;
  std::optional<absl::StatusCode> said_;  // what was logged last; the thread's own
  absl::Notification done_;
  std::thread thread_;
};

}  // namespace relay

#endif  // RELAY_HTTP_KAFKA_WATCH_H_
