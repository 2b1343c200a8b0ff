// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_OUTBOX_ROW_COUNTER_H_
#define RELAY_OUTBOX_ROW_COUNTER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "relay/outbox/outbox_schema.h"
#include "relay/sql/sql_session.h"

namespace relay {

struct RowCounts {
  uint64_t rows = 0;
  uint64_t errored = 0;
  uint64_t completed = 0;  // push_completed_at is set, and errored is not.

  uint64_t pending() const { return rows - errored - completed; }
  friend bool operator==(const RowCounts&, const RowCounts&) = default;
};

// Counts the rows of the outbox tables a few at a time: no index leads to the errored ones, and one statement over a
// table of a million rows keeps a core of the server busy for seconds.
class RowCounter {
 public:
  explicit RowCounter(uint32_t chunk_rows = 2'000) : chunk_rows_(chunk_rows) {}

  // Reads the next chunk. The count of all tables once the last is read, and the next call begins anew; nullopt before.
  // `tables` are the same at each call but for their columns. A table that is gone has none; after another error the
  // next call tries the same chunk again.
  absl::StatusOr<std::optional<RowCounts>> Step(SqlSession* session, absl::Span<const OutboxSchema> tables);

 private:
  absl::Status ReadChunk(SqlSession* session, const OutboxSchema& table);

  const uint32_t chunk_rows_;
  size_t table_ = 0;
  std::string after_;  // The last id read of the table, as SQL has it; empty: none yet.
  RowCounts counts_;
};

}  // namespace relay

#endif  // RELAY_OUTBOX_ROW_COUNTER_H_
