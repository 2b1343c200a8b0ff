// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STARTUP_KAFKA_SETTINGS_FROM_CONFIG_H_
#define RELAY_STARTUP_KAFKA_SETTINGS_FROM_CONFIG_H_

#include "kafka/client_properties.h"
#include "relay/config/config.h"

namespace relay {

// The Kafka side of the configuration in the producer's terms.
kafka::ClientSettings KafkaSettingsFromConfig(const KafkaConfig& config);

}  // namespace relay

#endif  // RELAY_STARTUP_KAFKA_SETTINGS_FROM_CONFIG_H_
