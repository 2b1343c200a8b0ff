// SPDX-License-Identifier: Apache-2.0
#include "relay/command/polling_disabled.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "relay/base/backoff.h"
#include "relay/base/clock.h"
#include "relay/base/status_macros.h"
#include "relay/config/version.h"
#include "relay/outbox/migrations.h"
#include "relay/outbox/outbox_schema.h"
#include "relay/outbox/row_counter.h"
#include "relay/sql/database_ping.h"
#include "relay/sql/sql_session.h"
#include "relay/startup/endpoint_from_config.h"
#include "relay/startup/http_from_config.h"
#include "relay/startup/migrations_from_config.h"
#include "relay/status/logging.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {
namespace {

constexpr absl::Duration kLookEvery = absl::Seconds(5);
// Counting the tables takes at most a twentieth of the time.
constexpr absl::Duration kCountEvery = absl::Seconds(10);
constexpr int kCountPauses = 20;
// An ALTER of a large table takes its time.
constexpr absl::Duration kMigrationPatience = absl::Hours(24);

absl::StatusOr<std::vector<OutboxSchema>> MakeTables(const Config& config) {
  SqlEndpoint endpoint = EndpointFromConfig(config.database);
  endpoint.read_timeout = kMigrationPatience;
  const absl::StatusOr<std::unique_ptr<SqlSession>> session = SqlConnector(endpoint).Connect();
  if (!session.ok()) return session.status();
  return MigrateAndLog(session->get(), MigrationOptionsFromConfig(config));
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

// Of the tables, as nothing is known of them without reading the log. Cancelled when `stop` comes.
absl::Status CountRows(const SqlConnector& connector, absl::Span<const OutboxSchema> tables,
                       const absl::Notification& stop, Metrics* metrics) {
  ASSIGN_OR_RETURN(const std::unique_ptr<SqlSession> session, connector.ConnectToAny());
  RowCounter counter;
  std::optional<RowCounts> counts;
  while (!counts.has_value()) {
    if (stop.HasBeenNotified()) return absl::CancelledError("stopping");
    ASSIGN_OR_RETURN(counts, counter.Step(session.get(), tables));
  }
  metrics->unacknowledged.Set(static_cast<double>(counts->pending()));
  metrics->ledger_rows.Set(static_cast<double>(counts->completed));
  metrics->poison_rows.Set(static_cast<double>(counts->errored));
  return absl::OkStatus();
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
  std::vector<OutboxSchema> tables;
  while (!stop->HasBeenNotified()) {
    absl::StatusOr<std::vector<OutboxSchema>> made = MakeTables(config);
    SetReachable(board, made.status());
    if (made.ok()) {
      tables = *std::move(made);
      break;
    }
    if (!absl::IsUnavailable(made.status())) return Fail(made.status());
    LogEvent(LogLevel::kWarning, LogCode::kSqlFailed, made.status().message());
    stop->WaitForNotificationWithTimeout(backoff.Next());
  }

  const SqlConnector connector(EndpointFromConfig(config.database));
  const relay::base::Clock* const clock = relay::base::RealClock();
  DatabasePing ping(connector.endpoint());
  absl::Duration next_count = clock->Monotonic();
  while (!stop->HasBeenNotified()) {
    const absl::Status answers = ping.Ask();
    SetReachable(board, answers);
    const absl::Duration began = clock->Monotonic();
    if (answers.ok() && began >= next_count) {
      const absl::Status counted = CountRows(connector, tables, *stop, &metrics);
      if (!counted.ok() && !absl::IsCancelled(counted)) {
        LogEvent(LogLevel::kWarning, LogCode::kSqlFailed, counted.message());
      }
      const absl::Duration now = clock->Monotonic();
      next_count = now + std::max(kCountEvery, kCountPauses * (now - began));
    }
    stop->WaitForNotificationWithTimeout(kLookEvery);
  }
  LogEvent(LogLevel::kInfo, LogCode::kProcessStopped, "stopped");
  return 0;
}

}  // namespace relay
