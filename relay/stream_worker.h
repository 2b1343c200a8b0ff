// SPDX-License-Identifier: Apache-2.0
//
// The stream thread: reads the log, turns inserts into records, hands them to the producer (design §3). Before that,
// when the plan says so, it publishes the rows that wait in the tables (design §7).
#ifndef RELAY_STREAM_WORKER_H_
#define RELAY_STREAM_WORKER_H_

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
#include "cdc/event_source.h"
#include "cdc/table_layout.h"
#include "cdc/transaction_reader.h"
#include "relay/ack_tracker.h"
#include "relay/base/backoff.h"
#include "relay/base/clock.h"
#include "relay/delivery.h"
#include "relay/history_check.h"
#include "relay/layout_history.h"
#include "relay/ledger.h"
#include "relay/metrics.h"
#include "relay/pipeline_state.h"
#include "relay/relay_status.h"
#include "relay/row_sender.h"
#include "relay/sql_session.h"
#include "relay/start_planner.h"
#include "relay/sweep_queue.h"
#include "relay/table_publisher.h"

namespace relay {

class StreamWorker {
 public:
  struct Options {
    std::string outbox_table;
    StartPosition start;
    cdc::TransactionReaderOptions reader;
    bool gtid_header = false;  // Records carry the GTID.
  };
  // Opens a dump at a place, on one of the connector's hosts.
  using SourceFactory = std::function<absl::StatusOr<std::unique_ptr<cdc::EventSource>>(
      const SqlHost& host, const LowWaterMark& from, bool by_gtid)>;
  // Answers for the columns of tables, by a session of this thread.
  // `server` is ServerName of the one that the session is to.
  using LayoutFactory =
      std::function<std::unique_ptr<cdc::LayoutProvider>(SqlSession* session, const std::string& server)>;
  // Whether the host's log is the one that a checkpoint of the same server was taken from.
  using HistoryProbe = std::function<absl::StatusOr<HistoryCheck>(const SqlHost& host, const ServerInfo& server,
                                                                  const Checkpoint& reached)>;

  struct Parts {
    const SqlConnector* connector;
    PipelineState* state;
    AckTracker* tracker;
    Ledger* ledger;
    Delivery* delivery;
    RowSender* sender;
    SweepQueue* sweeps;
    LayoutHistory* layouts;
    Metrics* metrics;
    StatusBoard* board;
    const relay::base::Clock* clock;
    const absl::Notification* stop;
  };

  // All of `parts` must outlive the worker. `reached`: what a checkpoint says; nullopt on a first start.
  StreamWorker(Options options, SourceFactory open_source, LayoutFactory layouts, HistoryProbe probe_history,
               Parts parts, std::optional<Checkpoint> reached);
  ~StreamWorker();

  // Runs until the stop is notified: OK. An error is one that waiting can't mend; its message names the cure.
  absl::Status Run();

  // Any thread: makes a waiting read return, so that stop and failures are looked at.
  void Wake();

 private:
  // One connection, from finding the primary to the first error. Never OK.
  absl::Status Connection();
  absl::Status ConnectToPrimary();
  absl::Status Plan();
  absl::Status Open();
  // After a purge: voids the table's ledger unless its ids surely still name the rows that were published.
  absl::Status JudgeLedger(size_t table, const OutboxSchema& schema, const IdSet& pending);
  absl::Status SweepBeforeStreaming();
  absl::Status Read();
  absl::Status HandleTransaction(const cdc::StreamItem& item);
  absl::Status HandleRow(const cdc::StreamItem& item, const cdc::RowChange& change, bool* begun);
  // Whether an update asks for its row to be sent (again).
  bool IsRequeue(const cdc::RowChange& change);
  absl::Status SendRow(const cdc::StreamItem& item, size_t table, uint64_t id, uint64_t ordinal,
                       absl::Span<const cdc::ColumnValue> values, bool requeued);
  // The same with what the table holds now.
  absl::Status SendRowFromTable(const cdc::StreamItem& item, size_t table, uint64_t id, uint64_t ordinal,
                                bool only_pending);
  absl::Status HandleSchemaChanges(const cdc::StreamItem& item);
  // Asks for the tables' layouts before a row needs them: a DDL that follows the next row closely would leave them
  // unproven. What can't be known now is asked for again with the row.
  void LearnLayouts(const cdc::BinlogPosition& at);
  void HandleNotes(const cdc::StreamItem& item);
  void FinishSweeps();
  // Result of a sending → OK, or the status that ends this connection.
  absl::Status After(Delivery::Result result);
  // Everything in flight is settled and the stream goes back to the low-water mark.
  absl::Status Rewind();
  void CloseSource();
  bool Stopped() const { return parts_.stop->HasBeenNotified(); }
  bool Hopeless(const absl::Status& status) const;
  void SetState(RelayState state, std::string detail);

  const Options options_;
  const SourceFactory open_source_;
  const LayoutFactory make_layouts_;
  const HistoryProbe probe_history_;
  const Parts parts_;

  absl::BitGen random_;
  relay::base::Backoff backoff_{random_};
  std::unique_ptr<SqlSession> sql_;
  std::unique_ptr<cdc::LayoutProvider> layouts_;
  TablePublisher publisher_;
  ServerInfo server_;
  StartPlan plan_;
  // Nullopt until a place in the log is known; then only whether it is set counts.
  std::optional<Checkpoint> reached_;
  bool planned_ = false;        // The tracker stands where the plan, or a later one, put it.
  bool dump_refused_ = false;   // By the last connection.
  bool no_primary_ = false;     // The last attempt found replicas only.
  bool streamed_once_ = false;  // A connection has worked in this process.
  bool skip_by_ledger_ = false;
  absl::Duration last_statement_sweep_ = -absl::InfiniteDuration();
  std::string gtid_text_;

  absl::Mutex source_mutex_;
  cdc::EventSource* source_ ABSL_GUARDED_BY(source_mutex_) = nullptr;
  std::unique_ptr<cdc::EventSource> owned_source_;
};

}  // namespace relay

#endif  // RELAY_STREAM_WORKER_H_
