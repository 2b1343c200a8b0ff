// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STARTUP_ENDPOINT_FROM_CONFIG_H_
#define RELAY_STARTUP_ENDPOINT_FROM_CONFIG_H_

#include "relay/config/config.h"
#include "relay/sql/sql_endpoint.h"

namespace relay {

// The part of the settings that says where the database is and who we are there. A socket wins over the hosts.
SqlEndpoint EndpointFromConfig(const DatabaseConfig& database);

}  // namespace relay

#endif  // RELAY_STARTUP_ENDPOINT_FROM_CONFIG_H_
