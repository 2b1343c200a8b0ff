// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CONFIG_SETTINGS_H_
#define RELAY_CONFIG_SETTINGS_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "relay/config/setting.h"

namespace relay {

absl::string_view SettingGroupTitle(SettingGroup group);

// In the order of --help.
absl::Span<const Setting> AllSettings();

// By flag or alias ("_" counts as "-"), null if there is none.
const Setting* FindSetting(absl::string_view flag);

}  // namespace relay

#endif  // RELAY_CONFIG_SETTINGS_H_
