// SPDX-License-Identifier: Apache-2.0
//
// `--mark-completed` (design §8): published rows also get push_completed_at, so that the polling relay can be put back
// without sending an hour of rows again, and scripts that read the column go on working. They get push_started_at too:
// the polling relay claims every row that has neither batch_id nor push_started_at, be it completed.
#ifndef RELAY_CLEANUP_COMPLETED_MARKER_H_
#define RELAY_CLEANUP_COMPLETED_MARKER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/types/span.h"
#include "relay/outbox/outbox_schema.h"
#include "relay/outbox/published_rows.h"
#include "relay/sql/sql_session.h"
#include "relay/state/id_set.h"
#include "relay/state/ledger.h"

namespace relay {

// Collects published ids and marks their rows, a ranged UPDATE at a time. Add from any thread; Flush from the SQL
// thread, once a second.
class CompletedMarker {
 public:
  // The ledger outlives the marker: what has left it by the time it is to be marked is another row.
  CompletedMarker(OutboxSchemaOf schema_of, const Ledger* ledger);

  void Add(size_t schema, absl::Span<const uint64_t> ids);
  // Also what an earlier process published: the marks that it no longer came to set.
  void AddAll(size_t schema, const IdSet& ids);
  uint64_t pending() const;
  // What is still to be marked.
  IdSet Pending(size_t schema) const;

  // Marks what was added and returns how many rows it found unmarked, or the first error. The ids of a statement that
  // failed are kept, and tried again behind the others: a row that is locked for long holds up its neighbours alone. At
  // most `chunk_rows` rows a statement; a statement begun is finished, then `stop` counts. `log_is_read` is asked
  // first, and before each statement is committed: while a part of the log is unread, an id may be another row's, and
  // nothing is marked. Null: nobody reads; the ledger is believed. No more than `statements`.
  absl::StatusOr<uint64_t> Flush(SqlSession* session, uint32_t chunk_rows, const absl::Notification* stop,
                                 const LogIsRead& log_is_read = nullptr, int statements = 100);

 private:
  struct Table {
    IdSet added;
    IdSet failed;
  };

  // The next ids to mark, which are taken out.
  std::vector<uint64_t> Take(size_t schema, size_t count);
  void PutAside(size_t schema, const IdSet& failed);

  const OutboxSchemaOf schema_of_;
  const Ledger& ledger_;
  mutable absl::Mutex mutex_;
  std::vector<Table> tables_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace relay

#endif  // RELAY_CLEANUP_COMPLETED_MARKER_H_
