// SPDX-License-Identifier: Apache-2.0

// Prints a table of docs/: see relay/command/reference.h.

#include <cstdio>
#include <string>

#include "absl/strings/string_view.h"
#include "relay/command/reference.h"

int main(int argc, char** argv) {
  const absl::string_view name = argc == 2 ? argv[1] : "";
  std::string table;
  if (name == "settings") {
    table = relay::SettingsMarkdown();
  } else if (name == "metrics") {
    table = relay::MetricsMarkdown();
  } else if (name == "log-events") {
    table = relay::LogEventsMarkdown();
  } else {
    std::fputs("usage: print_reference settings|metrics|log-events\n", stderr);
    return 2;
  }
  std::fwrite(table.data(), 1, table.size(), stdout);
  return 0;
}
