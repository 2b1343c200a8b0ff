// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CONFIG_SETTING_H_
#define RELAY_CONFIG_SETTING_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "relay/config/config.h"

namespace relay {

enum class SettingGroup {
  kMysql,
  kOutbox,
  kKafka,
  kRecords,
  kPoison,
  kCleanup,
  kHttp,
  kLogs,
  kProcess,
  kCommands,
  kIgnored,
};

enum class SettingKind {
  kValue,
  kBoolean,     // `--flag` alone means true
  kList,        // comma separated; as a flag also `--flag a b c`
  kRepeatable,  // each `--flag k=v` adds one
};

// One thing a user can set. The table of them is the only place that knows
// their names, variables, defaults and words: flags, environment, --help,
// docs/configuration.md and validation are all made from it.
struct Setting {
  SettingGroup group;
  absl::string_view flag;      // "db-host", without dashes
  absl::string_view alias;     // a second flag name, or empty
  absl::string_view variable;  // "DB_HOST"
  SettingKind kind;
  absl::string_view placeholder;    // what --help prints for the value
  absl::string_view default_value;  // as a user would write it; "" = none
  absl::string_view default_note;   // where the default is computed
  absl::string_view help;           // one or two sentences
  bool secret;                      // never printed; blanked in argv
  // Puts the value into `config`; InvalidArgument says what would be right.
  absl::Status (*apply)(absl::string_view value, Config& config);
};

}  // namespace relay

#endif  // RELAY_CONFIG_SETTING_H_
