// SPDX-License-Identifier: Apache-2.0
//
// What the three threads share besides AckTracker: which tables, how far their sweeps are, which server.
#ifndef RELAY_PIPELINE_STATE_H_
#define RELAY_PIPELINE_STATE_H_

#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "relay/ack_tracker.h"
#include "relay/base/clock.h"
#include "relay/checkpoint.h"
#include "relay/layout_history.h"
#include "relay/ledger.h"
#include "relay/outbox_schema.h"

namespace relay {

// Safe to call from any thread.
class PipelineState {
 public:
  // `identity` has the fields of a checkpoint that don't change while the process runs. Tables are in the order of
  // DB_NAME.
  // `layouts`, which must outlive this, takes over the layouts of `identity` and gives those of later checkpoints.
  PipelineState(Checkpoint identity, std::vector<OutboxSchema> tables, LayoutHistory* layouts,
                const relay::base::Clock* clock);

  size_t table_count() const { return table_count_; }
  // The schema's name; never changes.
  const std::string& schema(size_t index) const { return schemas_[index]; }
  OutboxSchema table(size_t index) const;
  std::vector<OutboxSchema> tables() const;
  void set_table(size_t index, OutboxSchema table);

  // What a save has to hold: the identity, the server, the tables, at this mark.
  Checkpoint CheckpointAt(const LowWaterMark& mark) const;

  void set_server(std::string server_uuid);
  std::string server() const;

  SweepProgress sweep(size_t table) const;
  void set_sweep(size_t table, SweepProgress progress);

  // Grows with every change that a save has to take along.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }

  // The server's clock less ours.
  void set_clock_offset(absl::Duration offset);
  absl::Time ServerNow() const;
  LedgerTime NowForLedger() const;

 private:
  const relay::base::Clock* const clock_;
  LayoutHistory* const layouts_;
  const size_t table_count_;
  std::vector<std::string> schemas_;
  std::atomic<uint64_t> version_{0};
  std::atomic<int64_t> clock_offset_us_{0};
  mutable absl::Mutex mutex_;
  Checkpoint checkpoint_ ABSL_GUARDED_BY(mutex_);
  std::vector<OutboxSchema> tables_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace relay

#endif  // RELAY_PIPELINE_STATE_H_
