// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CONFIG_UNKNOWN_VARIABLES_H_
#define RELAY_CONFIG_UNKNOWN_VARIABLES_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace relay {

// A line for each variable of the environment ("NAME=value", ended by a null pointer) that is no setting but was most
// likely meant as one: what it was to switch on (TLS, a password) would be missing without a word. `given` says whether
// the setting with this flag was given. Values are in no line.
std::vector<std::string> UnknownVariableNotices(const char* const* environment,
                                                absl::FunctionRef<bool(absl::string_view flag)> given);

}  // namespace relay

#endif  // RELAY_CONFIG_UNKNOWN_VARIABLES_H_
