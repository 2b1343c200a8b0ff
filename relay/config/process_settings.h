// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CONFIG_PROCESS_SETTINGS_H_
#define RELAY_CONFIG_PROCESS_SETTINGS_H_

#include <vector>

#include "relay/config/setting.h"

namespace relay {

// Groups kCleanup, kHttp, kLogs, kProcess, kCommands and kIgnored.
std::vector<Setting> ProcessSettings();

}  // namespace relay

#endif  // RELAY_CONFIG_PROCESS_SETTINGS_H_
