// SPDX-License-Identifier: Apache-2.0
//
// What the three threads share besides AckTracker: which tables, how far their sweeps are, which server.
#ifndef RELAY_DELIVERY_PIPELINE_STATE_H_
#define RELAY_DELIVERY_PIPELINE_STATE_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "cdc/event/gtid_set.h"
#include "relay/base/clock.h"
#include "relay/outbox/outbox_schema.h"
#include "relay/state/checkpoint.h"
#include "relay/state/layout_history.h"
#include "relay/state/ledger.h"
#include "relay/state/low_water_mark.h"

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
  // The table as a DDL that the stream brought left it.
  void set_table(size_t index, OutboxSchema table);

  // The stream has come to a statement behind which the table was empty: the rows with an ordinal below `end_ordinal`
  // (AckTracker's) are gone, whoever has their ids by now.
  void set_emptied(size_t index, uint64_t end_ordinal);
  struct Emptied {
    uint64_t end_ordinal = 0;
    uint64_t times = 0;
  };
  Emptied emptied(size_t index) const;

  // CREATE_TIME of the table that the ledger's ids came from: at first the checkpoint's, whatever the table is by now.
  // Empty: not known.
  std::string created(size_t index) const;
  void set_created(size_t index, std::string created);

  // What a save has to hold: the identity, the server, the tables that the mark covers, at this mark.
  Checkpoint CheckpointAt(const LowWaterMark& mark) const;

  // The mark is one that covers every table, or says how far the table's sweep is: from now on it may be saved.
  void Planned();
  bool planned() const { return planned_.load(std::memory_order_acquire); }

  // What is read from now on stands in the log of this server. `handed`: what was read of the one before, whose last
  // transaction is no fingerprint of this one's log; empty when reading begins anew. Returns the number that
  // LowWaterMark has for it.
  uint32_t set_server(std::string server_uuid, const cdc::GtidSet& handed);
  std::string server() const;
  // Whether the mark's position is one of server(): it may still be one of the server before.
  bool IsHere(const LowWaterMark& mark) const;

  // Reading begins at another place, or in another history: no position that was waited for before is reached by it.
  // To be called before the mark moves.
  void BeginHistory() { history_.fetch_add(1, std::memory_order_acq_rel); }
  uint64_t history() const { return history_.load(std::memory_order_acquire); }

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
  std::atomic<uint64_t> history_{0};
  std::atomic<int64_t> clock_offset_us_{0};
  mutable absl::Mutex mutex_;
  std::atomic<bool> planned_{false};
  Checkpoint checkpoint_ ABSL_GUARDED_BY(mutex_);
  std::vector<bool> covered_ ABSL_GUARDED_BY(mutex_);
  // Read of servers before this one.
  cdc::GtidSet elsewhere_ ABSL_GUARDED_BY(mutex_);
  // By their numbers; the last is server().
  std::vector<std::string> servers_ ABSL_GUARDED_BY(mutex_);
  std::vector<Emptied> emptied_ ABSL_GUARDED_BY(mutex_);
  std::vector<OutboxSchema> tables_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace relay

#endif  // RELAY_DELIVERY_PIPELINE_STATE_H_
