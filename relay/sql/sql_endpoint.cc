// SPDX-License-Identifier: Apache-2.0
#include "relay/sql/sql_endpoint.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"

namespace relay {

std::string SqlHost::ToString() const {
  if (!unix_socket.empty()) return unix_socket;
  if (absl::StrContains(host, ':')) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

absl::StatusOr<std::string> CurrentPassword(const SqlEndpoint& endpoint) {
  if (endpoint.password_file.empty()) return endpoint.password;
  std::ifstream file(endpoint.password_file, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  // At the start both are mistakes. Later it may be a rotation that is half done, which is waited for as a refused
  // password is.
  if (!file || text.bad()) {
    return absl::UnauthenticatedError(absl::StrCat("the database password's file ", endpoint.password_file,
                                                   " can't be read: ", std::strerror(errno),
                                                   "; set DB_PASS_FILE to a file that this user may read"));
  }
  std::string password = text.str();
  if (absl::EndsWith(password, "\n")) password.pop_back();
  if (absl::EndsWith(password, "\r")) password.pop_back();
  // Who has no password gives no file.
  if (password.empty()) {
    return absl::UnauthenticatedError(absl::StrCat("the database password's file ", endpoint.password_file,
                                                   " is empty; write the password into it, or leave DB_PASS_FILE "
                                                   "out when the account has none"));
  }
  return password;
}

absl::StatusOr<cdc::ServerAddress> ServerAddressOf(const SqlEndpoint& endpoint, size_t host_index) {
  const SqlHost& host = endpoint.hosts[host_index];
  cdc::ServerAddress address;
  address.host = host.host;
  address.port = host.port;
  address.unix_socket = host.unix_socket;
  address.user = endpoint.user;
  ASSIGN_OR_RETURN(address.password, CurrentPassword(endpoint));
  address.tls = endpoint.tls;
  address.connect_timeout = endpoint.connect_timeout;
  address.read_timeout = endpoint.read_timeout;
  address.write_timeout = endpoint.write_timeout;
  return address;
}

}  // namespace relay
