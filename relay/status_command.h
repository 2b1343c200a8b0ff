// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STATUS_COMMAND_H_
#define RELAY_STATUS_COMMAND_H_

#include <string>

#include "absl/strings/string_view.h"
#include "relay/config.h"

namespace relay {

// `outbox-relay status [URL]`: asks a running relay for /status and prints it
// for people. Returns the exit code: 1 when no relay answers.
int PrintStatus(const Config& config);

// The readable form of the JSON that /status returned; the JSON itself when it
// is not what this version knows.
std::string ReadableStatus(absl::string_view json);

}  // namespace relay

#endif  // RELAY_STATUS_COMMAND_H_
