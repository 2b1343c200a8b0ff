// SPDX-License-Identifier: Apache-2.0
#include "relay/startup/http_from_config.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "relay/http/endpoints.h"
#include "relay/sql/database_ping.h"
#include "relay/startup/endpoint_from_config.h"
#include "relay/status/logging.h"

namespace relay {

absl::StatusOr<std::unique_ptr<HttpServer>> StartHttp(const Config& config, const StatusBoard* board,
                                                      Metrics* metrics) {
  if (!config.http.enabled) return nullptr;
  auto ping = std::make_shared<DatabasePing>(EndpointFromConfig(config.database));
  EndpointsOptions options;
  options.board = board;
  options.metrics = metrics;
  if (!config.polling_disabled) options.brokers = config.kafka.addresses;
  options.stuck_after = StuckAfter(config.database.query_timeout);
  options.ping_database = [ping] { return ping->Ask(); };
  absl::StatusOr<std::unique_ptr<HttpServer>> server =
      HttpServer::Start(config.http.address, config.http.port, MakeEndpoints(std::move(options)));
  if (server.ok()) {
    LogEvent(LogLevel::kInfo, LogCode::kHttpListening, absl::StrCat("serving HTTP on port ", (*server)->port()),
             {{"address", config.http.address.empty() ? "every" : config.http.address}, {"port", (*server)->port()}});
  }
  return server;
}

}  // namespace relay
