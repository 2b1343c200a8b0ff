// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_COMMAND_COMMANDS_H_
#define RELAY_COMMAND_COMMANDS_H_

#include <functional>

#include "absl/synchronization/notification.h"
#include "relay/config/config.h"

namespace relay {

// A command's body, called in the main thread with logging set up. Returns the
// exit code: 0, or 1 when it failed. `stop` is notified once, at SIGTERM or
// SIGINT; a second signal ends the process at once.
using CommandBody = std::function<int(const Config&, absl::Notification* stop)>;

// The commands that need the relay's parts. main.cc fills it in; one that is
// left empty says that it is not available yet. --help, --version and status
// need no body.
struct Commands {
  CommandBody run;
  CommandBody check;
  CommandBody migrate;
  CommandBody cleanup;
  CommandBody optimize;
  CommandBody decode;
};

inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;  // flags or environment are wrong

// The whole program: reads flags and environment, sets up logging and signals,
// runs the command. Returns the exit code. Call from main() before any thread.
int RunProgram(int argc, char** argv, const char* const* environment, const Commands& commands);

}  // namespace relay

#endif  // RELAY_COMMAND_COMMANDS_H_
