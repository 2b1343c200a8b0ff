// SPDX-License-Identifier: Apache-2.0
//
// The cleanup as a relay at work does it: again and again, a little at a time, and only when that is safe.
#ifndef RELAY_CLEANUP_PASS_H_
#define RELAY_CLEANUP_PASS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "cdc/binlog_position.h"
#include "relay/base/clock.h"
#include "relay/cleaner.h"
#include "relay/ledger.h"
#include "relay/outbox_schema.h"
#include "relay/sql_session.h"

namespace relay {

// SQL thread.
class CleanupPass {
 public:
  struct Parts {
    std::vector<OutboxSchema> tables;  // In the ledger's order, as they were at the start.
    Ledger* ledger;
    // Up to where everything is done; of the server that the session is with.
    std::function<cdc::BinlogPosition()> low_water;
    // The table's CREATE_TIME from now on: for the checkpoint.
    std::function<void(size_t table, const std::string& created)> created_changed;
    // The table is not the one that the ledger knew; the ledger is void now and a sweep is needed.
    std::function<void(size_t table)> ledger_voided;
    const base::Clock* clock;
    const absl::Notification* stop;
  };

  CleanupPass(const CleanerOptions& options, Parts parts);

  // Compares each table with what it was when the checkpoint was saved (`created` by table, empty: not known) and voids
  // the ledger of those that are others. Before streaming, once.
  absl::Status VerifyTables(SqlSession* session, const std::vector<std::string>& created);

  // Deletes for at most `budget` and returns how many rows it deleted. Nothing is deleted until the low-water mark has
  // passed where the log ended at the call before: what is not read yet may hold rows that took a published row's id.
  // Cancelled when the stop came.
  absl::StatusOr<uint64_t> Run(SqlSession* session, absl::Duration budget);

  // True when the last Run left something that is due: call again without delay.
  bool more() const { return more_; }

 private:
  absl::StatusOr<bool> StreamIsClose(SqlSession* session);
  void Take(size_t table, const TableIdentity& identity);

  const CleanerOptions options_;
  const Parts parts_;
  std::vector<std::string> created_;
  Cleaner cleaner_;
  bool more_ = false;
  // Where the log ended at the last call, and when that was.
  cdc::BinlogPosition last_end_;
  absl::Duration last_asked_ = -absl::InfiniteDuration();
};

}  // namespace relay

#endif  // RELAY_CLEANUP_PASS_H_
