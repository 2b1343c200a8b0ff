// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STARTUP_PRECONDITIONS_FROM_CONFIG_H_
#define RELAY_STARTUP_PRECONDITIONS_FROM_CONFIG_H_

#include "relay/check/server_preconditions.h"
#include "relay/config/config.h"

namespace relay {

// What the settings ask of the database.
PreconditionOptions PreconditionsFromConfig(const Config& config);

}  // namespace relay

#endif  // RELAY_STARTUP_PRECONDITIONS_FROM_CONFIG_H_
