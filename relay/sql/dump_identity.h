// SPDX-License-Identifier: Apache-2.0
//
// Who a dump says it is. A server ends the dump of a reader when another one comes with the same replica uuid, or, on
// MariaDB and where there is no uuid, with the same server_id (kill_zombie_dump_threads): a zombie of ours should go
// so, nobody else's replica may.
#ifndef RELAY_SQL_DUMP_IDENTITY_H_
#define RELAY_SQL_DUMP_IDENTITY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cdc/source/live_source.h"
#include "relay/sql/server_info.h"

namespace relay {

// Gives a dump an identity that displaces nobody: for every reader but the active `run`.
void SetRandomIdentity(cdc::LiveSourceOptions* options);

// As what the relay registers: SHOW REPLICAS prints it.
std::string ReportedHost(absl::string_view relay_id);

// A server_id that none of the registered readers has but the one called `own_host`: `configured` unless that is 0,
// else one that the relay's id gives, the same each time. Unavailable when another reader has the configured one: it
// may be gone before the server has seen that.
absl::StatusOr<uint32_t> ChooseServerId(uint32_t configured, absl::string_view relay_id,
                                        absl::Span<const RegisteredReader> readers);

}  // namespace relay

#endif  // RELAY_SQL_DUMP_IDENTITY_H_
