// SPDX-License-Identifier: Apache-2.0
#include "relay/http/cached_probe.h"

#include "absl/time/clock.h"

namespace relay {

absl::Status CachedProbe::Ask() {
  {
    absl::MutexLock lock(&mutex_);
    if (asking_) {
      const bool answered = mutex_.AwaitWithTimeout(absl::Condition(
                                                        +[](bool* asking) { return !*asking; }, &asking_),
                                                    patience_);
      return answered ? answer_ : absl::UnavailableError("no answer yet");
    }
    if (absl::Now() - answered_ <= keep_) return answer_;
    asking_ = true;
  }
  absl::Status answer = ask_();
  absl::MutexLock lock(&mutex_);
  asking_ = false;
  answered_ = absl::Now();
  answer_ = answer;
  return answer;
}

}  // namespace relay
