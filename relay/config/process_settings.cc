// SPDX-License-Identifier: Apache-2.0
#include "relay/config/process_settings.h"

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "relay/config/config.h"
#include "relay/config/setting_store.h"

namespace relay {
namespace {

using Value = absl::string_view;
using Group = SettingGroup;
using Kind = SettingKind;

absl::Status StoreRetention(Value value, CleanupConfig& cleanup) {
  cleanup.enabled = value != "off";
  if (!cleanup.enabled) return absl::OkStatus();
  return StoreDuration(value, absl::ZeroDuration(), absl::Hours(24 * 365), cleanup.retention);
}

absl::Status StoreHttpPort(Value value, HttpConfig& http) {
  http.enabled = value != "off";
  if (!http.enabled) return absl::OkStatus();
  return StoreInteger(value, 0, 65535, http.port);
}

absl::Status StoreLogLevel(Value value, LogLevel& level) {
  return StoreWord<LogLevel>(value,
                             {{"trace", LogLevel::kTrace},
                              {"debug", LogLevel::kDebug},
                              {"info", LogLevel::kInfo},
                              {"warning", LogLevel::kWarning},
                              {"warn", LogLevel::kWarning},
                              {"error", LogLevel::kError},
                              {"fatal", LogLevel::kFatal},
                              {"panic", LogLevel::kFatal}},
                             level);
}

absl::Status StoreCommand(Value value, Command command, Config& config) {
  bool asked = false;
  absl::Status status = StoreBoolean(value, asked);
  if (status.ok() && asked) config.command = command;
  return status;
}

// Beside --cleanup it comes after it.
absl::Status StoreOptimize(Value value, Config& config) {
  const bool cleans = config.command == Command::kCleanup;
  absl::Status status = StoreCommand(value, Command::kOptimize, config);
  if (!cleans || config.command == Command::kCleanup) return status;
  config.command = Command::kCleanup;
  config.cleanup.then_optimize = true;
  return status;
}

absl::Status Ignore(Value, Config&) { return absl::OkStatus(); }

}  // namespace

std::vector<Setting> ProcessSettings() {
  return {
      {Group::kCleanup, "retention", "", "RELAY_RETENTION", Kind::kValue, "DURATION|off", "1h", "",
       "Published rows are deleted so long after publication; off keeps them "
       "and implies --mark-completed=on.",
       false, [](Value v, Config& c) { return StoreRetention(v, c.cleanup); }},
      {Group::kCleanup, "cleanup-chunk-rows", "", "RELAY_CLEANUP_CHUNK_ROWS", Kind::kValue, "NUMBER", "1000", "",
       "Rows of one DELETE.", false,
       [](Value v, Config& c) { return StoreInteger(v, 1, 1000000, c.cleanup.chunk_rows); }},
      {Group::kCleanup, "cleanup-pause", "", "RELAY_CLEANUP_PAUSE", Kind::kValue, "DURATION", "50ms", "",
       "Pause between two of them; a tenth of it while deleting falls behind.", false,
       [](Value v, Config& c) { return StoreDuration(v, absl::ZeroDuration(), absl::Minutes(1), c.cleanup.pause); }},
      {Group::kCleanup, "mark-completed", "", "RELAY_MARK_COMPLETED", Kind::kValue, "auto|on|off", "auto", "",
       "Set push_completed_at on published rows, so that the polling relay can "
       "be put back. auto: on a table that it has used.",
       false,
       [](Value v, Config& c) {
         return StoreWord<MarkCompleted>(
             v, {{"auto", MarkCompleted::kAuto}, {"on", MarkCompleted::kOn}, {"off", MarkCompleted::kOff}},
             c.cleanup.mark_completed);
       }},
      {Group::kCleanup, "sidecar-proxy-url", "", "SIDECAR_PROXY_URL", Kind::kValue, "URL", "", "",
       "After --cleanup or --optimize, POST URL/quitquitquit so that a service "
       "mesh's sidecar ends.",
       false, [](Value v, Config& c) { return StoreText(v, c.cleanup.sidecar_proxy_url); }},

      {Group::kHttp, "http-port", "", "HTTP_PORT", Kind::kValue, "PORT|off", "80", "",
       "Port of /healthz, /readyz, /livez, /metrics, /status and the page; 0 "
       "takes any free one.",
       false, [](Value v, Config& c) { return StoreHttpPort(v, c.http); }},
      {Group::kHttp, "http-address", "", "HTTP_ADDRESS", Kind::kValue, "ADDRESS", "", "every address",
       "Address to listen on, as 127.0.0.1; with Debian's civetweb IPv4 only.", false,
       [](Value v, Config& c) { return StoreText(v, c.http.address); }},

      {Group::kLogs, "log-level", "", "LOG_LEVEL", Kind::kValue, "LEVEL", "info", "",
       "trace, debug, info, warning, error, fatal or panic: lines below it are "
       "not written.",
       false, [](Value v, Config& c) { return StoreLogLevel(v, c.log.level); }},
      {Group::kLogs, "log-format", "", "LOG_FORMAT", Kind::kValue, "text|json", "text", "",
       "A line of text, or one JSON object a line, on stderr.", false,
       [](Value v, Config& c) {
         return StoreWord<LogFormat>(v, {{"text", LogFormat::kText}, {"json", LogFormat::kJson}}, c.log.format);
       }},

      {Group::kProcess, "polling-disabled", "", "POLLING_DISABLED", Kind::kBoolean, "BOOL", "false", "",
       "Create the table and serve HTTP, touch neither Kafka nor the binlog: for "
       "development.",
       false, [](Value v, Config& c) { return StoreBoolean(v, c.polling_disabled); }},
      {Group::kProcess, "shutdown-timeout", "", "RELAY_SHUTDOWN_TIMEOUT", Kind::kValue, "DURATION", "20s", "",
       "How long SIGTERM waits for acknowledgements before it gives up (what "
       "was not acknowledged is sent again by the next start).",
       false,
       [](Value v, Config& c) { return StoreDuration(v, absl::ZeroDuration(), absl::Hours(1), c.shutdown_timeout); }},

      {Group::kCommands, "cleanup", "", "RUN_CLEANUP", Kind::kBoolean, "BOOL", "false", "",
       "One pass of the cleanup over every schema, then exit: 0, or 1 after an "
       "error.",
       false, [](Value v, Config& c) { return StoreCommand(v, Command::kCleanup, c); }},
      {Group::kCommands, "dry-run", "", "RELAY_DRY_RUN", Kind::kBoolean, "BOOL", "false", "",
       "With --cleanup: say what would be deleted, delete nothing.", false,
       [](Value v, Config& c) { return StoreBoolean(v, c.cleanup.dry_run); }},
      {Group::kCommands, "optimize", "", "RUN_OPTIMIZE", Kind::kBoolean, "BOOL", "false", "",
       "OPTIMIZE TABLE in every schema, then exit. With --cleanup, after it.", false, StoreOptimize},
      {Group::kCommands, "print", "", "RELAY_PRINT", Kind::kBoolean, "BOOL", "false", "",
       "With migrate: print the statements, execute none.", false,
       [](Value v, Config& c) { return StoreBoolean(v, c.migrate.print); }},
      {Group::kCommands, "print-sql", "", "RELAY_PRINT_SQL", Kind::kBoolean, "BOOL", "false", "",
       "With check: print the statements that set this server up.", false,
       [](Value v, Config& c) { return StoreBoolean(v, c.check.print_sql); }},
      {Group::kCommands, "summary", "", "RELAY_SUMMARY", Kind::kBoolean, "BOOL", "false", "",
       "With decode: counts by table and operation.", false,
       [](Value v, Config& c) { return StoreBoolean(v, c.decode.summary); }},
      {Group::kCommands, "table", "", "RELAY_TABLE", Kind::kValue, "[SCHEMA.]TABLE", "", "",
       "With decode: only this table's rows.", false, [](Value v, Config& c) { return StoreText(v, c.decode.table); }},
      {Group::kCommands, "from", "", "RELAY_FROM", Kind::kValue, "POS|TIME", "", "",
       "With decode: begin at this position or time.", false,
       [](Value v, Config& c) { return StoreText(v, c.decode.from); }},
      {Group::kCommands, "to", "", "RELAY_TO", Kind::kValue, "POS|TIME", "", "",
       "With decode: end before this position or time.", false,
       [](Value v, Config& c) { return StoreText(v, c.decode.to); }},

      {Group::kIgnored, "write-concurrency", "", "WRITE_CONCURRENCY", Kind::kValue, "NUMBER", "", "",
       "Of the polling relay; means nothing here: one stream keeps the order.", false, Ignore},
      {Group::kIgnored, "poll-frequency-ms", "", "POLL_FREQUENCY_MS", Kind::kValue, "NUMBER", "", "",
       "Of the polling relay; means nothing here: the binlog is followed, not "
       "polled.",
       false, Ignore},
      {Group::kIgnored, "batch-size", "", "BATCH_SIZE", Kind::kValue, "NUMBER", "", "",
       "Of the polling relay; means nothing here: librdkafka makes the batches "
       "(--kafka-config batch.num.messages=N).",
       false, Ignore},
  };
}

}  // namespace relay
