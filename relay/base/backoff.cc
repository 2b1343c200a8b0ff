// SPDX-License-Identifier: Apache-2.0
#include "relay/base/backoff.h"

#include <algorithm>

#include "absl/random/distributions.h"

namespace relay::base {

absl::Duration Backoff::Next() {
  const absl::Duration limit = limit_;
  limit_ = std::min(limit_ * 2, most_);
  return limit * absl::Uniform(absl::IntervalClosed, random_, 0.5, 1.0);
}

}  // namespace relay::base
