// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_ERRORED_COUNTER_H_
#define RELAY_ERRORED_COUNTER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "relay/outbox_schema.h"
#include "relay/sql_session.h"

namespace relay {

// Counts the errored rows of the outbox tables a few rows at a time: no index leads to them, and one statement over a
// table of a million rows keeps a core of the server busy for seconds.
class ErroredCounter {
 public:
  explicit ErroredCounter(uint32_t chunk_rows = 2'000) : chunk_rows_(chunk_rows) {}

  // Reads the next chunk. The count of all tables once the last is read, and the next call begins anew; nullopt before.
  // `tables` are the same at each call but for their columns. A table that is gone has none; after another error the
  // next call tries the same chunk again.
  absl::StatusOr<std::optional<uint64_t>> Step(SqlSession* session, absl::Span<const OutboxSchema> tables);

 private:
  absl::Status ReadChunk(SqlSession* session, const OutboxSchema& table);

  const uint32_t chunk_rows_;
  size_t table_ = 0;
  std::string after_;  // The last id read of the table, as SQL has it; empty: none yet.
  uint64_t errored_ = 0;
};

}  // namespace relay

#endif  // RELAY_ERRORED_COUNTER_H_
