// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CONFIG_KAFKA_SETTINGS_H_
#define RELAY_CONFIG_KAFKA_SETTINGS_H_

#include <vector>

#include "relay/config/setting.h"

namespace relay {

// Groups kKafka, kRecords and kPoison.
std::vector<Setting> KafkaSettings();

}  // namespace relay

#endif  // RELAY_CONFIG_KAFKA_SETTINGS_H_
