// SPDX-License-Identifier: Apache-2.0
#include "relay/config/settings.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "relay/config/database_settings.h"
#include "relay/config/kafka_settings.h"
#include "relay/config/process_settings.h"

namespace relay {
namespace {

const std::vector<Setting>& Table() {
  static const auto* table = [] {
    auto* all = new std::vector<Setting>;
    for (const std::vector<Setting>& part : {DatabaseSettings(), KafkaSettings(), ProcessSettings()}) {
      all->insert(all->end(), part.begin(), part.end());
    }
    return all;
  }();
  return *table;
}

}  // namespace

absl::string_view SettingGroupTitle(SettingGroup group) {
  switch (group) {
    case SettingGroup::kMysql:
      return "MySQL";
    case SettingGroup::kOutbox:
      return "Outbox table and state";
    case SettingGroup::kKafka:
      return "Kafka";
    case SettingGroup::kRecords:
      return "Records";
    case SettingGroup::kPoison:
      return "Rows that Kafka will not take";
    case SettingGroup::kCleanup:
      return "Cleanup";
    case SettingGroup::kHttp:
      return "HTTP";
    case SettingGroup::kLogs:
      return "Logs";
    case SettingGroup::kProcess:
      return "Process";
    case SettingGroup::kCommands:
      return "Jobs and flags of single commands";
    case SettingGroup::kIgnored:
      return "Accepted, without meaning";
  }
  return "";
}

absl::Span<const Setting> AllSettings() { return Table(); }

const Setting* FindSetting(absl::string_view flag) {
  const std::string name = absl::StrReplaceAll(flag, {{"_", "-"}});
  for (const Setting& setting : Table()) {
    if (setting.flag == name || (!setting.alias.empty() && setting.alias == name)) return &setting;
  }
  return nullptr;
}

}  // namespace relay
