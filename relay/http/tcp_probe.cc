// SPDX-License-Identifier: Apache-2.0
#include "relay/http/tcp_probe.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "relay/config/setting_values.h"

namespace relay {
namespace {

// 0, or the errno of the attempt.
int Connect(const addrinfo& address, absl::Duration patience) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const absl::Cleanup close_fd = [fd] { close(fd); };
  if (connect(fd, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  const absl::Time deadline = absl::Now() + patience;
  pollfd waited = {fd, POLLOUT, 0};
  int ready;
  do {
    ready = poll(&waited, 1,
                 static_cast<int>(absl::ToInt64Milliseconds(std::max(deadline - absl::Now(), absl::ZeroDuration()))));
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return ready == 0 ? ETIMEDOUT : errno;
  int error = 0;
  socklen_t length = sizeof(error);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

}  // namespace

absl::Status ProbeTcp(const std::string& address, absl::Duration patience) {
  const absl::StatusOr<HostPort> host = ParseHostPortValue(address);
  if (!host.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(address, " ", host.status().message()));
  }
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int unknown = getaddrinfo(host->host.c_str(), absl::StrCat(host->port).c_str(), &hints, &found);
  if (unknown != 0) {
    return absl::UnavailableError(absl::StrCat(address, ": ", gai_strerror(unknown)));
  }
  const absl::Cleanup free_found = [found] { freeaddrinfo(found); };
  int error = 0;
  for (const addrinfo* next = found; next != nullptr; next = next->ai_next) {
    error = Connect(*next, patience);
    if (error == 0) return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat(address, ": ", std::strerror(error)));
}

}  // namespace relay
