// SPDX-License-Identifier: Apache-2.0
#include "relay/config/config.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace relay {

absl::string_view CommandName(Command command) {
  switch (command) {
    case Command::kRun:
      return "run";
    case Command::kCheck:
      return "check";
    case Command::kMigrate:
      return "migrate";
    case Command::kStatus:
      return "status";
    case Command::kDecode:
      return "decode";
    case Command::kCleanup:
      return "--cleanup";
    case Command::kOptimize:
      return "--optimize";
    case Command::kVersion:
      return "--version";
    case Command::kHelp:
      return "--help";
  }
  return "";
}

std::string HostPort::ToString() const {
  return absl::StrContains(host, ':') ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

}  // namespace relay
