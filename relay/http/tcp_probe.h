// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_HTTP_TCP_PROBE_H_
#define RELAY_HTTP_TCP_PROBE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace relay {

// Whether "host:port" accepts a TCP connection within `patience` (for each of
// the host's addresses; the look-up of its name comes on top). The connection
// is closed at once. Any thread. Unavailable names the address and the reason.
absl::Status ProbeTcp(const std::string& address, absl::Duration patience);

}  // namespace relay

#endif  // RELAY_HTTP_TCP_PROBE_H_
