// SPDX-License-Identifier: Apache-2.0
#include "relay/command/reference.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "relay/config/settings.h"
#include "relay/status/log_events.h"
#include "relay/status/metrics.h"

namespace relay {
namespace {

std::string EscapeCell(absl::string_view text) { return absl::StrReplaceAll(text, {{"|", "\\|"}}); }

std::string Code(absl::string_view text) { return text.empty() ? "" : absl::StrCat("`", EscapeCell(text), "`"); }

}  // namespace

std::string SettingsMarkdown() {
  std::string out;
  std::optional<SettingGroup> group;
  for (const Setting& setting : AllSettings()) {
    if (group != setting.group) {
      if (group.has_value()) out.push_back('\n');
      group = setting.group;
      absl::StrAppend(&out, "### ", SettingGroupTitle(*group), "\n\n", "| Flag | Variable | Default | Meaning |\n",
                      "|---|---|---|---|\n");
    }
    std::string fallback = setting.default_value.empty() ? "" : absl::StrCat("`", setting.default_value, "`");
    if (!setting.default_note.empty()) {
      // A note that begins with the value itself says it better.
      if (absl::string_view(setting.default_note).substr(0, fallback.size()) == fallback) {
        fallback.clear();
      }
      absl::StrAppend(&fallback, fallback.empty() ? "" : "; ", setting.default_note);
    }
    absl::StrAppend(&out, "| `--", setting.flag, "`",
                    setting.alias.empty() ? "" : absl::StrCat(", `--", setting.alias, "`"), " | `", setting.variable,
                    "` | ", EscapeCell(fallback), " | ", EscapeCell(setting.help), " |\n");
  }
  return out;
}

std::string MetricsMarkdown() {
  std::string out = "| Metric | Type | Labels | Meaning | What to do |\n|---|---|---|---|---|\n";
  for (const MetricInfo& metric : AllMetrics()) {
    absl::StrAppend(&out, "| ", Code(metric.name), " | ", metric.type, " | ", Code(metric.labels), " | ",
                    EscapeCell(metric.help), " | ", EscapeCell(metric.action), " |\n");
  }
  return out;
}

std::string LogEventsMarkdown() {
  std::string out = "| Event | Meaning | What to do |\n|---|---|---|\n";
  for (const LogEventInfo& event : AllLogEvents()) {
    absl::StrAppend(&out, "| ", Code(event.text), " | ", EscapeCell(event.meaning), " | ", EscapeCell(event.action),
                    " |\n");
  }
  return out;
}

}  // namespace relay
