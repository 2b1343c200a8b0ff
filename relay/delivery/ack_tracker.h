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
// acknowledged before is not sent again. That holds as long as the log brings the same transactions with the same rows:
// the first one that differs (a failover may have lost some, and another server gives their ids out again) ends it, and
// what follows is sent as if it had never been read, under ordinals that no row had before. The number that travels
// with a record is another one, its sequence: new at each sending, so that a report can never be taken for that of an
// earlier try.
#ifndef RELAY_DELIVERY_ACK_TRACKER_H_
#define RELAY_DELIVERY_ACK_TRACKER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cdc/stream_item.h"
#include "relay/delivery/row_key.h"
#include "relay/delivery/stream_steps.h"
#include "relay/state/low_water_mark.h"

namespace relay {

// Stream thread: Begin, Add, Sent, End, Foreign, WaitForRoom, Rewind, ReadFrom, Restart, ForgetBranches. Ack thread:
// Acknowledged. Any thread: the rest.
class AckTracker {
 public:
  // Called with rows that were acknowledged and have come before the low-water mark, or came from the table, but for
  // those whose id was read again meanwhile, since the next row with it may not be published yet: in stream order, by
  // the thread that settled them, and before the mark's move or the idleness can be seen: whoever saves the mark finds
  // them in the ledger. Under the tracker's lock: it must not call back.
  using PublishedSink = std::function<void(size_t table, absl::Span<const uint64_t> ids)>;

  // `max_bytes`: memory for what lies beyond the low-water mark. Together with the producer's queue it bounds memory; a
  // full tracker stops the reading.
  AckTracker(size_t max_bytes, LowWaterMark start, PublishedSink published);

  AckTracker(const AckTracker&) = delete;
  AckTracker& operator=(const AckTracker&) = delete;

  // --- Stream thread.

  // A transaction with outbox rows begins. `item` is not kept.
  void Begin(const cdc::StreamItem& item);

  struct Ticket {
    uint64_t ordinal;
    bool settled;   // By an earlier reading, or condemned: nothing is left to do for this row.
    bool replayed;  // The row was read before.
  };
  // The next row of the open transaction.
  Ticket Add(RowKey key);

  // The row is about to be produced: returns the record's sequence. Call it before Produce.
  uint64_t Sent(uint64_t ordinal, absl::Time commit_time);
  // The same for a row of the table; it has no ordinal. `voids` is Voids of the table before the row was read from it:
  // a row that was read before a Void and is sent behind it is void, too.
  uint64_t SentFromTable(RowKey key, uint64_t voids);

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

  // Positions are this server's from now on: see LowWaterMark.
  void ReadFrom(uint32_t server);

  // The stream starts at `mark`, with nothing known: another history, or another place.
  void Restart(LowWaterMark mark);

  // The stream goes on in another server's log, in which no open XA branch has the place that is known of it.
  void ForgetBranches();

  // The stream has come to a DDL behind which the table's ids may be other rows': of what was read so far, from the log
  // or from the table, nothing comes to the sink any more, be it acknowledged already or later. Also from the SQL
  // thread, which may see it first.
  struct Voided {
    uint64_t end_ordinal;  // Of the rows before the DDL.
    bool any;              // Some of them would have come to the sink.
  };
  Voided Void(size_t table);

  // How often Void was called for the table. Any thread.
  uint64_t Voids(size_t table) const;

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

  // The row is poison and waits to be recorded: a further reading leaves it alone, until it is settled.
  void Condemn(uint64_t ordinal);
  // The row needs no acknowledgement: it is poison and recorded, or was not to be sent. Does nothing if the ordinal is
  // another row's by now.
  void Settle(uint64_t ordinal, RowKey key);

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

 private:
  enum class RowState : uint8_t { kWaiting, kCondemned, kPublished, kSettled };
  struct Row {
    uint64_t id;
    uint32_t table;
    RowState state;

    RowKey key() const { return {table, id}; }
    // It holds the low-water mark.
    bool open() const { return state == RowState::kWaiting || state == RowState::kCondemned; }
  };
  struct Transaction {
    uint64_t first_ordinal = 0;
    uint64_t end_ordinal = 0;
    int64_t commit_us = 0;
    bool closed = false;
    StreamPlace place;
    StreamStep step;
  };
  // A transaction that is to be read again. An ordinal alone does not tell which one it is of: its row may be settled
  // and forgotten by now.
  struct Unread {
    uint64_t first_ordinal;
    StreamPlace place;
  };
  struct InFlight {
    uint64_t ordinal;  // kFromTable: none
    uint64_t id;
    uint32_t table;
    bool open;
    bool voided;  // Of a row from the table; the others' ordinals tell.
    int64_t commit_us;

    RowKey key() const { return {table, id}; }
  };
  struct VoidRows {
    uint64_t before = 0;  // Rows before this ordinal are not for the sink.
    uint64_t times = 0;   // See Voids.
  };
  // Rows for the sink.
  using Published = std::vector<RowKey>;

  static constexpr uint64_t kFromTable = ~uint64_t{0};

  InFlight* Find(uint64_t sequence) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Close(InFlight* record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropClosed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsVoid(uint64_t ordinal, uint32_t table) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint64_t VoidsOf(size_t table) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Advance(Published* published) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint64_t Register(uint64_t ordinal, RowKey key, absl::Time commit_time) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Notes a row that is read for the first time, should its id have been another row's.
  void NoteId(uint64_t ordinal, RowKey key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether a row with the same id was read behind this one, which is the first of all that wait.
  bool IdCameBack(RowKey key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Of what lies beyond the low-water mark, as far as it grows with it.
  size_t Bytes() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropTransactions() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The rows from here to `end_ordinal` are not read again: nothing waits for them, and none comes to the sink.
  void PassOver(uint64_t end_ordinal) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What is read next has nothing to do with what was read before.
  void ForgetReading() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Idle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void HandOver(const Published& published) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t max_bytes_;
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
  std::map<uint32_t, VoidRows> void_ ABSL_GUARDED_BY(mutex_);  // By table.
  // By table: the largest id that was read.
  std::vector<uint64_t> largest_id_ ABSL_GUARDED_BY(mutex_);
  // Of the rows that wait, those with an id that is not above all before: the last ordinal it was read with. Only they
  // can have the id of a row before them. Commits out of order are such rows, too.
  absl::flat_hash_map<RowKey, uint64_t> read_late_ ABSL_GUARDED_BY(mutex_);
  // Rows that hold the mark.
  uint64_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Transaction> transactions_ ABSL_GUARDED_BY(mutex_);
  // StreamSteps::HeapBytes of them all.
  size_t step_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // The transactions that the stream went back before and has not come to again.
  std::deque<Unread> unread_ ABSL_GUARDED_BY(mutex_);
  // Commit time of the first transaction that was beyond the mark when the stream went back.
  int64_t rewound_commit_us_ ABSL_GUARDED_BY(mutex_) = 0;
  StreamSteps steps_ ABSL_GUARDED_BY(mutex_);
  // Records first_sequence_ …; reports may come in any order across partitions.
  std::deque<InFlight> in_flight_ ABSL_GUARDED_BY(mutex_);
  uint64_t first_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t open_records_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t foreign_steps_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t row_steps_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace relay

#endif  // RELAY_DELIVERY_ACK_TRACKER_H_
