// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CONFIG_SETTING_NAMES_H_
#define RELAY_CONFIG_SETTING_NAMES_H_

#include "absl/status/status.h"

namespace relay {

// A database error with the names of the settings that may be wrong appended:
// "…; see --db-user/DB_USER, --db-pass/DB_PASS". Errors that no setting of ours
// cures are returned as they are, and so is one that was named already.
// SqlConnector does this by itself; errors of cdc::LiveSource come without,
// since cdc knows none of our flags.
absl::Status NameSettings(const absl::Status& status);

}  // namespace relay

#endif  // RELAY_CONFIG_SETTING_NAMES_H_
