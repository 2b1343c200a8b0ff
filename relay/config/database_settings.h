// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CONFIG_DATABASE_SETTINGS_H_
#define RELAY_CONFIG_DATABASE_SETTINGS_H_

#include <vector>

#include "relay/config/setting.h"

namespace relay {

// Groups kMysql and kOutbox.
std::vector<Setting> DatabaseSettings();

}  // namespace relay

#endif  // RELAY_CONFIG_DATABASE_SETTINGS_H_
