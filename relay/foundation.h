// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_FOUNDATION_H_
#define RELAY_FOUNDATION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "relay/config/config.h"
#include "relay/outbox/outbox_schema.h"
#include "relay/sql/sql_session.h"
#include "relay/state/checkpoint_store.h"
#include "relay/status/relay_status.h"

namespace relay {

// What the start learns from the database.
struct Foundation {
  std::vector<OutboxSchema> tables;
  std::string relay_id;
  std::string state_schema;  // Empty with a checkpoint file.
  std::unique_ptr<CheckpointStore> store;
  LoadedCheckpoint loaded;
  bool polling_relay_marks = false;
};

// Checks the preconditions, makes or takes over the tables, claims them, and loads what an earlier process left. Waits
// for what waiting may mend, for a primary, and for the end of a polling relay; says so in the log and on the board.
// Cancelled: the stop came. Other errors are for good; their message names the cure.
absl::StatusOr<Foundation> LayFoundation(const Config& config, const SqlConnector& connector,
                                         const absl::Notification* stop, StatusBoard* board);

}  // namespace relay

#endif  // RELAY_FOUNDATION_H_
