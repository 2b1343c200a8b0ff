// SPDX-License-Identifier: Apache-2.0
//
// Time, passed in so that tests own it.
#ifndef RELAY_BASE_CLOCK_H_
#define RELAY_BASE_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace relay::base {

// Tells the time. Safe to call from any thread.
class Clock {
 public:
  virtual ~Clock() = default;

  // Wall-clock time of this host. May jump.
  virtual absl::Time Now() const = 0;

  // Time since an arbitrary origin; never goes back. For intervals and timeouts.
  virtual absl::Duration Monotonic() const = 0;
};

// The process's real clock; never destroyed.
Clock* RealClock();

// A clock that stands still until told to move.
class FakeClock : public Clock {
 public:
  explicit FakeClock(absl::Time start = absl::UnixEpoch()) : now_(start) {}

  absl::Time Now() const override;
  absl::Duration Monotonic() const override;
  void Advance(absl::Duration d);

 private:
  mutable absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  absl::Duration monotonic_ ABSL_GUARDED_BY(mutex_) = absl::ZeroDuration();
};

}  // namespace relay::base

#endif  // RELAY_BASE_CLOCK_H_
