// SPDX-License-Identifier: Apache-2.0

// How tests wait: for a condition, never for a time.

#ifndef TESTING_EVENTUALLY_H_
#define TESTING_EVENTUALLY_H_

#include <functional>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace testing_support {

// For what must come. It tells what hangs from what a busy machine delays; it measures nothing.
inline constexpr absl::Duration kPatience = absl::Minutes(1);

// True once `condition` holds, false when it does not within `timeout`.
inline bool Eventually(const std::function<bool()>& condition, absl::Duration timeout = kPatience) {
  const absl::Time deadline = absl::Now() + timeout;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return true;
}

}  // namespace testing_support

#endif  // TESTING_EVENTUALLY_H_
