// SPDX-License-Identifier: Apache-2.0
#ifndef TESTING_GIVEN_SERVER_H_
#define TESTING_GIVEN_SERVER_H_

#include <cstdint>
#include <optional>
#include <string>

namespace testing_servers {

// The one server, MySQL or MariaDB, that a test has for itself, whichever it is; sql_servers.h is for tests that know
// both kinds.
struct GivenServer {
  std::string host;
  uint16_t port = 0;
  std::string user;  // may do everything
  std::string password;
};

// OUTBOX_RELAY_TEST_SERVER=HOST:PORT:USER:PASSWORD. Nothing if it is not set: skip the test. Dies if it is malformed.
std::optional<GivenServer> ServerFromEnvironment();

}  // namespace testing_servers

#endif  // TESTING_GIVEN_SERVER_H_
