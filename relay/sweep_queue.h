// SPDX-License-Identifier: Apache-2.0
//
// Sweeps alongside the stream (design §7): who asks for one, what it found.
#ifndef RELAY_SWEEP_QUEUE_H_
#define RELAY_SWEEP_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "relay/id_set.h"
#include "relay/metrics.h"

namespace relay {

// The stream thread asks for a sweep; the SQL thread compares table and log and offers the ids that the log did not
// bring; the stream thread takes and publishes them. Safe to call from any thread.
class SweepQueue {
 public:
  explicit SweepQueue(size_t tables) : offered_(tables) {}

  // A sweep is wanted. Several wishes before the next one begins are one.
  void Request(SweepReason reason) {
    absl::MutexLock lock(&mutex_);
    if (!requested_.has_value()) requested_ = reason;
  }
  std::optional<SweepReason> TakeRequest() {
    absl::MutexLock lock(&mutex_);
    std::optional<SweepReason> request = requested_;
    requested_.reset();
    return request;
  }

  // These rows are to be published from the table.
  void Offer(size_t table, const IdSet& ids) {
    absl::MutexLock lock(&mutex_);
    offered_[table].UnionWith(ids);
  }
  // The next ids to publish, the smallest first, and which table's; empty when there is none.
  std::vector<uint64_t> Next(size_t count, size_t* table) const {
    absl::MutexLock lock(&mutex_);
    for (size_t i = 0; i < offered_.size(); ++i) {
      if (offered_[i].empty()) continue;
      *table = i;
      return offered_[i].Smallest(count);
    }
    return {};
  }
  // The row is published, recorded as poison, or not pending any more.
  void Done(size_t table, uint64_t id) {
    absl::MutexLock lock(&mutex_);
    offered_[table].Remove(id);
  }
  uint64_t waiting() const {
    absl::MutexLock lock(&mutex_);
    uint64_t count = 0;
    for (const IdSet& ids : offered_) count += ids.size();
    return count;
  }

 private:
  mutable absl::Mutex mutex_;
  std::optional<SweepReason> requested_ ABSL_GUARDED_BY(mutex_);
  std::vector<IdSet> offered_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace relay

#endif  // RELAY_SWEEP_QUEUE_H_
