// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CHECK_SETUP_SQL_H_
#define RELAY_CHECK_SETUP_SQL_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "relay/check/server_preconditions.h"
#include "relay/sql/server_info.h"

namespace relay {

// Whom the relay connects as.
struct SetupAccount {
  absl::string_view user;
  bool over_tls = false;  // no connection of it is without
};

// The statements that an administrator runs once, so that the account can do the relay's work on this server: the user,
// its grants, and the settings that are not as they should be. Comments say what needs a restart, or takes several
// steps. Without password: the reader puts one in.
std::vector<std::string> SetupStatements(const ServerInfo& info, const PreconditionOptions& options,
                                         const SetupAccount& account);

// The first of them, user and grants, where nothing is known of the settings. Of `info` only flavor and version count.
std::vector<std::string> GrantStatements(const ServerInfo& info, const PreconditionOptions& options,
                                         const SetupAccount& account);

}  // namespace relay

#endif  // RELAY_CHECK_SETUP_SQL_H_
