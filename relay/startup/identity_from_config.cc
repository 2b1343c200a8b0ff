// SPDX-License-Identifier: Apache-2.0
#include "relay/startup/identity_from_config.h"

namespace relay {

RelayIdentityOptions IdentityFromConfig(const DatabaseConfig& database) {
  RelayIdentityOptions options;
  options.schemas = database.schemas;
  options.outbox_table = database.outbox_table;
  if (database.state_schema != database.schemas[0]) options.state_schema = database.state_schema;
  return options;
}

}  // namespace relay
