// SPDX-License-Identifier: Apache-2.0
//
// The ledger: which row ids were published in which minute (design §8).
//
// It is what cleanup deletes by, and what a sweep subtracts. It is saved together with the position, in one SQL
// transaction, as the changes since the last save, so that the two never disagree.
#ifndef RELAY_STATE_LEDGER_H_
#define RELAY_STATE_LEDGER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "relay/state/id_set.h"

namespace relay {

// A minute of the server's clock: whole minutes since the Unix epoch.
using LedgerMinute = int64_t;

// Stands for the ids that `--start` skipped: never published, never deleted. Saved beside the minutes.
inline constexpr LedgerMinute kSkippedMinute = -1;

// One minute's change. With `replace` the stored ids of the minute are `ids` and nothing else (none: the minute is
// gone); without it `ids` come on top of what is stored.
struct LedgerPart {
  std::string schema;
  LedgerMinute minute = 0;
  bool replace = false;
  IdSet ids;
};

// What changed since the last save: `voided` schemas lose every stored minute first (the skipped ids stay), then the
// parts are applied in order.
struct LedgerDelta {
  std::vector<std::string> voided;
  std::vector<LedgerPart> parts;
  // Of the ledger's schemas, in its order: how often each was voided before.
  std::vector<uint64_t> voids = {};
  bool empty() const { return voided.empty() && parts.empty(); }
};

// The time by two clocks. A minute is due only when both say so, since either may jump: the steady clock knows nothing
// of other processes, the server's may be set.
struct LedgerTime {
  absl::Time server;      // The server's clock, as estimated by the caller.
  absl::Duration steady;  // relay::base::Clock::Monotonic().
};

// Which ids of each schema's outbox table were published, by minute of publication. An id stands in one minute at most.
//
// Every method may be called from any thread: the ack thread adds, the stream thread calls RemoveFromOlder for each
// insert, the SQL thread saves and deletes. A schema is named by its index in the list given to the constructor.
class Ledger {
 public:
  explicit Ledger(std::vector<std::string> schemas);
  ~Ledger();

  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  const std::vector<std::string>& schemas() const { return names_; }

  // These ids were acknowledged just now. An id that stood in another minute moves to this one.
  void Add(size_t schema, uint64_t id, LedgerTime now) { AddAll(schema, absl::MakeConstSpan(&id, 1), now); }
  void AddAll(size_t schema, absl::Span<const uint64_t> ids, LedgerTime now);

  // An insert of this id came by the stream, so whatever the ledger says of the id is about an earlier row with it.
  // True when it said something. Costs one atomic load as long as ids only grow.
  //
  // Not to be called for a row that the stream shows a second time and that will not be sent again (skipped as
  // acknowledged, or sent from the table): it would never be deleted.
  bool RemoveFromOlder(size_t schema, uint64_t id);

  // The row of this id is errored: it stays in the table until someone decides.
  void Remove(size_t schema, uint64_t id) { RemoveFromOlder(schema, id); }

  // Forgets every published id of the schema: the table is not the one they came from (TRUNCATE, DROP, RENAME, ALTER,
  // rewritten history, another CREATE_TIME). The skipped ids stay.
  void Void(size_t schema);

  // True when the id was published (skipped ids are asked for apart).
  bool Contains(size_t schema, uint64_t id) const;
  // Every published id, for a sweep to subtract.
  IdSet All(size_t schema) const;
  std::optional<LedgerMinute> MinuteOf(size_t schema, uint64_t id) const;
  // Ids in the schema's ledger.
  uint64_t size(size_t schema) const;

  // Ids that `--start` skipped.
  void Skip(size_t schema, const IdSet& ids);
  IdSet Skipped(size_t schema) const;
  // The rows that they named are gone with their table's content, or may be: others have these ids by now.
  void ForgetSkipped(size_t schema);
  uint64_t skipped_size(size_t schema) const;
  // In all of them.
  uint64_t total_size() const;
  uint64_t total_skipped_size() const;

  // Up to `count` of the ids published at least `retention` ago: the smallest of the oldest due minute. Empty when none
  // is due.
  std::vector<uint64_t> Due(size_t schema, LedgerTime now, absl::Duration retention, size_t count) const;
  // Every id that is due.
  IdSet AllDue(size_t schema, LedgerTime now, absl::Duration retention) const;
  // The given ids' rows were deleted (or are to be kept for good): the ledger need not know them any more.
  void Forget(size_t schema, absl::Span<const uint64_t> ids);

  // The change since the last call, to be saved. To keep position and ledger in step, read the low-water mark first,
  // then take the delta: an id beyond the mark is harmless (its insert comes again and removes it), one that is missing
  // would never be deleted.
  LedgerDelta TakeDelta();
  // The save failed: the delta counts as not taken.
  void PutBack(LedgerDelta delta);

  // The next delta holds everything, and drops what else is stored.
  void SaveAnew();

  // Adds what was saved by an earlier process, before anything else is called. Parts of schemas that are not ours are
  // left out.
  void Load(std::vector<LedgerPart> parts);

 private:
  struct Minute {
    IdSet ids;
    IdSet unsaved;         // Added since the last save; subset of ids.
    bool rewrite = false;  // Something was removed: the whole minute is to be saved.
    // The last Add, by both clocks; absent for a minute of an earlier process.
    std::optional<LedgerTime> last_added;
    void Touch(LedgerTime now);
  };
  struct Schema {
    mutable absl::Mutex mutex;
    std::map<LedgerMinute, Minute> minutes ABSL_GUARDED_BY(mutex);
    IdSet all ABSL_GUARDED_BY(mutex);  // Union of the minutes.
    Minute skipped ABSL_GUARDED_BY(mutex);
    // Minutes that were saved once and are empty now.
    std::set<LedgerMinute> gone ABSL_GUARDED_BY(mutex);
    bool voided ABSL_GUARDED_BY(mutex) = false;  // Since the last save.
    uint64_t voids ABSL_GUARDED_BY(mutex) = 0;
    // No id above it is in `all` or `skipped`.
    std::atomic<uint64_t> largest{0};
    std::atomic<bool> any{false};

    void Insert(uint64_t id, LedgerMinute minute, LedgerTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
    // A run of neighbours above every id that is known: the common case.
    void InsertNew(uint64_t first, uint64_t last, LedgerMinute minute, LedgerTime now)
        ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
    bool Erase(uint64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
    void Drop(LedgerMinute minute) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
    void Raise(uint64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  };

  static bool IsDue(LedgerMinute minute, const Minute& content, LedgerTime now, absl::Duration retention);

  const std::vector<std::string> names_;
  std::vector<std::unique_ptr<Schema>> schemas_;
};

}  // namespace relay

#endif  // RELAY_STATE_LEDGER_H_
