// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_SQL_WORKER_H_
#define RELAY_SQL_WORKER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/random/bit_gen_ref.h"
#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "relay/base/backoff.h"
#include "relay/base/clock.h"
#include "relay/cleanup/cleaner.h"
#include "relay/cleanup/completed_marker.h"
#include "relay/delivery/ack_tracker.h"
#include "relay/delivery/fault_policy.h"
#include "relay/delivery/pipeline_state.h"
#include "relay/delivery/poison_recorder.h"
#include "relay/delivery/sweep_queue.h"
#include "relay/outbox/row_counter.h"
#include "relay/sql/sql_session.h"
#include "relay/state/id_set.h"
#include "relay/state/ledger.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {

// The SQL thread: records poison rows, compares table and log (the sweep alongside), deletes published rows, marks
// them, and asks the server how it is. One statement at a time; nothing here holds up the stream. Each of these goes on
// while another one fails.
class SqlWorker {
 public:
  struct Options {
    // Between two sweeps that nobody asked for; infinite: none.
    absl::Duration sweep_interval = absl::Hours(24);
    // Between two sweeps that only logged statements ask for.
    absl::Duration statement_pause = absl::Minutes(1);
    absl::Duration cleanup_interval = absl::Seconds(10);
    // How long one pass over a table may take before the others' work goes on.
    absl::Duration cleanup_budget = absl::Seconds(2);
    // Nothing is deleted or counted while the log holds more than this that is not read.
    uint64_t quiet_ahead_bytes = uint64_t{16} << 20;
    uint32_t mark_chunk_rows = 1'000;
  };
  struct Parts {
    const SqlConnector* connector;
    PipelineState* state;
    AckTracker* tracker;
    Ledger* ledger;
    FaultPolicy* policy;
    SweepQueue* sweeps;
    PoisonRecorder* recorder;
    CompletedMarker* marker;  // Null: rows are not marked.
    Cleaner* cleaner;
    Metrics* metrics;
    StatusBoard* board;
    const relay::base::Clock* clock;
    const absl::Notification* stop;
    // CommitBarrier, on this session.
    std::function<absl::StatusOr<absl::Duration>(SqlSession*)> commit_barrier;
    // The server that the log is read from is no primary any more: the stream is to look for another one.
    std::function<void()> leave_server;
  };

  // All of `parts` must outlive the worker.
  SqlWorker(Options options, Parts parts);

  // A poison row to record. Its ordinal is settled when that is done; nullopt: it came from the table. Waits while many
  // are queued. Stream thread.
  void PutPoison(PoisonRow row, std::optional<uint64_t> ordinal);

  // Runs until the stop is notified and the queued poison rows are recorded (tried for a moment).
  void Run();

  // Whether the stream has read the log up to its end as `session`, which is this thread's, sees it now; waits a
  // moment.
  absl::StatusOr<bool> LogIsRead(SqlSession* session);

  // Published ids that are still to be marked as completed. SQL thread.
  IdSet Unmarked(size_t table) const;

  // Sets the metrics that go on by themselves. The time to the purge: while the server does not answer, its log grows
  // older all the same. The rows that are kept: of the completed those that the ledger does not know. Any thread.
  void ShowFigures();

  // After Run, when the stream has ended: records the poison rows that the end of its last transaction brought, since
  // the mark can't pass them before.
  void RecordTheRest();

  // After Run, while the stream still reads: whether it comes to the end of the log, as the server has it now. Waits
  // for it until then, and not once `stream_ended`.
  void LookForTheEnd(absl::Duration until, const absl::Notification& stream_ended);

  // After Run, when no acknowledgement can come any more: marks what was acknowledged meanwhile, so that another relay
  // finds the rows marked. Nothing unless LookForTheEnd found the log read, or where the table may have other rows of
  // these ids by now; and no longer than a moment. The next start marks what is left.
  void MarkTheRest();

 private:
  struct Queued {
    PoisonRow row;
    std::optional<uint64_t> ordinal;
    uint64_t emptied;  // How often its table was emptied before it came.
  };
  // A sweep alongside, between its steps.
  struct Sweep {
    SweepReason reason;
    std::vector<IdSet> pending;
    cdc::BinlogPosition log_end;
    std::string server;  // That this position is of.
    absl::Time begun;
    uint64_t history = 0;  // PipelineState::history at the begin.
  };
  // What waits for its turn. Fails by itself, and is tried again by itself.
  struct Task {
    explicit Task(absl::BitGenRef random) : backoff(random) {}
    relay::base::Backoff backoff;
    absl::Duration next = -absl::InfiniteDuration();
  };

