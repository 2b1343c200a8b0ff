// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_OUTBOX_ID_CONDITION_H_
#define RELAY_OUTBOX_ID_CONDITION_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "relay/outbox/outbox_schema.h"

namespace relay {

// A condition of SQL that holds for the rows with exactly these ids: by range where neighbours stand together, by list
// else. `ids` ascending and without duplicates, not empty.
//
//   (`id` BETWEEN 1 AND 900 OR `id` IN (905, 907))
std::string IdCondition(const OutboxSchema& schema, absl::Span<const uint64_t> ids);

// " FORCE INDEX (PRIMARY)" where that is the index of the ids, else nothing: to stand behind the table's name in a
// statement with an IdCondition. A statement that reads the whole table instead (MariaDB 11.8 prefers to when the ids
// are most of it) waits for every open transaction of the application, and locks what it reads.
std::string IdIndexHint(const OutboxSchema& schema);

// `errored` is 0 or, where a hand-made table allows it, NULL.
std::string NotErroredCondition(const OutboxSchema& schema);

}  // namespace relay

#endif  // RELAY_OUTBOX_ID_CONDITION_H_
