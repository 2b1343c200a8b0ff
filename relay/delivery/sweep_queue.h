// SPDX-License-Identifier: Apache-2.0
//
// Sweeps alongside the stream (design §7): who asks for one, what it found, when it is done.
#ifndef RELAY_DELIVERY_SWEEP_QUEUE_H_
#define RELAY_DELIVERY_SWEEP_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "cdc/event/gtid.h"
#include "cdc/event/gtid_set.h"
#include "relay/state/id_set.h"
#include "relay/status/metrics.h"

namespace relay {

// The stream thread asks for a sweep; the SQL thread compares table and log and offers the ids that the log did not
// bring; the stream thread takes and publishes them.
//
// A sweep is done when its last row is acknowledged or recorded as poison, not before: until then the checkpoint says
// that it is wanted, so that a process that ends meanwhile leaves the next one to make it.
//
// Safe to call from any thread.
class SweepQueue {
 public:
  // What a sweep is asked for, and what it has to wait for: a row stands in the log before a SELECT sees it.
  struct Wish {
    SweepReason reason;
    // Nothing but logged statements asks for it, which may happen at any rate.
    bool only_statements = false;
    // Commits that have to be visible first.
    cdc::GtidSet commits;
    // The same where no GTID tells: a commit of our own has to come first.
    bool behind_commit = false;
  };

  // `wanted` and `swept_at` are the checkpoint's (see Checkpoint).
  explicit SweepQueue(size_t tables, absl::string_view wanted = "", absl::Time swept_at = absl::InfinitePast());

  // A sweep of what is visible already. Wishes that come before the next one begins are one.
  void Request(SweepReason reason);
  // The same for what a transaction of the stream did. To be called before the low-water mark passes it. `commit`:
  // where the server's set of executed GTIDs tells what is visible.
  void RequestBehind(SweepReason reason, const std::optional<cdc::Gtid>& commit);

  // --- SQL thread.

  // What is asked for and not begun.
  std::optional<Wish> wish() const;
  // The sweep that was asked for begins: what is asked for from now on is another one's.
  Wish Begin();
  // It can't be finished: asked for again.
  void GiveUp();
  // What it found is offered. `begun`: when, by the server's clock.
  void Compared(absl::Time begun);

  // These rows are to be published from the table.
  void Offer(size_t table, const IdSet& ids);

  // --- Stream thread.

  // The next ids to publish, the smallest first, and which table's; empty when there is none.
  std::vector<uint64_t> Next(size_t count, size_t* table) const;
  // The row is published, or not pending any more.
  void Done(size_t table, uint64_t id);
  // Its topic is held: put aside until RetryHeld.
  void Hold(size_t table, uint64_t id);
  void RetryHeld();
  // It is poison, to be recorded; then Recorded.
  void Poisoned(size_t table, uint64_t id);
  void Recorded(size_t table, uint64_t id);

  // The stream brings a row that was pending when the table was read: it is the stream's now. True when it is known to
  // be poison, by the table: nothing is left to do for it.
  bool Brought(size_t table, uint64_t id);
  // The stream has brought them all.
  void ForgetPoison();

  // Rows that Next has to give.
  uint64_t waiting() const;

  // --- For the checkpoint. Read after the low-water mark, so that a wish is never behind it.

  // Why a sweep is wanted that is not done; empty when none is.
  std::string wanted() const;
  // When the last one that is done was begun; infinite past: never.
  absl::Time swept_at() const;
  // Grows with every change of these two.
  uint64_t version() const;

 private:
  struct Table {
    IdSet offered;
    IdSet held;
    IdSet poisoned;
    IdSet poison;  // recorded ones, too
  };

  void Want(SweepReason reason, Wish wish) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SettleIfOver() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::optional<Wish> pending_ ABSL_GUARDED_BY(mutex_);
  std::optional<Wish> running_ ABSL_GUARDED_BY(mutex_);
  // Compared, and not all that was found is settled.
  std::optional<SweepReason> settling_ ABSL_GUARDED_BY(mutex_);
  absl::Time settling_begun_ ABSL_GUARDED_BY(mutex_);
  absl::Time swept_at_ ABSL_GUARDED_BY(mutex_);
  uint64_t version_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Table> tables_ ABSL_GUARDED_BY(mutex_);
};

// Nullopt for a word that is no SweepReasonName.
std::optional<SweepReason> SweepReasonOf(absl::string_view name);

}  // namespace relay

#endif  // RELAY_DELIVERY_SWEEP_QUEUE_H_
