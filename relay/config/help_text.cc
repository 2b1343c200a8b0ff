// SPDX-License-Identifier: Apache-2.0
#include "relay/config/help_text.h"

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "relay/config/settings.h"
#include "relay/config/version.h"

namespace relay {
namespace {

constexpr size_t kColumns = 80;
constexpr size_t kIndent = 6;

constexpr absl::string_view kIntroduction =
    R"(Follows the binlog of MySQL or MariaDB and publishes every row that is
committed into an outbox table to Kafka, in commit order.

Usage: outbox-relay [COMMAND] [FLAGS]

Commands
  run           follow the binlog and publish (the default)
  check         try every precondition and name the cure of each that fails
  migrate       create or adapt the outbox table and the relay's own tables
  status [URL]  print the state of a running relay (http://127.0.0.1:HTTP_PORT)
  decode FILE.. print the rows of binlog files as JSON lines, offline
  --cleanup     one pass of the cleanup, then exit (--dry-run: only say)
  --optimize    OPTIMIZE TABLE in every schema, then exit
  --version     print the version
  --help        print this

Every setting is a flag and an environment variable; the flag wins. Durations
are written 500ms, 30s, 1h, sizes 64KiB, 32MiB. A boolean flag alone means true.

Example
  DB_PASS=secret outbox-relay --db-host=mysql --db-user=relay --db-name=shop \
      --kafka-host=kafka:9092
)";

// Words of `text` on lines of at most kColumns, each behind kIndent spaces.
void AppendWrapped(std::string* out, absl::string_view text) {
  std::string line(kIndent, ' ');
  for (absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (line.size() > kIndent && line.size() + 1 + word.size() > kColumns) {
      absl::StrAppend(out, line, "\n");
      line.assign(kIndent, ' ');
    }
    absl::StrAppend(&line, line.size() > kIndent ? " " : "", word);
  }
  absl::StrAppend(out, line, "\n");
}

std::string FlagWords(const Setting& setting) {
  std::string words = absl::StrCat("--", setting.flag);
  if (setting.kind != SettingKind::kBoolean) {
    absl::StrAppend(&words, " ", setting.placeholder);
  }
  if (!setting.alias.empty()) absl::StrAppend(&words, ", --", setting.alias);
  return words;
}

// "default 3306", "required", "default the first of --db-name", or nothing.
std::string DefaultWords(const Setting& setting) {
  if (!setting.default_note.empty()) {
    const std::string note = absl::StrReplaceAll(setting.default_note, {{"`", ""}});
    if (absl::string_view(note).substr(0, 8) == "required") return note;
    // A note that begins with the value explains it.
    return setting.default_value.empty() || absl::StartsWith(note, setting.default_value)
               ? absl::StrCat("default: ", note)
               : absl::StrCat("default: ", setting.default_value, "; ", note);
  }
  if (setting.default_value.empty()) return "";
  return absl::StrCat("default: ", setting.default_value);
}

}  // namespace

std::string HelpText() {
  std::string out = absl::StrCat("outbox-relay ", kVersion, "\n\n", kIntroduction);
  std::optional<SettingGroup> group;
  for (const Setting& setting : AllSettings()) {
    if (group != setting.group) {
      group = setting.group;
      absl::StrAppend(&out, "\n", SettingGroupTitle(*group), "\n");
    }
    const std::string flag = FlagWords(setting);
    const std::string variable = absl::StrCat("[", setting.variable, "]");
    const size_t used = 2 + flag.size() + variable.size();
    absl::StrAppend(&out, "  ", flag, std::string(used + 1 < kColumns ? kColumns - used : 1, ' '), variable, "\n");
    std::string words(setting.help);
    if (const std::string fallback = DefaultWords(setting); !fallback.empty()) {
      absl::StrAppend(&words, " (", fallback, ")");
    }
    AppendWrapped(&out, words);
  }
  return out;
}

}  // namespace relay
