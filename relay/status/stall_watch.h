// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STATUS_STALL_WATCH_H_
#define RELAY_STATUS_STALL_WATCH_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"

namespace relay {

// How long the low-water mark has stood still although the source is ahead of
// it: one of the ways a relay dies in silence. One thread at a time.
class StallWatch {
 public:
  // To be called now and then, at each scrape for instance. `steps` grows with
  // every move of the mark. Returns zero while it moves or has caught up.
  absl::Duration Look(absl::Time now, uint64_t steps, bool source_is_ahead) {
    if (!source_is_ahead || steps_ != steps) {
      steps_ = steps;
      since_ = now;
    }
    return now - since_;
  }

 private:
  std::optional<uint64_t> steps_;
  absl::Time since_ = absl::InfinitePast();
};

}  // namespace relay

#endif  // RELAY_STATUS_STALL_WATCH_H_
