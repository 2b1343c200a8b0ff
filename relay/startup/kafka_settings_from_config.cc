// SPDX-License-Identifier: Apache-2.0
#include "relay/startup/kafka_settings_from_config.h"

#include "absl/strings/str_join.h"

namespace relay {

kafka::ClientSettings KafkaSettingsFromConfig(const KafkaConfig& config) {
  kafka::ClientSettings settings;
  settings.brokers = absl::StrJoin(config.brokers, ",");
  settings.tls = config.tls;
  settings.tls_skip_verify_peer = config.tls_skip_verify;
  settings.properties_file = config.properties_file;
  // In front of the operator's, which win; behind the file's.
  if (!config.compression.empty()) settings.properties.emplace_back("compression.type", config.compression);
  settings.properties.insert(settings.properties.end(), config.properties.begin(), config.properties.end());
  return settings;
}

}  // namespace relay
