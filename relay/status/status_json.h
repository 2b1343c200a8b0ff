// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STATUS_STATUS_JSON_H_
#define RELAY_STATUS_STATUS_JSON_H_

#include <string>

#include "absl/time/time.h"
#include "relay/status/relay_status.h"

namespace relay {

// What /status answers: one JSON object, indented, with a newline at its end.
// Times are RFC 3339 in UTC, null when there is none yet; durations are seconds.
std::string StatusJson(const RelayStatus& status, absl::Time now);

}  // namespace relay

#endif  // RELAY_STATUS_STATUS_JSON_H_
