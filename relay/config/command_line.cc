// SPDX-License-Identifier: Apache-2.0
#include "relay/config/command_line.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "relay/config/suggestion.h"

namespace relay {
namespace {

constexpr Command kCommandWords[] = {Command::kRun, Command::kCheck, Command::kMigrate, Command::kStatus,
                                     Command::kDecode};

// The README's "Not yet".
constexpr absl::string_view kPlannedCommands[] = {"checkpoint", "poison", "where-is", "replay", "hand-back", "shadow"};
constexpr absl::string_view kPlannedFlag = "delivery";

bool IsPlanned(absl::string_view word) {
  return std::find(std::begin(kPlannedCommands), std::end(kPlannedCommands), word) != std::end(kPlannedCommands);
}

std::optional<Command> FindCommand(absl::string_view word) {
  for (Command command : kCommandWords) {
    if (word == CommandName(command)) return command;
  }
  if (word == "help") return Command::kHelp;
  if (word == "version") return Command::kVersion;
  return std::nullopt;
}

bool IsFlag(absl::string_view word) {
  return word.size() > 1 && word[0] == '-' && word.find_first_not_of('-') != absl::string_view::npos;
}

bool IsNumber(absl::string_view word) {
  double number;
  return absl::SimpleAtod(word, &number);
}

class Parser {
 public:
  Parser(int argc, char** argv) : argc_(argc), argv_(argv) {}

  CommandLine Parse() {
    bool flags_ended = false;
    for (next_ = 1; next_ < argc_;) {
      const absl::string_view word = argv_[next_];
      if (!flags_ended && word == "--") {
        flags_ended = true;
        ++next_;
      } else if (!flags_ended && IsFlag(word)) {
        TakeFlag();
      } else {
        TakeWord(word);
        ++next_;
      }
    }
    if (!line_.command.has_value() && !line_.arguments.empty() && IsPlanned(line_.arguments[0])) {
      line_.errors.push_back(absl::StrCat(line_.arguments[0], " is not available yet"));
    } else if (!line_.arguments.empty() && !TakesArguments()) {
      Suggestion suggestion(line_.arguments[0]);
      for (Command command : kCommandWords) {
        suggestion.Consider(CommandName(command));
      }
      line_.errors.push_back(absl::StrCat("unknown command \"", line_.arguments[0], "\"", suggestion.Words(""),
                                          " (run, check, migrate, status and decode are known; see --help)"));
    }
    return std::move(line_);
  }

 private:
  bool TakesArguments() const { return line_.command == Command::kDecode || line_.command == Command::kStatus; }

  void TakeWord(absl::string_view word) {
    if (!line_.command.has_value()) {
      line_.command = FindCommand(word);
      if (line_.command.has_value()) return;
    }
    line_.arguments.emplace_back(word);
  }

  void TakeFlag() {
    char* const text = argv_[next_++];
    const size_t dashes = absl::string_view(text).find_first_not_of('-');
    const absl::string_view flag = text + dashes;
    const size_t equals = flag.find('=');
    const absl::string_view name = flag.substr(0, equals);
    if (name == "help" || name == "h" || name == "version") {
      line_.command = name == "version" ? Command::kVersion : Command::kHelp;
      return;
    }
    bool negated = false;
    const Setting* setting = FindSetting(name);
    if (setting == nullptr) {
      absl::string_view positive = name;
      if (absl::ConsumePrefix(&positive, "no")) {
        absl::ConsumePrefix(&positive, "-");
        setting = FindSetting(positive);
        if (setting != nullptr && setting->kind != SettingKind::kBoolean) {
          setting = nullptr;
        }
        negated = setting != nullptr;
      }
    }
    if (setting == nullptr) {
      Unknown(name, text);
      return;
    }
    if (equals != absl::string_view::npos) {
      char* const value = text + dashes + equals + 1;
      Store(*setting, value);
      if (negated) {
        line_.errors.push_back(absl::StrCat("--", name, " takes no value: write --", setting->flag, "=true or =false"));
      }
      Blank(*setting, value);
      return;
    }
    if (setting->kind == SettingKind::kBoolean) {
      TakeBoolean(*setting, negated);
      return;
    }
    TakeValues(*setting);
  }

  void TakeBoolean(const Setting& setting, bool negated) {
    absl::string_view value = negated ? "false" : "true";
    if (!negated && next_ < argc_) {
      const absl::string_view word = argv_[next_];
      if (word == "true" || word == "false") {
        value = word;
        ++next_;
      }
    }
    Store(setting, value);
  }

  void TakeValues(const Setting& setting) {
    if (next_ >= argc_ || (IsFlag(argv_[next_]) && !IsNumber(argv_[next_]))) {
      line_.errors.push_back(
          absl::StrCat("--", setting.flag, " needs a value: --", setting.flag, "=", setting.placeholder));
      return;
    }
    std::string value = argv_[next_];
    Blank(setting, argv_[next_++]);
    while (setting.kind == SettingKind::kList && next_ < argc_ && !IsFlag(argv_[next_]) &&
           absl::string_view(argv_[next_]) != "--" && !FindCommand(argv_[next_]).has_value()) {
      absl::StrAppend(&value, ",", argv_[next_++]);
    }
    Store(setting, value);
  }

  void Store(const Setting& setting, absl::string_view value) {
    for (auto& [known, text] : line_.flags) {
      if (known != &setting) continue;
      if (setting.kind == SettingKind::kRepeatable) {
        absl::StrAppend(&text, "\n", value);
      } else {
        text = std::string(value);
      }
      return;
    }
    line_.flags.emplace_back(&setting, value);
  }

  static void Blank(const Setting& setting, char* value) {
    if (setting.secret) Blank(value);
  }
  static void Blank(char* value) { std::memset(value, 'x', std::strlen(value)); }

  // `text` is the whole word. Whatever is its value may be a secret that was meant for another flag.
  void Unknown(absl::string_view name, char* text) {
    Suggestion suggestion(name);
    for (const Setting& setting : AllSettings()) suggestion.Consider(setting.flag);
    for (absl::string_view other : {"help", "version"}) {
      suggestion.Consider(other);
    }
    const std::string hint = suggestion.Words("--");
    // "-pPASSWORD" is what MySQL's own clients take.
    const bool one_letter = text[1] != '-' && hint.empty();
    line_.errors.push_back(name == kPlannedFlag
                               ? absl::StrCat("--", name, " is not available yet: rows are delivered at least once")
                               : absl::StrCat("unknown flag ", one_letter ? "-" : "--",
                                              one_letter ? name.substr(0, 1) : name, hint, " (--help lists all)"));
    Blank(text + (one_letter ? 2 : name.data() + name.size() - text));
    while (next_ < argc_ && !IsFlag(argv_[next_]) && absl::string_view(argv_[next_]) != "--" &&
           !FindCommand(argv_[next_]).has_value()) {
      Blank(argv_[next_++]);
    }
  }

  const int argc_;
  char** const argv_;
  int next_ = 1;
  CommandLine line_;
};

}  // namespace

CommandLine ParseCommandLine(int argc, char** argv) { return Parser(argc, argv).Parse(); }

}  // namespace relay
