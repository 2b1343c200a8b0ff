// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STATUS_STATUS_TEXT_H_
#define RELAY_STATUS_STATUS_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace relay {

// The readable form of the JSON that /status returned; the JSON itself when it
// is not what this version knows.
std::string ReadableStatus(absl::string_view json);

}  // namespace relay

#endif  // RELAY_STATUS_STATUS_TEXT_H_
