// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_SQL_SQL_ENDPOINT_H_
#define RELAY_SQL_SQL_ENDPOINT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cdc/source/server_connection.h"
#include "cdc/source/tls_options.h"

namespace relay {

struct SqlHost {
  std::string host;  // name or address; empty with a unix socket
  uint16_t port = 3306;
  std::string unix_socket;  // path; empty: TCP

  std::string ToString() const;  // "db1:3306", "[::1]:3306" or the path
};

// Where the database is and who we are there. SQL sessions and the dump
// connection are made from the same.
struct SqlEndpoint {
  std::vector<SqlHost> hosts;  // at least one; tried in this order
  std::string user;
  std::string password;
  std::string password_file;  // when set: read at each connect, its last line
                              // end removed, instead of `password`
  cdc::TlsOptions tls;
  absl::Duration connect_timeout = absl::Seconds(10);
  absl::Duration read_timeout = absl::Seconds(30);   // whole seconds, >= 1
  absl::Duration write_timeout = absl::Seconds(30);  // whole seconds, >= 1
};

// The password to use now: the file's or the given one. FailedPrecondition when
// the file can't be read, Unauthenticated when it is empty; both name it.
absl::StatusOr<std::string> CurrentPassword(const SqlEndpoint& endpoint);

// The address of one of the hosts for the dump connection, its password read now. Errors as CurrentPassword.
absl::StatusOr<cdc::ServerAddress> ServerAddressOf(const SqlEndpoint& endpoint, size_t host_index);

}  // namespace relay

#endif  // RELAY_SQL_SQL_ENDPOINT_H_
