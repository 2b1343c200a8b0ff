// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_PRECONDITIONS_FROM_CONFIG_H_
#define RELAY_PRECONDITIONS_FROM_CONFIG_H_

#include "relay/config.h"
#include "relay/server_preconditions.h"

namespace relay {

// What the settings ask of the database.
PreconditionOptions PreconditionsFromConfig(const Config& config);

}  // namespace relay

#endif  // RELAY_PRECONDITIONS_FROM_CONFIG_H_
