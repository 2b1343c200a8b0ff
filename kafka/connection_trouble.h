// SPDX-License-Identifier: Apache-2.0

// Why no broker can be reached, in librdkafka's words.

#ifndef KAFKA_CONNECTION_TROUBLE_H_
#define KAFKA_CONNECTION_TROUBLE_H_

#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace kafka {

// Remembers the last failure of a connection. Any thread.
class ConnectionTrouble {
 public:
  // `brokers` is what was asked to connect to, for a reader.
  explicit ConnectionTrouble(std::string brokers) : brokers_(std::move(brokers)) {}

  // One of librdkafka's log lines; those of failed connections are kept.
  void Note(absl::string_view facility, absl::string_view message);
  // A broker has answered.
  void Clear();
  // Whether a broker has refused to authenticate us since this was last asked.
  bool TakeRefusal();

  // What stands in the way, when `otherwise` is all that is known without:
  // Unauthenticated (credentials refused), FailedPrecondition (TLS) or
  // Unavailable.
  absl::Status Explain(absl::string_view otherwise) const;

 private:
  const std::string brokers_;
  mutable absl::Mutex mutex_;
  std::string last_ ABSL_GUARDED_BY(mutex_);
  bool refused_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace kafka

#endif  // KAFKA_CONNECTION_TROUBLE_H_
