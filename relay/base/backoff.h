// SPDX-License-Identifier: Apache-2.0
//
// How long to wait before the next try.
#ifndef RELAY_BASE_BACKOFF_H_
#define RELAY_BASE_BACKOFF_H_

#include "absl/random/bit_gen_ref.h"
#include "absl/time/time.h"

namespace relay::base {

// Exponential backoff with full jitter: the n-th delay is uniform in [limit/2, limit], limit = min(first * 2^n, most).
// Used by one thread.
class Backoff {
 public:
  // `random` must outlive the backoff.
  explicit Backoff(absl::BitGenRef random, absl::Duration first = absl::Milliseconds(100),
                   absl::Duration most = absl::Seconds(30))
      : random_(random), first_(first), most_(most), limit_(first) {}

  // The delay before the next try; each call doubles the limit of the one after it.
  absl::Duration Next();

  // To be called after a success.
  void Reset() { limit_ = first_; }

 private:
  absl::BitGenRef random_;
  absl::Duration first_;
  absl::Duration most_;
  absl::Duration limit_;
};

}  // namespace relay::base

#endif  // RELAY_BASE_BACKOFF_H_
