// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_SQL_WORKER_H_
#define RELAY_SQL_WORKER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/random/bit_gen_ref.h"
#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "relay/base/backoff.h"
#include "relay/base/clock.h"
#include "relay/cleanup/cleaner.h"
#include "relay/cleanup/completed_marker.h"
#include "relay/delivery/ack_tracker.h"
#include "relay/delivery/fault_policy.h"
#include "relay/delivery/pipeline_state.h"
#include "relay/delivery/poison_recorder.h"
#include "relay/delivery/sweep_queue.h"
#include "relay/jobs/cleanup_job.h"
#include "relay/jobs/count_job.h"
#include "relay/jobs/job_session.h"
#include "relay/jobs/mark_job.h"
#include "relay/jobs/poison_job.h"
#include "relay/jobs/server_job.h"
#include "relay/jobs/sweep_job.h"
#include "relay/sql/sql_session.h"
#include "relay/state/id_set.h"
#include "relay/state/ledger.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {

// The SQL thread: lets each job of relay/jobs/ have its turn, on one session, a statement at a time. Nothing here holds
// up the stream, and each job goes on while another one fails.
class SqlWorker {
 public:
  struct Options {
    SweepJob::Options sweep;
    ServerJob::Options server;
    CleanupJob::Options cleanup;
    MarkJob::Options mark;
    // How long the end waits for the stream to come to the log's end, to know whether the rest can be marked.
    absl::Duration end_patience = absl::Seconds(1);
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
    // Notified behind `stop`: until then the stream goes on.
    const absl::Notification* stream_stop;
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

  // Runs until the stop is notified and the queued poison rows are recorded (tried for a moment). At its end it looks
  // whether the stream, which is to go on meanwhile, comes to the end of the log as the server has it then.
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

  // After Run, when no acknowledgement can come any more: marks what was acknowledged meanwhile, so that another relay
  // finds the rows marked. Nothing unless Run found the log read at its end, or where the table may have other rows of
  // these ids by now; and no longer than a moment. The next start marks what is left.
  void MarkTheRest();

 private:
  // When a job has its turn. Each fails by itself, and is tried again by itself.
  struct Turn {
    explicit Turn(absl::BitGenRef random) : backoff(random) {}
    relay::base::Backoff backoff;
    absl::Duration next = -absl::InfiniteDuration();
  };

  // One round.
  void Work();
  void Try(Turn* turn, absl::FunctionRef<absl::Status()> work);
  // Whether the stream comes to the end that the log has now before `wait`, which lets some time pass, is false.
  absl::StatusOr<bool> LogIsRead(SqlSession* session, absl::FunctionRef<bool()> wait);
  // At the end, while the stream still reads.
  absl::Status LookForTheEnd();

  const absl::Duration end_patience_;
  const Parts parts_;
  absl::BitGen random_;
  JobSession session_;
  SweepJob sweep_;
  PoisonJob poison_;
  ServerJob server_;
  CountJob counts_;
  CleanupJob cleanup_;
  std::optional<MarkJob> mark_;  // When rows are marked.
  Turn connect_turn_{random_};
  Turn poison_turn_{random_};
  Turn server_turn_{random_};
  Turn mark_turn_{random_};
  Turn sweep_turn_{random_};
  Turn count_turn_{random_};
  Turn cleanup_turn_{random_};
  bool end_was_read_ = false;  // By LookForTheEnd.
};

}  // namespace relay

#endif  // RELAY_SQL_WORKER_H_
