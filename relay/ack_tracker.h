// SPDX-License-Identifier: Apache-2.0
//
// Which rows are acknowledged, and how far that lets the position move (design §6).
//
// The stream is a sequence of transactions. Those with outbox rows each hold the ordinals of their rows; the others
// (foreign ones) take no room: they extend the newest transaction that is still waited for, or move the low-water mark
// at once when there is none. The low-water mark is the end of the last transaction before which every row is settled:
// acknowledged by the brokers, recorded as poison, or found to need no sending.
//
//     ordinals   0 1 2 | 3 4 | 5 6 7 8 | …         one for each row, in stream order
//     settled    x x x   x .   x x . .
//                        ^ low-water mark: end of the transaction before
//
// A row keeps its ordinal when the stream goes back to the low-water mark and reads it again (Rewind), so what was
// acknowledged before is not sent again. The number that travels with a record is another one, its sequence: new at
// each sending, so that a report can never be taken for that of an earlier try.
#ifndef RELAY_ACK_TRACKER_H_
#define RELAY_ACK_TRACKER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/inlined_vector.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cdc/binlog_position.h"
#include "cdc/gtid.h"
#include "cdc/gtid_set.h"
#include "cdc/stream_item.h"
#include "relay/row_key.h"

namespace relay {

// The state of the stream at one point: everything before it is done.
struct LowWaterMark {
  cdc::GtidSet gtids;            // Executed and done; XA prepares that are undecided are left out.
  cdc::BinlogPosition position;  // Where a dump by file and position goes on.
  // The last transaction before the mark, by which a later connection recognizes this history.
  std::optional<cdc::Gtid> last_gtid;
  cdc::BinlogPosition last_begin;
  absl::Time last_commit_time = absl::InfinitePast();
  std::vector<cdc::OpenXaBranch> open_xa;
};

// Stream thread: Begin, Add, Sent, End, Foreign, Idle, WaitForRoom, Rewind. Ack thread: Acknowledged. Any thread: the
// rest.
class AckTracker {
 public:
  struct Limits {
    // Rows and transactions beyond the low-water mark. Together with the producer's queue they bound memory; a full
    // tracker stops the reading.
    size_t max_rows = 500'000;
    size_t max_transactions = 500'000;
  };

  // Called with rows that were acknowledged and have come before the low-water mark, or came from the table: in stream
  // order, by the thread that settled them, and before the mark's move or the idleness can be seen: whoever saves the
  // mark finds them in the ledger. Under the tracker's lock: it must not call back.
  using PublishedSink = std::function<void(size_t table, absl::Span<const uint64_t> ids)>;

  AckTracker(Limits limits, LowWaterMark start, PublishedSink published);

  AckTracker(const AckTracker&) = delete;
  AckTracker& operator=(const AckTracker&) = delete;

  // --- Stream thread.

  // A transaction with outbox rows begins. `item` is not kept.
  void Begin(const cdc::StreamItem& item);

  struct Ticket {
    uint64_t ordinal;
    bool settled;   // By an earlier reading: nothing is left to do for this row.
    bool replayed;  // The row was read before.
  };
  // The next row of the open transaction.
  Ticket Add(RowKey key);

  // The row is about to be produced: returns the record's sequence. Call it before Produce.
  uint64_t Sent(uint64_t ordinal, absl::Time commit_time);
  // The same for a row that was read from the table; it has no ordinal.
  uint64_t SentFromTable(RowKey key);

  // The open transaction is complete.
  void End();

  // A transaction was begun and not ended: to be read again, from the low-water mark.
  bool open() const;

  // A transaction without outbox rows, or a step of the position.
  void Foreign(const cdc::StreamItem& item);

  // True when there is room for more rows, at the latest after `timeout`.
  bool WaitForRoom(absl::Duration timeout);

  // The stream goes back to the low-water mark, which is returned; the producer is gone. What is in flight counts as
  // not sent.
  LowWaterMark Rewind();

  // The stream starts at `mark`, with nothing known: another history, or another place.
  void Restart(LowWaterMark mark);

  // Everything handed over so far: where a reconnect goes on without repeating anything. Rows still in flight are
  // beyond the low-water mark, but before this.
  LowWaterMark handed() const;

