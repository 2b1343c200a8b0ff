// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CONFIG_VERSION_H_
#define RELAY_CONFIG_VERSION_H_

#include "absl/strings/string_view.h"

namespace relay {

// As in CHANGELOG.md and the chart's appVersion.
inline constexpr absl::string_view kVersion = "0.1.0";

}  // namespace relay

#endif  // RELAY_CONFIG_VERSION_H_
