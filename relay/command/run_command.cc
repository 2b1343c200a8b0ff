// SPDX-License-Identifier: Apache-2.0
#include "relay/command/run_command.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "relay/command/commands.h"
#include "relay/command/end_deadline.h"
#include "relay/command/polling_disabled.h"
#include "relay/config/version.h"
#include "relay/relay.h"
#include "relay/startup/http_from_config.h"
#include "relay/status/logging.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {
namespace {

// For what comes after the flush: the last save, and the last rows to be marked.
constexpr absl::Duration kPatienceForMysql = absl::Seconds(5);

}  // namespace

int Run(const Config& config, absl::Notification* stop) {
  if (config.polling_disabled) return RunPollingDisabled(config, stop);
  StatusBoard board;
  Metrics metrics{std::string(kVersion)};
  board.Update([](RelayStatus& status) {
    status.started = absl::Now();
    status.version = std::string(kVersion);
  });
  LogEvent(LogLevel::kInfo, LogCode::kProcessStarted, "outbox-relay", {{"version", kVersion}});
  const EndDeadline deadline(stop, config.shutdown_timeout + kPatienceForMysql);
  const absl::StatusOr<std::unique_ptr<HttpServer>> http = StartHttp(config, &board, &metrics);
  absl::Status status = http.status();
  if (status.ok()) status = RunRelay(config, &metrics, &board, stop);
  if (!status.ok()) {
    LogEvent(LogLevel::kFatal, LogCode::kProcessFailed, status.message());
    return kExitFailed;
  }
  LogEvent(LogLevel::kInfo, LogCode::kProcessStopped, "stopped; what was acknowledged is in the checkpoint");
  return 0;
}

}  // namespace relay