  // --- Ack thread.

  // The brokers took these records. Appends the commit times of those that came by the stream to `commit_times`.
  void Acknowledged(absl::Span<const uint64_t> sequences, std::vector<absl::Time>* commit_times);

  // --- Any thread.

  // The record will not be delivered; its row waits on.
  void NotDelivered(uint64_t sequence);

  // Which row a sequence was given to. Nullopt when it is no longer in flight.
  std::optional<RowKey> RowOf(uint64_t sequence) const;

  // The row needs no acknowledgement: it is poison and recorded, or was not to be sent.
  void Settle(uint64_t ordinal);

  // True when no record is in flight.
  bool idle() const;
  // Waits until no record is in flight, at most `timeout`.
  bool WaitUntilIdle(absl::Duration timeout);

  LowWaterMark low_water() const;

  struct Progress {
    uint64_t rows_waiting = 0;          // Read and not settled.
    uint64_t transactions_waiting = 0;  // With such rows.
    uint64_t in_flight = 0;
    // Commit time of the oldest row not settled; infinite future when there is none.
    absl::Time oldest_unsettled = absl::InfiniteFuture();
    // Grow whenever the low-water mark moves: by a transaction with rows (or a row of the table), and by foreign ones
    // only.
    uint64_t foreign_steps = 0;
    uint64_t row_steps = 0;
  };
  Progress progress() const;

  // True when the row is read and not yet settled, or in flight from the table.
  bool IsUnderWay(RowKey key) const;

 private:
  enum class RowState : uint8_t { kWaiting, kPublished, kSettled };
  struct Row {
    RowKey key;
    RowState state;
  };
  // Consecutive transactions of one source.
  struct GtidRun {
    cdc::Gtid first;
    uint64_t count;
  };
  // What the mark takes over when a transaction is done.
  struct Step {
    absl::InlinedVector<GtidRun, 1> gtids;
    cdc::BinlogPosition end;
    std::optional<cdc::Gtid> last_gtid;
    cdc::BinlogPosition last_begin;
    absl::Time last_commit_time;
    std::optional<std::vector<cdc::OpenXaBranch>> open_xa;
  };
  struct Transaction {
    uint64_t first_ordinal;
    uint64_t end_ordinal;
    bool closed;
    absl::Time commit_time;
    Step step;
  };
  struct InFlight {
    uint64_t ordinal;  // kFromTable: none
    RowKey key;
    absl::Time commit_time;
    bool open;
  };
  // Ids to hand to the sink once the lock is released.
  using Published = std::vector<RowKey>;

  static constexpr uint64_t kFromTable = ~uint64_t{0};

  static void AddGtid(const cdc::Gtid& gtid, Step* step);
  static void Extend(const cdc::StreamItem& item, Step* step);
  static void Apply(const Step& step, LowWaterMark* mark);
  InFlight* Find(uint64_t sequence) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Close(InFlight* record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropClosed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Advance(Published* published) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint64_t Register(uint64_t ordinal, RowKey key, absl::Time commit_time) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Idle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void HandOver(const Published& published) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits limits_;
  const PublishedSink published_;

  mutable absl::Mutex mutex_;
  LowWaterMark mark_ ABSL_GUARDED_BY(mutex_);
  LowWaterMark handed_ ABSL_GUARDED_BY(mutex_);
  // Rows first_ordinal_ … next_ordinal_-1; before them all are settled.
  std::deque<Row> rows_ ABSL_GUARDED_BY(mutex_);
  uint64_t first_ordinal_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t next_ordinal_ ABSL_GUARDED_BY(mutex_) = 0;
  // The ordinal of the next Add; less than next_ordinal_ while the stream is read again.
  uint64_t add_ordinal_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Transaction> transactions_ ABSL_GUARDED_BY(mutex_);
  // Records first_sequence_ …; reports may come in any order across partitions.
  std::deque<InFlight> in_flight_ ABSL_GUARDED_BY(mutex_);
  uint64_t first_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t open_records_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t foreign_steps_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t row_steps_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace relay

#endif  // RELAY_ACK_TRACKER_H_
