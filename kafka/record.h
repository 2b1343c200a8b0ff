// SPDX-License-Identifier: Apache-2.0

#ifndef KAFKA_RECORD_H_
#define KAFKA_RECORD_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace kafka {

// A record header. No value means a header whose value is null, which consumers
// tell apart from an empty one.
struct Header {
  absl::string_view name;
  std::optional<absl::string_view> value;
};

// One record to produce. All views belong to the caller and must live until
// Producer::Produce returns, which copies what it keeps.
struct Record {
  absl::string_view topic;
  // No key: a record without one (not the same as an empty key).
  std::optional<absl::string_view> key;
  // No value: a tombstone.
  std::optional<absl::string_view> value;
  absl::Span<const Header> headers;
  // What the partitioner hashes; it need not be the key and is not sent. None:
  // any partition, the same one for a few milliseconds at a time.
  std::optional<absl::string_view> partition_key;
  // None: the time at which it is handed to the producer.
  std::optional<absl::Time> timestamp;
  // Comes back in the delivery report. The sequences that are in flight at a
  // time must lie within 2^30 of each other.
  uint64_t sequence = 0;
};

}  // namespace kafka

#endif  // KAFKA_RECORD_H_
