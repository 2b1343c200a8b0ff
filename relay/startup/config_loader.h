// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STARTUP_CONFIG_LOADER_H_
#define RELAY_STARTUP_CONFIG_LOADER_H_

#include <string>

#include "absl/status/statusor.h"
#include "relay/config/config.h"

namespace relay {

// What faults in other settings leave known.
struct KnownSettings {
  std::string job_sidecar;                  // URL of the sidecar that a one-shot job has to end; empty: there is none
  LogFormat log_format = LogFormat::kText;  // how faults are told
};

// Reads flags and environment. `argv[0]` is skipped; values of secret flags are
// overwritten in place, so that the process list does not show them.
// `environment` is an array of "NAME=value" ended by a null pointer.
// Error: InvalidArgument, its message one line per fault, each naming the
// setting and the cure. Main thread, before any other thread is started.
// `known`, when given, is set whether there are faults or not.
absl::StatusOr<Config> LoadConfig(int argc, char** argv, const char* const* environment,
                                  KnownSettings* known = nullptr);

// Config with every default and nothing required: for tests and tools.
Config DefaultConfig();

}  // namespace relay

#endif  // RELAY_STARTUP_CONFIG_LOADER_H_
