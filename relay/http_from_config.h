// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_HTTP_FROM_CONFIG_H_
#define RELAY_HTTP_FROM_CONFIG_H_

#include <memory>

#include "absl/status/statusor.h"
#include "relay/config.h"
#include "relay/http_server.h"
#include "relay/metrics.h"
#include "relay/relay_status.h"

namespace relay {

// Serves relay/endpoints.h at --http-address and --http-port; null with
// --http-port=off. Board and metrics outlive the server. Errors as
// HttpServer::Start: waiting does not help.
absl::StatusOr<std::unique_ptr<HttpServer>> StartHttp(const Config& config, const StatusBoard* board, Metrics* metrics);

}  // namespace relay

#endif  // RELAY_HTTP_FROM_CONFIG_H_
