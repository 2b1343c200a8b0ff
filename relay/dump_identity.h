// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_DUMP_IDENTITY_H_
#define RELAY_DUMP_IDENTITY_H_

#include "cdc/live_source.h"

namespace relay {

// Gives a dump an identity that displaces nobody: for every reader but the active `run`.
void SetRandomIdentity(cdc::LiveSourceOptions* options);

}  // namespace relay

#endif  // RELAY_DUMP_IDENTITY_H_
