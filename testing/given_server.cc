// SPDX-License-Identifier: Apache-2.0
#include "testing/given_server.h"

#include <cstdlib>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "glog/logging.h"

namespace testing_servers {

std::optional<GivenServer> ServerFromEnvironment() {
  const char* const given = std::getenv("OUTBOX_RELAY_TEST_SERVER");
  if (given == nullptr) return std::nullopt;
  const std::vector<std::string> parts = absl::StrSplit(given, ':');
  uint32_t port = 0;
  CHECK(parts.size() == 4 && absl::SimpleAtoi(parts[1], &port)) << "OUTBOX_RELAY_TEST_SERVER=" << given;
  return GivenServer{parts[0], static_cast<uint16_t>(port), parts[2], parts[3]};
}

}  // namespace testing_servers
