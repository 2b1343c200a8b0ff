// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_COMMAND_REFERENCE_H_
#define RELAY_COMMAND_REFERENCE_H_

#include <string>

namespace relay {

// The tables in docs/ that repeat what the code says. A test compares them;
// `bazel run //relay:print_reference -- NAME` prints one to paste: "settings",
// "metrics" or "log-events".
std::string SettingsMarkdown();   // docs/configuration.md
std::string MetricsMarkdown();    // docs/operations.md
std::string LogEventsMarkdown();  // docs/operations.md

}  // namespace relay

#endif  // RELAY_COMMAND_REFERENCE_H_
