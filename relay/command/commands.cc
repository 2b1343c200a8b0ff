// SPDX-License-Identifier: Apache-2.0
#include "relay/command/commands.h"

#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "relay/command/signals.h"
#include "relay/command/status_command.h"
#include "relay/config/help_text.h"
#include "relay/config/version.h"
#include "relay/http/sidecar.h"
#include "relay/startup/config_loader.h"
#include "relay/status/log_events.h"
#include "relay/status/logging.h"

namespace relay {
namespace {

void PrintTo(std::FILE* file, absl::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
}

// Before there is a log: what reads JSON lines gets nothing else.
void PrintFault(LogFormat format, LogCode code, absl::string_view fault) {
  PrintTo(stderr, format == LogFormat::kJson
                      ? FormatLogLine(format, absl::Now(), LogLevel::kError, LogCodeText(code), fault, nullptr, 0)
                      : absl::StrCat("outbox-relay: ", fault, "\n"));
}

int Unavailable(Command command) {
  PrintTo(stderr, absl::StrCat("outbox-relay: ", CommandName(command), " is not available yet\n"));
  return kExitFailed;
}

const CommandBody* FindBody(Command command, const Commands& commands) {
  switch (command) {
    case Command::kRun:
      return &commands.run;
    case Command::kCheck:
      return &commands.check;
    case Command::kMigrate:
      return &commands.migrate;
    case Command::kCleanup:
      return &commands.cleanup;
    case Command::kOptimize:
      return &commands.optimize;
    case Command::kDecode:
      return &commands.decode;
    case Command::kStatus:
    case Command::kVersion:
    case Command::kHelp:
      return nullptr;
  }
  return nullptr;
}

// decode and status may be cut off anywhere: they change nothing, so signals keep
// their ordinary meaning.
bool StopsGracefully(Command command) { return command != Command::kDecode && command != Command::kStatus; }

int RunBody(const Config& config, const CommandBody& body, const Commands& commands) {
  InitLogging(config.log, config.secrets);
  for (const std::string& notice : config.notices) {
    LogEvent(LogLevel::kWarning, LogCode::kConfigIgnored, notice);
  }
  for (const std::string& caution : config.cautions) {
    LogEvent(LogLevel::kWarning, LogCode::kConfigInsecure, caution);
  }
  absl::Notification stop;
  if (!StopsGracefully(config.command)) return body(config, &stop);
  SignalWatcher watcher(&stop);
  int exit_code = body(config, &stop);
  if (config.command == Command::kCleanup && config.cleanup.then_optimize && !stop.HasBeenNotified()) {
    const int optimized = commands.optimize(config, &stop);
    if (exit_code == 0) exit_code = optimized;
  }
  if (config.command != Command::kCleanup && config.command != Command::kOptimize) {
    return exit_code;
  }
  const absl::Status quit = QuitSidecar(config.cleanup.sidecar_proxy_url);
  if (quit.ok()) return exit_code;
  LogEvent(LogLevel::kError, LogCode::kSidecarFailed, quit.message());
  return kExitFailed;
}

}  // namespace

int RunProgram(int argc, char** argv, const char* const* environment, const Commands& commands) {
  std::optional<StopSignalsHeld> signals_held(std::in_place);
  KnownSettings known;
  const absl::StatusOr<Config> config = LoadConfig(argc, argv, environment, &known);
  if (!config.ok()) {
    for (absl::string_view fault : absl::StrSplit(config.status().message(), '\n')) {
      PrintFault(known.log_format, LogCode::kConfigInvalid, fault);
    }
    // The pod would stay for the sake of its sidecar, and the mistake unseen.
    const absl::Status quit = QuitSidecar(known.job_sidecar);
    if (!quit.ok()) PrintFault(known.log_format, LogCode::kSidecarFailed, quit.message());
    return kExitUsage;
  }
  if (config->command == Command::kHelp) {
    PrintTo(stdout, HelpText());
    return 0;
  }
  if (config->command == Command::kVersion) {
    PrintTo(stdout, absl::StrCat("outbox-relay ", kVersion, "\n"));
    return 0;
  }
  if (!StopsGracefully(config->command)) signals_held.reset();
  if (config->command == Command::kStatus) return PrintStatus(*config);
  const CommandBody* body = FindBody(config->command, commands);
  if (body == nullptr || !*body) return Unavailable(config->command);
  return RunBody(*config, *body, commands);
}

}  // namespace relay
