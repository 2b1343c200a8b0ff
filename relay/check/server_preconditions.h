// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CHECK_SERVER_PRECONDITIONS_H_
#define RELAY_CHECK_SERVER_PRECONDITIONS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "relay/check/finding.h"
#include "relay/sql/server_info.h"
#include "relay/sql/sql_endpoint.h"
#include "relay/state/relay_identity.h"

namespace relay {

// What the relay is to do with the database, as far as preconditions depend on it.
struct PreconditionOptions {
  RelayIdentityOptions relay;  // whose tables
  bool keeps_state = true;     // false: the checkpoint is a file
  bool skip_migrations = false;
  bool reads_binlog = true;       // false: POLLING_DISABLED, cleanup
  bool columns_given = false;     // --columns
  size_t hosts = 1;               // how many DB_HOST names
  bool deletes_published = true;  // false: --retention=off
};

// Whether the server's settings let the relay work: log, format, image, GTIDs, retention, filters, durability. A host
// that is no primary is no failure: it is waited for.
std::vector<Finding> CheckServerSettings(const ServerInfo& info, const PreconditionOptions& options);

// A connection that is not encrypted (`tls_cipher` is empty) and can be overheard: neither over a socket nor within
// this machine.
std::optional<Finding> CheckEncryption(const SqlHost& host, absl::string_view tls_cipher);

// The statement that changes a global variable for good on this server: SET PERSIST where there is such a thing.
std::string SetGlobalStatement(const ServerInfo& info, absl::string_view variable, absl::string_view value);

}  // namespace relay

#endif  // RELAY_CHECK_SERVER_PRECONDITIONS_H_
