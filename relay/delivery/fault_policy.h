// SPDX-License-Identifier: Apache-2.0
//
// What to do with rows that Kafka does not take (design §5): who is tried alone, which topics are held, when a row is
// poison, and when so many are that it must be an outage.
//
// Whenever a delivery fails, the stream goes back to the low-water mark with a new producer and asks here, row by row:
//
//   row fault           every row that failed is a suspect and is sent alone, nothing else in flight. One that fails
//                       alone `publish_attempts` times is poison.
//   destination fault   the topic is held: its rows are left behind while others go on. Now and then a broker is asked
//                       about it; when it may be there again, the stream goes back and the topic's first row is sent
//                       alone, as a probe. When that is taken, the topic is free. After `topic_error_grace`, in which
//                       time without a broker does not count, its rows are poison, or go on being held.
//   breaker             more than `poison_limit` poison rows in a minute by one code are no poison: the suspect waits
//                       and is tried again alone, until one is taken or the minute has passed.
//   retry, instance     nobody's fault; nothing is remembered.
#ifndef RELAY_DELIVERY_FAULT_POLICY_H_
#define RELAY_DELIVERY_FAULT_POLICY_H_

#include <atomic>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "kafka/fault.h"
#include "relay/base/clock.h"
#include "relay/delivery/row_key.h"

namespace relay {

// Safe to call from any thread.
class FaultPolicy {
 public:
  struct Options {
    int publish_attempts = 3;
    absl::Duration topic_error_grace = absl::Minutes(5);
    bool hold_topics_for_ever = false;  // --on-topic-error=hold
    int poison_limit_per_minute = 100;
  };

  enum class Action {
    kSend,       // With the others.
    kSendAlone,  // When nothing is in flight, and wait for its report.
    kHold,       // Not now; go on with the next row.
    kPoison,     // Record it; `attempts`, `code` and `reason` say why.
    kWait,       // The breaker is open: ask again after `wait`.
  };
  struct Verdict {
    Action action = Action::kSend;
    int attempts = 0;
    int code = 0;
    std::string reason;
    absl::Duration wait = absl::ZeroDuration();
  };

  // `clock` must outlive the policy.
  FaultPolicy(Options options, const relay::base::Clock* clock) : options_(options), clock_(clock) {}

  // True as long as nothing is suspected or held: every verdict would be kSend. One atomic load.
  bool quiet() const { return quiet_.load(std::memory_order_acquire); }

  // What to do with this row. A verdict of kPoison counts against the breaker. Of one topic's rows, call it in their
  // order.
  Verdict Judge(RowKey row, absl::string_view topic);
  // The same for a row that can't be sent at all: kPoison or kWait.
  Verdict Condemn(int code, absl::string_view reason);

  // The delivery of this row failed.
  void Failed(RowKey row, absl::string_view topic, kafka::Fault fault, int code, absl::string_view reason);
  // The row was delivered.
  void Delivered(RowKey row, absl::string_view topic);
  // The row's poison is recorded: nothing of it need be remembered.
  void Forget(RowKey row);

  // Topics that were left behind and that a broker is to be asked about now. Each is answered by one of the three
  // below.
  std::vector<std::string> TopicsToAsk() const;
  // The topic is still away or forbidden.
  void StillRefused(absl::string_view topic, int code, absl::string_view reason);
  // A broker says nothing against it: the stream is to go back, and a row to be tried.
  void MayBeTried(absl::string_view topic);
  // There was no answer, which says nothing of the topic: its grace waits.
  void NobodyAnswered(absl::string_view topic);

  // True when rows that were left behind deserve another look: their topic may be tried or was freed, or its grace is
  // over.
  bool ReplayDue() const;
  // The stream has gone back to the low-water mark.
  void Replaying();

  struct HeldTopic {
    std::string topic;
    std::string reason;
    absl::Duration held_for;
  };
  std::vector<HeldTopic> held_topics() const;
  // Forgets topics whose grace is over and of which no row has come for a while. True when there was one.
  bool ForgetPast();

  // The code for whose sake rows are held by the breaker, and its reason; code 0: none.
  struct Breaker {
    int code = 0;
    std::string reason;
  };
  Breaker breaker() const;

 private:
  struct Suspect {
    int attempts = 0;    // Failures alone.
    bool alone = false;  // Its last sending was alone.
    int code = 0;
    std::string reason;
  };
  struct Held {
    // Since when it is refused, less the time in which nobody answered.
    absl::Duration since;
    absl::Duration last_refusal;
    absl::Duration last_row;
    absl::Duration next_probe;
    absl::Duration probe_interval;
    int probes = 0;
    // A row of the topic was passed over since the stream went back. A later one must not be sent before it.
    bool left_behind = false;
    bool may_be_tried = false;
    bool probing = false;
    RowKey probe;
    int code = 0;
    std::string reason;
  };

  // Whether one more row may become poison by the code; if so, it is counted.
  bool MayPoison(int code, absl::string_view reason) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A row with this code was taken: it is no outage, or it is over.
  void CloseBreaker(int code) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The next probe, later each time.
  void Postpone(Held* held) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Refused(Held* held, int code, absl::string_view reason) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Unanswered(Held* held) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool GraceOver(const Held& held) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void UpdateQuiet() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  const relay::base::Clock* const clock_;
  std::atomic<bool> quiet_{true};

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<RowKey, Suspect> suspects_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, Held> held_ ABSL_GUARDED_BY(mutex_);
  // When rows became poison by a code, within the last minute.
  std::map<int, std::deque<absl::Duration>> poisoned_ ABSL_GUARDED_BY(mutex_);
  Breaker breaker_ ABSL_GUARDED_BY(mutex_);
  bool freed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace relay

#endif  // RELAY_DELIVERY_FAULT_POLICY_H_
