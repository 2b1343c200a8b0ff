// SPDX-License-Identifier: Apache-2.0
//
// Deletes the rows that are known to be published, the retention after they were (design §8): those of the ledger by
// primary key, those that the polling relay (or --mark-completed) marked by their push_completed_at.
#ifndef RELAY_CLEANUP_CLEANER_H_
#define RELAY_CLEANUP_CLEANER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "relay/base/clock.h"
#include "relay/outbox/outbox_schema.h"
#include "relay/outbox/published_rows.h"
#include "relay/outbox/table_identity.h"
#include "relay/sql/sql_session.h"
#include "relay/state/id_set.h"
#include "relay/state/ledger.h"

namespace relay {

struct CleanerOptions {
  absl::Duration retention = absl::Hours(1);
  // --retention=off: no row is deleted; the ledger still forgets what is an hour old.
  bool keep_rows = false;
  uint32_t chunk_rows = 1000;
  // Between two chunks; a tenth of it after a pass that its budget cut short, so that deleting keeps up with inserting.
  absl::Duration pause = absl::Milliseconds(50);
};

struct CleanupResult {
  uint64_t published_rows = 0;  // Deleted, known by the ledger.
  uint64_t completed_rows = 0;  // Deleted, known by push_completed_at.
  bool more = false;            // The time was up before everything due was deleted.
  // What the table is. With kOther or kGone nothing was deleted by the ledger: void it (Ledger::Void) and sweep. With
  // kRebuilt take `created` over.
  TableIdentity identity;
  // The ledger knows ids that the table has not given out: a TRUNCATE that the stream has not come to yet. Nothing was
  // deleted by the ledger.
  bool ids_came_back = false;
  // Nothing (more) was deleted by the ledger: a part of the log is not read yet.
  bool log_unread = false;
  // Completed rows are left alone: no index leads to them, and each pass would read the whole table.
  bool lacks_index = false;
};

// SQL thread.
class Cleaner {
 public:
  // Published ids of a table that are still to be marked as completed.
  using Unmarked = std::function<IdSet(size_t)>;

  // The ledger and the clock outlive the cleaner. `log_is_read` is asked before the first delete, and before each
  // delete is committed: from the delete on no other row can take the ids, and no DDL touch the table. Null: nobody
  // reads; the ledger is believed. With `keep_rows` the ledger keeps what is `unmarked`, or a sweep would take it for
  // unpublished. Null: nothing is.
  Cleaner(const CleanerOptions& options, OutboxSchemaOf schema_of, Ledger* ledger, const base::Clock* clock,
          LogIsRead log_is_read, Unmarked unmarked = nullptr);

  // One pass over one schema, until nothing is due or `budget` is used up. `known_created` is the table's CREATE_TIME
  // as the checkpoint has it. What was deleted leaves the ledger, which is for the next save to store. Cancelled when
  // `stop` came.
  absl::StatusOr<CleanupResult> Clean(SqlSession* session, size_t schema, absl::string_view known_created,
                                      absl::Duration budget, const absl::Notification* stop);

  // False with --retention=off.
  bool deletes() const { return !options_.keep_rows; }

  // What a pass would delete now; changes nothing.
  absl::StatusOr<CleanupResult> DryRun(SqlSession* session, size_t schema, absl::string_view known_created);

 private:
  class Pass;

  const CleanerOptions options_;
  const OutboxSchemaOf schema_of_;
  Ledger* const ledger_;
  const base::Clock* const clock_;
  const LogIsRead log_is_read_;
  const Unmarked unmarked_;
  std::vector<bool> behind_;  // By schema: the last pass left something.
};

// The server's clock.
absl::StatusOr<absl::Time> ReadServerTime(SqlSession* session);

// Asks the server to log only keys of the rows that this session deletes or updates, not their payloads. A privilege is
// needed (SESSION_VARIABLES_ADMIN or like); without it nothing changes.
void UseMinimalRowImage(SqlSession* session);

}  // namespace relay

#endif  // RELAY_CLEANUP_CLEANER_H_
