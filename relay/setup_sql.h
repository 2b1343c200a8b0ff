// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_SETUP_SQL_H_
#define RELAY_SETUP_SQL_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "relay/server_info.h"
#include "relay/server_preconditions.h"

namespace relay {

// The statements that an administrator runs once, so that `user` can do the relay's work on this server: the user, its
// grants, and the settings that are not as they should be. Comments say what needs a restart. Without password: the
// reader puts one in.
std::vector<std::string> SetupStatements(const ServerInfo& info, const PreconditionOptions& options,
                                         absl::string_view user);

}  // namespace relay

#endif  // RELAY_SETUP_SQL_H_
