// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STREAM_TABLE_SWEEP_H_
#define RELAY_STREAM_TABLE_SWEEP_H_

#include <cstddef>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "relay/base/clock.h"
#include "relay/delivery/pipeline_state.h"
#include "relay/delivery/sweep_queue.h"
#include "relay/delivery/table_publisher.h"
#include "relay/outbox/outbox_schema.h"
#include "relay/sql/server_info.h"
#include "relay/sql/sql_session.h"
#include "relay/state/id_set.h"
#include "relay/state/ledger.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"
#include "relay/stream/start_planner.h"

namespace relay {

// The sweep that comes before the log is read (design §7): publishes the rows that wait in the tables, since a part of
// the log that brought them is not there. Stream thread.
class TableSweep {
 public:
  // CommitBarrier, on this session.
  using Barrier = std::function<absl::StatusOr<absl::Duration>(SqlSession* session)>;

  struct Parts {
    TablePublisher* publisher;
    PipelineState* state;
    Ledger* ledger;
    SweepQueue* sweeps;
    Metrics* metrics;
    StatusBoard* board;
    const relay::base::Clock* clock;
    const absl::Notification* stop;
    Barrier commit_barrier;
    // Everything in flight is settled; what was not acknowledged is to be sent again.
    std::function<absl::Status()> recover;
  };

  // All of `parts` must outlive the sweep.
  explicit TableSweep(Parts parts);

  // Publishes what waits in these tables, and returns when it is acknowledged, put aside with its topic, or queued to
  // be recorded as poison. From then on the progress of each says up to where in the log of `server`, which `session`
  // is to, the same rows may come again. Cancelled: the stop was notified. After an error the next call begins anew,
  // with what is left.
  absl::Status Run(SqlSession* session, const ServerInfo& server, absl::Span<const PlannedSweep> tables);

 private:
  // Until everything that stood in the log when the plan was made is visible.
  absl::Status WaitUntilVisible(SqlSession* session, const ServerInfo& server);
  // Offers the rows of one table that are to be published from it; returns how many.
  absl::StatusOr<uint64_t> OfferPending(SqlSession* session, size_t table);
  // A part of the log went by unread: voids the table's ledger unless its ids surely still name the rows that were
  // published.
  absl::Status JudgeLedger(SqlSession* session, size_t table, const OutboxSchema& schema, const IdSet& pending);
  // Forgets the ids that `--start` skipped when other rows may have them by now. `log_unread`: a part of the log went
  // by unread.
  absl::Status JudgeSkipped(SqlSession* session, size_t table, const OutboxSchema& schema, bool log_unread);
  absl::Status PublishOffered(SqlSession* session);

  const Parts parts_;
};

}  // namespace relay

#endif  // RELAY_STREAM_TABLE_SWEEP_H_
