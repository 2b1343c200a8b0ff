// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_HTTP_CACHED_PROBE_H_
#define RELAY_HTTP_CACHED_PROBE_H_

#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace relay {

// A question that may take long, asked for by several threads: it is asked by
// one of them at a time, the answer is kept for a while, and nobody else waits
// long for it. So an outage can hold up one of the HTTP server's threads, not
// all, and /livez goes on answering.
class CachedProbe {
 public:
  CachedProbe(std::function<absl::Status()> ask, absl::Duration keep, absl::Duration patience)
      : ask_(std::move(ask)), keep_(keep), patience_(patience) {}

  // The answer, at most `keep` old. While another thread is asking, its answer;
  // Unavailable when it has none after `patience`. Any thread.
  absl::Status Ask();

 private:
  const std::function<absl::Status()> ask_;
  const absl::Duration keep_;
  const absl::Duration patience_;
  absl::Mutex mutex_;
  bool asking_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time answered_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Status answer_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace relay

#endif  // RELAY_HTTP_CACHED_PROBE_H_
