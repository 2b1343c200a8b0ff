// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STARTUP_IDENTITY_FROM_CONFIG_H_
#define RELAY_STARTUP_IDENTITY_FROM_CONFIG_H_

#include "relay/config/config.h"
#include "relay/state/relay_identity.h"

namespace relay {

// The part of the settings that says which tables are ours to publish. A state schema that is only the default one
// counts as not given: another order of DB_NAME must not look like a wish to move the state.
RelayIdentityOptions IdentityFromConfig(const DatabaseConfig& database);

}  // namespace relay

#endif  // RELAY_STARTUP_IDENTITY_FROM_CONFIG_H_
