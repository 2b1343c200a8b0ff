// SPDX-License-Identifier: Apache-2.0

// Makes topics on a broker, for tests.

#ifndef TESTING_KAFKA_TOPIC_ADMIN_H_
#define TESTING_KAFKA_TOPIC_ADMIN_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace testing_kafka {

// `configs` are the topic's, such as max.message.bytes. Returns when the broker says that the topic is made.
absl::Status CreateTopic(const std::string& bootstrap, const std::string& topic, int partitions,
                         const std::vector<std::pair<std::string, std::string>>& configs = {});

}  // namespace testing_kafka

#endif  // TESTING_KAFKA_TOPIC_ADMIN_H_
