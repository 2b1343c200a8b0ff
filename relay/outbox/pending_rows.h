// SPDX-License-Identifier: Apache-2.0
//
// What a sweep reads from the outbox table (design §7): the ids that are pending, and rows by their ids in the same
// form as the stream delivers them.
#ifndef RELAY_OUTBOX_PENDING_ROWS_H_
#define RELAY_OUTBOX_PENDING_ROWS_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/types/span.h"
#include "cdc/value/column_value.h"
#include "relay/outbox/outbox_schema.h"
#include "relay/sql/sql_session.h"
#include "relay/state/id_set.h"

namespace relay {

// Ids that one statement of ours reads.
inline constexpr uint32_t kPendingIdChunk = 20'000;

// The ids of the committed rows that are pending: not errored, push_completed_at NULL. Also those that this relay has
// published and not deleted yet: the ledger knows them. Read by index in chunks of `chunk_rows`, each a statement of
// its own, so that no long read holds back the purge. A table that does not exist has none. Cancelled when `stop`
// comes.
absl::StatusOr<IdSet> ReadPendingIds(SqlSession* session, const OutboxSchema& schema,
                                     uint32_t chunk_rows = kPendingIdChunk, const absl::Notification* stop = nullptr);

struct ReadRowsOptions {
  // Leaves out rows that are no longer pending.
  bool only_pending = false;
  // Waits for transactions that are changing a row, and reads it after them: right behind an event of the stream a row
  // may not be visible yet (binlog_facts: 39 % of rows, by up to 8 ms).
  bool for_share = false;
};

// A row of the table, columns in the order of OutboxColumn; those that the table lacks are absent. The text is byte for
// byte what the stream would give. Lives until the callback returns.
using TableRowVisitor = absl::FunctionRef<absl::Status(uint64_t id, absl::Span<const cdc::ColumnValue> columns)>;

// Calls visit for each row that exists, in id order; a row that is not there is left out. `ids` ascending; as many as a
// statement may name (some thousands). The visitor must not use the session, nor block for longer than the server's
// net_write_timeout. Its error ends the reading and is returned.
absl::Status ReadRows(SqlSession* session, const OutboxSchema& schema, absl::Span<const uint64_t> ids,
                      const ReadRowsOptions& options, TableRowVisitor visit);

}  // namespace relay

#endif  // RELAY_OUTBOX_PENDING_ROWS_H_
