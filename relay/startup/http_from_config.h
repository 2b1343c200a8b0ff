// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STARTUP_HTTP_FROM_CONFIG_H_
#define RELAY_STARTUP_HTTP_FROM_CONFIG_H_

#include <memory>

#include "absl/status/statusor.h"
#include "relay/config/config.h"
#include "relay/http/http_server.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {

// Serves relay/http/endpoints.h at --http-address and --http-port; null with
// --http-port=off. Board and metrics outlive the server. Errors as
// HttpServer::Start: waiting does not help.
absl::StatusOr<std::unique_ptr<HttpServer>> StartHttp(const Config& config, const StatusBoard* board, Metrics* metrics);

}  // namespace relay

#endif  // RELAY_STARTUP_HTTP_FROM_CONFIG_H_
