// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_HTTP_ENDPOINTS_H_
#define RELAY_HTTP_ENDPOINTS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "relay/http/http_server.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {

struct EndpointsOptions {
  const StatusBoard* board = nullptr;  // outlives the server
  Metrics* metrics = nullptr;          // outlives the server
  // "host:port" of each broker; empty with POLLING_DISABLED.
  std::vector<std::string> brokers;
  // Asks the database, for /healthz. Called in one of the server's threads at a
  // time; the answer is kept for a second. Empty: the board's sql_reachable.
  std::function<absl::Status()> ping_database;
  // A thread whose last step is older is stuck.
  absl::Duration stuck_after = absl::Minutes(5);
};

// For stuck_after: longer than a statement may take that ours wait for.
absl::Duration StuckAfter(absl::Duration query_timeout);

// What is served, and what each means (200, or 503 with the reason as text):
//   /healthz              the database answers (the polling relay's meaning)
//   /healthz?readiness=1  and each Kafka address accepts TCP (likewise)
//   /livez    no thread of ours is stuck. An outage of MySQL or Kafka is no
//             reason: a restart would not help.
//   /readyz   both sides were reached once, or this is a healthy standby, or it
//             waits for a primary or for the polling relay to stop. Never
//             lag nor an outage: a rollout must be possible during either.
//   /metrics  for Prometheus
//   /status   JSON
//   /         a page for people
std::vector<HttpRoute> MakeEndpoints(EndpointsOptions options);

}  // namespace relay

#endif  // RELAY_HTTP_ENDPOINTS_H_
