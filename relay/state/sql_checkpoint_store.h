// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STATE_SQL_CHECKPOINT_STORE_H_
#define RELAY_STATE_SQL_CHECKPOINT_STORE_H_

#include <memory>

#include "relay/state/checkpoint_store.h"
#include "relay/state/relay_identity.h"

namespace relay {

// In the state schema's tables, which must exist (relay/state/state_tables.h), of a relay that ClaimOutboxTables named.
std::unique_ptr<CheckpointStore> MakeSqlCheckpointStore(const RelayIdentity& identity);

}  // namespace relay

#endif  // RELAY_STATE_SQL_CHECKPOINT_STORE_H_
