// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_KAFKA_SETTINGS_H_
#define RELAY_KAFKA_SETTINGS_H_

#include <vector>

#include "relay/setting.h"

namespace relay {

// Groups kKafka, kRecords and kPoison.
std::vector<Setting> KafkaSettings();

}  // namespace relay

#endif  // RELAY_KAFKA_SETTINGS_H_
