// SPDX-License-Identifier: Apache-2.0
#include "relay/polling_disabled.h"

#include <memory>
#include <string>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "relay/base/backoff.h"
#include "relay/database_ping.h"
#include "relay/endpoint_from_config.h"
#include "relay/http_from_config.h"
#include "relay/logging.h"
#include "relay/metrics.h"
#include "relay/migrate_command.h"
#include "relay/migrations.h"
#include "relay/relay_status.h"
#include "relay/sql_session.h"
#include "relay/version.h"

namespace relay {
namespace {

constexpr absl::Duration kLookEvery = absl::Seconds(5);
// An ALTER of a large table takes its time.
constexpr absl::Duration kMigrationPatience = absl::Hours(24);

absl::Status MakeTables(const Config& config) {
  SqlEndpoint endpoint = EndpointFromConfig(config.database);
  endpoint.read_timeout = kMigrationPatience;
  const absl::StatusOr<std::unique_ptr<SqlSession>> session = SqlConnector(endpoint).Connect();
  if (!session.ok()) return session.status();
  return MigrateAndLog(session->get(), MigrationOptionsFromConfig(config)).status();
}

void SetReachable(StatusBoard& board, const absl::Status& status) {
  board.Update([&](RelayStatus& s) {
    s.source.sql_reachable = status.ok();
    if (status.ok()) {
      s.source.reached_once = true;
      s.source.problem.reset();
    } else {
      s.source.problem = {absl::Now(), std::string(status.message())};
    }
  });
}

int Fail(const absl::Status& status) {
  LogEvent(LogLevel::kFatal, LogCode::kProcessFailed, status.message());
  return 1;
}

}  // namespace

int RunPollingDisabled(const Config& config, absl::Notification* stop) {
  StatusBoard board;
  Metrics metrics{std::string(kVersion)};
  board.Update([&](RelayStatus& s) {
    s.state = RelayState::kPollingDisabled;
    s.state_detail = "POLLING_DISABLED: the table is there, nothing is published.";
    s.started = absl::Now();
    s.version = std::string(kVersion);
    s.schemas = config.database.schemas;
    s.outbox_table = config.database.outbox_table;
    s.cleanup.enabled = false;
  });
  const absl::StatusOr<std::unique_ptr<HttpServer>> http = StartHttp(config, &board, &metrics);
  if (!http.ok()) return Fail(http.status());
  LogEvent(LogLevel::kInfo, LogCode::kProcessStarted,
           absl::StrCat("outbox-relay ", kVersion, " with POLLING_DISABLED: nothing will be published"),
           {{"schemas", absl::StrJoin(config.database.schemas, ",")}});

  absl::BitGen random;
  relay::base::Backoff backoff(random);
  while (!stop->HasBeenNotified()) {
    const absl::Status made = MakeTables(config);
    SetReachable(board, made);
    if (made.ok()) break;
    if (!absl::IsUnavailable(made)) return Fail(made);
    LogEvent(LogLevel::kWarning, LogCode::kSqlFailed, made.message());
    stop->WaitForNotificationWithTimeout(backoff.Next());
  }

  DatabasePing ping(EndpointFromConfig(config.database));
  while (!stop->WaitForNotificationWithTimeout(kLookEvery)) SetReachable(board, ping.Ask());
  LogEvent(LogLevel::kInfo, LogCode::kProcessStopped, "stopped");
  return 0;
}

}  // namespace relay
