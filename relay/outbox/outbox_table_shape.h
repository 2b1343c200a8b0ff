// SPDX-License-Identifier: Apache-2.0
//
// What an outbox table has to look like: what the relay needs of it, and the statements that make it what the polling
// relay's last version made it.
#ifndef RELAY_OUTBOX_OUTBOX_TABLE_SHAPE_H_
#define RELAY_OUTBOX_OUTBOX_TABLE_SHAPE_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "relay/outbox/outbox_schema.h"
#include "relay/outbox/outbox_table.h"

namespace relay {

// The version that the polling relay's last migration leaves in kafka_outbox_schema_migrations.
inline constexpr int64_t kLastMigrationVersion = 20220408111504;

// Without these the relay can't work. The others may be missing: no key, no claims to look at.
inline constexpr std::array<OutboxColumn, 8> kNeededColumns = {kId,      kTopic,       kPayloadJson,  kPayloadHeaders,
                                                               kErrored, kErrorReason, kPushAttempts, kPushCompletedAt};

// OK when the relay can work with the table as it is. FailedPrecondition names what is wrong (missing, a view, a column
// that is missing or of an unusable type) and the statement that cures it.
absl::Status CheckOutboxSchema(const OutboxSchema& schema);

// True when some index, the primary key too, begins with these columns ("a" or "a,b").
bool HasIndexOn(const OutboxSchema& schema, absl::string_view columns);

// Where none begins with push_completed_at: what is not done without it, and the statement that makes it.
std::string CompletedIndexMissing(const OutboxSchema& schema);
std::string AddCompletedIndex(const OutboxSchema& schema);

// ALTER TABLE … ADD COLUMN of one column.
std::string AddColumnStatement(const OutboxSchema& schema, OutboxColumn column);

// CREATE TABLE IF NOT EXISTS of the whole table.
std::string CreateOutboxTableStatement(absl::string_view schema, absl::string_view table);

// The statements that bring the table from what it is to what it should be: create it, or add the columns and indexes
// that are missing, and record the version as the polling relay would have. Empty when nothing is to be done. Columns
// are never changed or dropped, and each new one has a default, so that neither the application nor a polling relay is
// disturbed.
//
// An existing table without id, topic or payload_json is no outbox table: nothing is planned for it, CheckOutboxSchema
// refuses it.
std::vector<std::string> PlanOutboxMigration(const OutboxSchema& schema);

}  // namespace relay

#endif  // RELAY_OUTBOX_OUTBOX_TABLE_SHAPE_H_
