// SPDX-License-Identifier: Apache-2.0
//
// The columns of the outbox table, by their names (design §5): the one mapping that decoder, sweep, poison recorder and
// migrations share.
#ifndef RELAY_OUTBOX_OUTBOX_TABLE_H_
#define RELAY_OUTBOX_OUTBOX_TABLE_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

namespace relay {

// Index into a row as the stream and the sweep deliver it.
enum OutboxColumn : size_t {
  kId,
  kTopic,
  kPayloadJson,
  kPayloadHeaders,
  kKey,
  kPartitionKey,
  kErrored,
  kErrorReason,
  kPushAttempts,
  kPushStartedAt,
  kPushCompletedAt,
  kBatchId,
  kCreatedAt,
  kOutboxColumnCount,
};

inline constexpr std::array<absl::string_view, kOutboxColumnCount> kOutboxColumnNames = {
    "id",           "topic",         "payload_json",    "payload_headers",   "key",      "partition_key", "errored",
    "error_reason", "push_attempts", "push_started_at", "push_completed_at", "batch_id", "created_at",
};

inline std::vector<std::string> OutboxColumnNames() {
  return std::vector<std::string>(kOutboxColumnNames.begin(), kOutboxColumnNames.end());
}

// An id as the relay keeps it, from its text: signed ones as two's complement. Nullopt when it is no integer.
inline std::optional<uint64_t> ParseOutboxId(absl::string_view text) {
  uint64_t id;
  if (absl::SimpleAtoi(text, &id)) return id;
  int64_t negative;
  if (absl::SimpleAtoi(text, &negative)) return static_cast<uint64_t>(negative);
  return std::nullopt;
}

}  // namespace relay

#endif  // RELAY_OUTBOX_OUTBOX_TABLE_H_