  absl::Status Connect();
  // One round.
  void Work();
  void Try(Task* task, absl::FunctionRef<absl::Status()> work);
  absl::Status RecordPoison();
  absl::Status Record(absl::Span<Queued> batch);
  // Whether its table was emptied since it was read.
  bool IsGone(const Queued& queued) const;
  // A step of the sweep alongside, when one is asked for or under way.
  absl::Status SweepAlongside();
  // Whether what the sweep is asked for can be seen by now.
  absl::StatusOr<bool> IsVisible(const SweepQueue::Wish& wish);
  absl::Status BeginSweep();
  // Offers what the log did not bring, once the low-water mark has passed the log's end.
  void FinishSweep();
  absl::Status AskServer();
  // A step of the count of errored rows, when it is time for one.
  absl::Status CountErrored();
  // Completed rows of the tables that the ledger does not know.
  int64_t KeptRows() const;
  // Rows with push_completed_at were deleted.
  void CompletedDeleted(uint64_t rows);
  absl::Status Cleanup();
  // `*held` is set when rows of the ledger may not be deleted now.
  absl::StatusOr<uint64_t> CleanTable(size_t table, bool* held);
  // Says it when cleanup is held up for long.
  void ShowHeld(bool held);
  absl::Status Mark();
  // Whether the stream comes to the end that the log has now before `wait`, which lets some time pass, is false.
  absl::StatusOr<bool> LogIsRead(SqlSession* session, absl::FunctionRef<bool()> wait);
  // Whether the ids that wait to be marked are those of the rows that were published.
  absl::StatusOr<bool> MayMarkTheRest();
  bool Due(absl::Duration interval, absl::Duration* last) const;
  bool HasPoison() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !poison_.empty(); }
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  const Parts parts_;
  absl::BitGen random_;
  std::unique_ptr<SqlSession> session_;
  std::string session_server_;  // ServerName of the session's.
  // The stream was told that it may read another server than the session's.
  bool stream_looked_ = false;
  Task connecting_{random_};
  Task poison_task_{random_};
  Task server_task_{random_};
  Task mark_task_{random_};
  Task sweep_task_{random_};
  Task count_task_{random_};
  Task cleanup_task_{random_};

  absl::Mutex mutex_;
  std::vector<Queued> poison_ ABSL_GUARDED_BY(mutex_);
  size_t poison_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // When the server deletes the log of the checkpoint, by our monotonic clock; infinite: never, or nothing is known.
  absl::Duration purge_at_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteDuration();

  // The sweep alongside that was begun: first it waits until it can see what it was asked for, then it compares.
  std::optional<SweepQueue::Wish> taken_;
  std::optional<Sweep> sweep_;
  uint64_t ahead_bytes_ = ~uint64_t{0};  // Of the server's log, past the low-water mark.
  absl::Duration last_statement_sweep_ = -absl::InfiniteDuration();
  // When a commit of ours, made for `taken_`, will have made it visible.
  std::optional<absl::Duration> barrier_passed_;
  absl::Duration last_server_ = -absl::InfiniteDuration();
  absl::Duration last_cleanup_ = -absl::InfiniteDuration();
  bool said_lacks_index_ = false;
  bool cleanup_left_some_ = false;  // The budget was used up: no waiting for the next interval.
  std::optional<absl::Duration> cleanup_held_since_;
  absl::Duration last_held_log_ = -absl::InfiniteDuration();
  bool ledger_marked_ = false;  // What an earlier process published was given to the marker.
  bool end_was_read_ = false;   // By LookForTheEnd.
  absl::Duration last_mark_ = -absl::InfiniteDuration();
  RowCounter row_counter_;
  absl::Duration next_count_ = -absl::InfiniteDuration();
  std::optional<absl::Duration> count_began_;
  // Rows with push_completed_at: those of the last count, and what was marked and deleted since.
  std::atomic<int64_t> completed_{0};
  // The oldest ones go, which a count reads first.
  int64_t deleted_while_counting_ = 0;
};

}  // namespace relay

#endif  // RELAY_SQL_WORKER_H_
