// SPDX-License-Identifier: Apache-2.0
//
// The stream thread: reads the log, turns inserts into records, hands them to the producer (design §3). Before that,
// when the plan says so, it publishes the rows that wait in the tables (design §7).
#ifndef RELAY_STREAM_WORKER_H_
#define RELAY_STREAM_WORKER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "cdc/event/binlog_position.h"
#include "cdc/event/gtid_set.h"
#include "cdc/source/event_source.h"
#include "cdc/transaction_reader.h"
#include "cdc/value/table_layout.h"
#include "relay/base/backoff.h"
#include "relay/base/clock.h"
#include "relay/delivery/ack_tracker.h"
#include "relay/delivery/delivery.h"
#include "relay/delivery/pipeline_state.h"
#include "relay/delivery/sweep_queue.h"
#include "relay/delivery/table_publisher.h"
#include "relay/sql/primary_finder.h"
#include "relay/sql/sql_session.h"
#include "relay/state/layout_history.h"
#include "relay/state/ledger.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"
#include "relay/stream/history_check.h"
#include "relay/stream/start_planner.h"
#include "relay/stream/table_sweep.h"
#include "relay/stream/transaction_handler.h"

namespace relay {

class StreamWorker {
 public:
  struct Options {
    StartPosition start;
    cdc::TransactionReaderOptions reader;
  };
  // Opens a dump at a place, on the host that the session is to.
  using SourceFactory = std::function<absl::StatusOr<std::unique_ptr<cdc::EventSource>>(
      SqlSession* session, const LowWaterMark& from, bool by_gtid)>;
  // Answers for the columns of tables, by a session of this thread.
  // `server` is ServerName of the one that the session is to.
  using LayoutFactory =
      std::function<std::unique_ptr<cdc::LayoutProvider>(SqlSession* session, const std::string& server)>;
  // Whether the host's log is the one that a checkpoint of the same server was taken from.
  using HistoryProbe = std::function<absl::StatusOr<HistoryCheck>(const SqlHost& host, const ServerInfo& server,
                                                                  const Checkpoint& reached)>;

  struct Parts {
    PrimaryFinder* finder;
    TransactionHandler* handler;
    TablePublisher* publisher;
    PipelineState* state;
    AckTracker* tracker;
    Ledger* ledger;
    Delivery* delivery;
    SweepQueue* sweeps;
    LayoutHistory* layouts;
    Metrics* metrics;
    StatusBoard* board;
    const relay::base::Clock* clock;
    const absl::Notification* stop;
  };

  // All of `parts` must outlive the worker. `reached`: what a checkpoint says; nullopt on a first start.
  StreamWorker(Options options, SourceFactory open_source, LayoutFactory layouts, HistoryProbe probe_history,
               TableSweep::Barrier barrier, Parts parts, std::optional<Checkpoint> reached);
  ~StreamWorker();

  // Runs until the stop is notified: OK. An error is one that waiting can't mend; its message names the cure.
  absl::Status Run();

  // Any thread: makes a waiting read return, so that stop, failures, and whether the server still is the primary are
  // looked at.
  void Wake();

  // Any thread, after the stop was notified: a transaction was begun, and is handed over to its end. Once false it
  // stays so.
  bool finishing() const { return handling_.load(); }

 private:
  // One connection, from finding the primary to the first error. Never OK.
  absl::Status Connection();
  absl::Status ConnectToPrimary();
  absl::Status Plan();
  absl::StatusOr<StartPlan> MakePlan();
  // Whether this server was seen to lack some transactions, and no plan for it was carried out since.
  bool SeenShort() const;
  // Everything that has to be known of the plan, by whoever starts after us, before the mark stands where it says.
  absl::Status Prepare(const StartPlan& plan);
  void LogPlan(const StartPlan& plan) const;
  // Names what a failover lost.
  void LogLost(const cdc::GtidSet& lost) const;
  // Compares the table with the one that the ledger's ids came from.
  absl::Status ConfirmTable(size_t table);
  absl::Status Open();
  // Where the oldest branch begins that is prepared and undecided at `from`, if what was read of it has to be read
  // again: a dump by GTID brings MySQL's anew, whose GTIDs are withheld.
  std::optional<cdc::BinlogPosition> OldestBranch(const LowWaterMark& from) const;
  absl::Status Read();
  std::vector<cdc::TableInterest> Interests() const;
  // What the columns are is easiest to prove before anything else changes.
  void LearnLayouts();
  // Of what was learned only what may be needed again is kept.
  void ForgetLayouts();
  // Whether the item's end is no progress, but a place before what was handed over already.
  bool BehindWhatWasHanded(const cdc::StreamItem& item) const;
  absl::Status Handle(const cdc::StreamItem& item);
  // The first item of a connection is handled.
  void Arrived();
  // Everything in flight is settled and the stream goes back to the low-water mark.
  absl::Status Rewind();
  void CloseSource();
  bool Stopped() const { return parts_.stop->HasBeenNotified(); }
  bool Hopeless(const absl::Status& status) const;
  void NoteFailure(const absl::Status& status);
  void SetState(RelayState state, std::string detail);
  // Where the stream stands: what was handed over, or what the checkpoint says.
  std::optional<Checkpoint> Reached() const;

  const Options options_;
  const SourceFactory open_source_;
  const LayoutFactory make_layouts_;
  const HistoryProbe probe_history_;
  const Parts parts_;
  TableSweep sweep_;

  absl::BitGen random_;
  relay::base::Backoff backoff_{random_};
  std::unique_ptr<SqlSession> sql_;
  std::unique_ptr<cdc::LayoutProvider> layouts_;
  ServerInfo server_;
  StartPlan plan_;
  // What the process began with.
  const std::optional<Checkpoint> loaded_;
  bool planned_ = false;        // The tracker stands where the plan, or a later one, put it.
  bool dump_refused_ = false;   // By the last connection.
  bool streamed_once_ = false;  // A connection has worked in this process.
  bool opened_once_ = false;
  absl::Duration opened_;
  // A server that was seen to lack some transactions, until a plan for it is carried out.
  struct Shortfall {
    absl::Duration since;
    std::string server;
    std::string explanation;
  };
  std::optional<Shortfall> shortfall_;
  // Read before the stream went back; it may not have come there again.
  cdc::GtidSet seen_;
  // Where reading goes on, when a dump can't be asked to begin there: what is before is passed over.
  cdc::BinlogPosition pass_over_;
  bool for_branches_ = false;      // It is passed over for the sake of open XA branches.
  bool branches_readable_ = true;  // No column of what is passed over so was unknown.
  std::atomic<bool> handling_{false};

  absl::Mutex source_mutex_;
  cdc::EventSource* source_ ABSL_GUARDED_BY(source_mutex_) = nullptr;
  std::unique_ptr<cdc::EventSource> owned_source_;
};

}  // namespace relay

#endif  // RELAY_STREAM_WORKER_H_
