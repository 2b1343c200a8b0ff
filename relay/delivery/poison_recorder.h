// SPDX-License-Identifier: Apache-2.0
//
// Records rows that Kafka will never take (design §5, "A row that Kafka will not take").
#ifndef RELAY_DELIVERY_POISON_RECORDER_H_
#define RELAY_DELIVERY_POISON_RECORDER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cdc/value/column_value.h"
#include "relay/outbox/outbox_schema.h"
#include "relay/sql/sql_session.h"

namespace relay {

// A poison row with everything that is known of it, should its row be gone. Owns its bytes.
struct PoisonRow {
  PoisonRow() = default;
  // Copies the row. `values` is in the order of OutboxColumn.
  PoisonRow(size_t schema, uint64_t id, absl::Span<const cdc::ColumnValue> values);

  // What it takes of memory.
  size_t bytes() const;

  size_t schema = 0;  // What the recorder's OutboxSchemaOf takes.
  uint64_t id = 0;
  uint32_t attempts = 0;
  std::string reason;  // Kafka's words; no payload, key or header in it.
  std::string gtid;    // Empty when it has none.
  std::optional<absl::Time> commit_time;
  bool gone = false;  // The table was emptied since: a row with this id is another one.
  // In the order of OutboxColumn; nullopt is NULL or absent.
  std::vector<std::optional<std::string>> columns;
};

struct PoisonOutcome {
  uint64_t on_row = 0;         // Marked errored=1 on their row.
  uint64_t newly_errored = 0;  // Of these: those that were not errored before.
  uint64_t dead_lettered = 0;  // Had no row any more: written whole into kafka_outbox_dead.
};

// SQL thread. Keeps no state of its own.
class PoisonRecorder {
 public:
  // `schema_of` tells a table as it is now; DDL may have changed it. `state_schema` is where kafka_outbox_dead is.
  PoisonRecorder(OutboxSchemaOf schema_of, std::string state_schema, std::string relay_id);

  // Records all the rows in one transaction, or none. Only after OK are they done. Rows given twice, or recorded again
  // after a commit whose answer was lost, come to the same for those on their row; a dead letter is then written twice.
  //
  // FailedPrecondition: a row is gone and kafka_outbox_dead is missing, or can't hold it; the message names the cure.
  // Else as SqlSession.
  absl::StatusOr<PoisonOutcome> Record(SqlSession* session, absl::Span<const PoisonRow* const> rows);

 private:
  absl::StatusOr<PoisonOutcome> RecordChunk(SqlSession* session, absl::Span<const PoisonRow* const> rows);
  absl::Status DeadLetter(SqlSession* session, const PoisonRow& row);

  const OutboxSchemaOf schema_of_;
  const std::string state_schema_;
  const std::string relay_id_;
};

}  // namespace relay

#endif  // RELAY_DELIVERY_POISON_RECORDER_H_
