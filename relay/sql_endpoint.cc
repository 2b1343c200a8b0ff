// SPDX-License-Identifier: Apache-2.0
#include "relay/sql_endpoint.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace relay {

std::string SqlHost::ToString() const {
  if (!unix_socket.empty()) return unix_socket;
  if (absl::StrContains(host, ':')) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

absl::StatusOr<SqlHost> ParseSqlHost(absl::string_view text, uint16_t default_port) {
  SqlHost result;
  result.port = default_port;
  if (absl::ConsumePrefix(&text, "unix:") || absl::StartsWith(text, "/")) {
    result.unix_socket = std::string(text);
    if (text.empty()) return absl::InvalidArgumentError("empty socket path");
    return result;
  }
  absl::string_view port;
  const auto invalid = [text](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("'", text, "' is no database host: ", why,
                                                   "; give name, name:port, [v6-address]:port or the path of "
                                                   "a unix socket"));
  };
  if (absl::StartsWith(text, "[")) {
    const size_t end = text.find(']');
    if (end == text.npos) return invalid("']' is missing");
    result.host = std::string(text.substr(1, end - 1));
    port = text.substr(end + 1);
    if (!port.empty() && !absl::ConsumePrefix(&port, ":")) {
      return invalid("':' should follow ']'");
    }
    if (port.empty() && end + 1 < text.size()) return invalid("no port");
  } else {
    const size_t colon = text.find(':');
    result.host = std::string(text.substr(0, colon));
    if (colon != text.npos) {
      port = text.substr(colon + 1);
      if (absl::StrContains(port, ':')) {  // a bare v6 address
        result.host = std::string(text);
        port = "";
      } else if (port.empty()) {
        return invalid("no port after ':'");
      }
    }
  }
  if (result.host.empty()) return invalid("no name");
  if (!port.empty()) {
    uint32_t number;
    if (!absl::SimpleAtoi(port, &number) || number == 0 || number > 65535) {
      return invalid(absl::StrCat("'", port, "' is no port"));
    }
    result.port = static_cast<uint16_t>(number);
  }
  return result;
}

absl::StatusOr<std::string> CurrentPassword(const SqlEndpoint& endpoint) {
  if (endpoint.password_file.empty()) return endpoint.password;
  std::ifstream file(endpoint.password_file, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || text.bad()) {
    return absl::FailedPreconditionError(absl::StrCat("the database password's file ", endpoint.password_file,
                                                      " can't be read: ", std::strerror(errno),
                                                      "; set DB_PASS_FILE to a file that this user may read"));
  }
  std::string password = text.str();
  if (absl::EndsWith(password, "\n")) password.pop_back();
  if (absl::EndsWith(password, "\r")) password.pop_back();
  return password;
}

}  // namespace relay
