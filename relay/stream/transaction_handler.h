// SPDX-License-Identifier: Apache-2.0
//
// What a transaction of the log is for us: rows to send, rows to send again, changes of a table, and what only a sweep
// of the table can bring.
#ifndef RELAY_STREAM_TRANSACTION_HANDLER_H_
#define RELAY_STREAM_TRANSACTION_HANDLER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cdc/event/binlog_position.h"
#include "cdc/stream_item.h"
#include "cdc/value/column_value.h"
#include "cdc/value/table_layout.h"
#include "relay/base/clock.h"
#include "relay/delivery/ack_tracker.h"
#include "relay/delivery/delivery.h"
#include "relay/delivery/fault_policy.h"
#include "relay/delivery/pipeline_state.h"
#include "relay/delivery/row_sender.h"
#include "relay/delivery/sweep_queue.h"
#include "relay/sql/sql_session.h"
#include "relay/state/ledger.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {

// Stream thread.
class TransactionHandler {
 public:
  struct Options {
    std::string outbox_table;
    bool gtid_header = false;  // Records carry the GTID.
  };
  struct Parts {
    PipelineState* state;
    AckTracker* tracker;
    Ledger* ledger;
    Delivery* delivery;
    FaultPolicy* policy;
    RowSender* sender;
    RowSender::PoisonSink poison;
    SweepQueue* sweeps;
    Metrics* metrics;
    StatusBoard* board;
    const relay::base::Clock* clock;
    // Sending is given up; later than the end of reading, so that a transaction that was begun is handed over.
    const absl::Notification* give_up;
  };

  // All of `parts` must outlive the handler.
  TransactionHandler(Options options, Parts parts) : options_(std::move(options)), parts_(std::move(parts)) {}

  // A connection begins. `session` is to the server that the log is read from; both live until the next call.
  // `gtids_tell`: the server's set of executed GTIDs says which commits are visible.
  void Connected(SqlSession* session, cdc::LayoutProvider* layouts, bool gtids_tell);

  // A committed transaction. Cancelled: it was not handed over whole; go back to the low-water mark, or stop. Other
  // errors are those of the session, of RowSender, and FailedPrecondition for a row without an id.
  absl::Status Handle(const cdc::StreamItem& item);
  // A step of the log without rows of ours. `moves`: its end is where reading has got to.
  void HandleForeign(const cdc::StreamItem& item, bool moves);

  // Ends the skipping of rows that were sent from the table once the low-water mark has passed the place up to which it
  // is meant, or that place is another server's; a sweep alongside follows.
  void EndTableSweeps();

  // Asks for the tables' layouts before a row needs them: a DDL that follows the next row closely would leave them
  // unproven. What can't be known now is asked for again with the row.
  void LearnLayouts(const cdc::BinlogPosition& at);

  // Says a word on the session when it was idle for `idle`, so that one that has died is noticed before it is needed.
  absl::Status KeepSession(absl::Duration idle);

  // Result of a sending → OK, or the status that ends this connection.
  static absl::Status After(Delivery::Result result);

 private:
  absl::Status HandleRow(const cdc::StreamItem& item, const cdc::RowChange& change, bool* begun);
  // Whether the row of this insert was sent from the table before the stream was read, or proved to be poison there.
  bool CameFromTheTable(const cdc::StreamItem& item, RowKey key);
  // Whether an update asks for its row to be sent (again).
  bool IsRequeue(const cdc::RowChange& change);
  // A row was changed in place: said about once a minute, with their number.
  void NoteUpsert();
  absl::Status SendRow(const cdc::StreamItem& item, size_t table, uint64_t id, uint64_t ordinal,
                       absl::Span<const cdc::ColumnValue> values);
  // The same with what the table holds now. `values`: what the log has of the row.
  absl::Status SendRowFromTable(const cdc::StreamItem& item, size_t table, uint64_t id, uint64_t ordinal,
                                absl::Span<const cdc::ColumnValue> values, bool requeued);
  // Until the statement, which stands in the log before its effect is seen, is done.
  absl::Status WaitUntilDone(const cdc::SchemaChange& change);
  absl::Status HandleSchemaChanges(const cdc::StreamItem& item);
  absl::Status HandleSchemaChange(const cdc::StreamItem& item, const cdc::SchemaChange& change, size_t table);
  void HandleNotes(const cdc::StreamItem& item);
  void RequestSweep(SweepReason reason, const cdc::StreamItem& item);
  const std::string& GtidText(const cdc::StreamItem& item);

  const Options options_;
  const Parts parts_;
  SqlSession* session_ = nullptr;
  cdc::LayoutProvider* layouts_ = nullptr;
  bool gtids_tell_ = false;
  absl::Duration session_used_ = -absl::InfiniteDuration();
  bool skip_by_ledger_ = false;
  absl::Duration upserts_said_ = -absl::InfiniteDuration();
  uint64_t upserts_unsaid_ = 0;
  std::string gtid_text_;  // Of the transaction at hand.
};

}  // namespace relay

#endif  // RELAY_STREAM_TRANSACTION_HANDLER_H_
