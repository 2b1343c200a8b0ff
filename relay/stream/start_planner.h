// SPDX-License-Identifier: Apache-2.0
//
// Where to start reading, and what to do when the past is gone (design §7).
//
// The decision is a function of what the server says of itself and what the checkpoint says we have; it asks nobody.
//
//   no checkpoint                      --start; auto: now, after a sweep of the tables
//   the log still has what follows     the checkpoint's place
//   the log was purged                 now, after a sweep; the ledger void if it was another server's
//   the server has less than we saw    its history was rewritten: now, after a sweep, the ledger void
//     (of its own transactions)
//   another server, without GTIDs      the same
//   less than we saw of another's      the checkpoint's place, less what it lacks: a failover lost that, and the
//     transactions                     numbers may be given anew
//   a table that is not covered        the checkpoint's place, after a sweep of that table
//   a table whose sweep is not done    the same; whether its ledger is still to be judged stands in the checkpoint
#ifndef RELAY_STREAM_START_PLANNER_H_
#define RELAY_STREAM_START_PLANNER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cdc/event/gtid_set.h"
#include "relay/config/config.h"
#include "relay/sql/server_info.h"
#include "relay/state/checkpoint.h"
#include "relay/state/low_water_mark.h"
#include "relay/status/metrics.h"

namespace relay {

struct StartFacts {
  ServerInfo server;
  // What was read and is done, or is still under way in this process. Nullopt: nothing yet, `start` decides.
  std::optional<Checkpoint> reached;
  // It was read by file and position, by this process.
  bool by_position = false;
  // Read by this process before it went back to `reached`, and not read again yet.
  cdc::GtidSet seen;
  StartPosition start;
  // The outbox tables as they are now; only schema, table and created count.
  std::vector<TableCheckpoint> tables;
  // The server refused the dump: what follows `reached` is gone, or never was.
  bool dump_refused = false;
  // The server's log is not the one that `reached` was taken from: why. Empty: it is, or nobody knows.
  std::string history_rewritten;
};

// A table whose waiting rows are published before the stream is read, and how far that is.
struct PlannedSweep {
  size_t table;  // Its index.
  SweepReason reason;
  SweepProgress progress;
};

struct StartPlan {
  // Where the dump is to be opened.
  LowWaterMark from;
  // Whether the GTID set or the position of `from` counts.
  bool by_gtid = false;
  // `from` is not what was reached: nothing that is under way belongs to it.
  bool restart = false;
  // What the ledger says holds no longer.
  bool void_ledger = false;
  // The server's set of transactions lacks some that it should have. Right behind a commit it may lag what the log
  // shows: to be believed only if it lasts.
  bool shortfall = false;
  // Read, and lacking on this server, which did not write it: no part of its history.
  cdc::GtidSet lost;
  std::vector<PlannedSweep> sweep;
  // The ids that are pending now are to be skipped for ever: --start named a place.
  bool skip_pending = false;
  // For the log: "behind the checkpoint", …
  std::string explanation;
};

// FailedPrecondition: --start can't be honoured on this server; the message names the setting.
absl::StatusOr<StartPlan> PlanStart(const StartFacts& facts);

// From now on these transactions count as not read, and none of them is a fingerprint.
void Unread(const cdc::GtidSet& lost, LowWaterMark* mark);

// The mark that a checkpoint was taken at.
LowWaterMark MarkOf(const Checkpoint& checkpoint);

}  // namespace relay

#endif  // RELAY_STREAM_START_PLANNER_H_
