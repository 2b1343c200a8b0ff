// SPDX-License-Identifier: Apache-2.0

// Reads what stands in a topic, for tests to compare.

#ifndef TESTING_KAFKA_TOPIC_READER_H_
#define TESTING_KAFKA_TOPIC_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "testing/eventually.h"

namespace testing_kafka {

struct StoredRecord {
  int32_t partition = 0;
  int64_t offset = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  absl::Time timestamp;
};

// All records of the topic as it is now, partition by partition in offset
// order. Unavailable when they could not be read before `timeout`.
absl::StatusOr<std::vector<StoredRecord>> ReadTopic(const std::string& bootstrap, const std::string& topic,
                                                    absl::Duration timeout = testing_support::kPatience);

}  // namespace testing_kafka

#endif  // TESTING_KAFKA_TOPIC_READER_H_
