// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_DATABASE_SETTINGS_H_
#define RELAY_DATABASE_SETTINGS_H_

#include <vector>

#include "relay/setting.h"

namespace relay {

// Groups kMysql and kOutbox.
std::vector<Setting> DatabaseSettings();

}  // namespace relay

#endif  // RELAY_DATABASE_SETTINGS_H_
