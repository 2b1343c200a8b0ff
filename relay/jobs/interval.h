// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_JOBS_INTERVAL_H_
#define RELAY_JOBS_INTERVAL_H_

#include "absl/time/time.h"

namespace relay {

// Lets something happen once in a while, and the first time at once.
class Interval {
 public:
  explicit Interval(absl::Duration length) : length_(length) {}

  // Whether it may happen now, by a monotonic clock; if so, the interval begins anew.
  bool Due(absl::Duration now) {
    if (now - last_ < length_) return false;
    last_ = now;
    return true;
  }

 private:
  const absl::Duration length_;
  absl::Duration last_ = -absl::InfiniteDuration();
};

}  // namespace relay

#endif  // RELAY_JOBS_INTERVAL_H_
