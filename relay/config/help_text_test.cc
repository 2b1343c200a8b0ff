// SPDX-License-Identifier: Apache-2.0
#include "relay/config/help_text.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "relay/config/settings.h"

namespace relay {
namespace {

TEST(HelpTextTest, FitsATerminal) {
  for (absl::string_view line : absl::StrSplit(HelpText(), '\n')) {
    EXPECT_LE(line.size(), 80u) << line;
    EXPECT_FALSE(absl::EndsWith(line, " ")) << line;
  }
}

TEST(HelpTextTest, EverySettingStandsOnceUnderItsGroup) {
  const std::string help = HelpText();
  size_t from = 0;
  for (const Setting& setting : AllSettings()) {
    const size_t group = help.find(absl::StrCat("\n", SettingGroupTitle(setting.group), "\n"));
    ASSERT_NE(group, std::string::npos) << SettingGroupTitle(setting.group);
    from = help.find(absl::StrCat("\n  --", setting.flag), from);
    ASSERT_NE(from, std::string::npos) << setting.flag;
    EXPECT_LT(group, from) << setting.flag;
    const std::string line = help.substr(from + 1, help.find('\n', from + 1) - from - 1);
    EXPECT_TRUE(absl::EndsWith(line, absl::StrCat(" [", setting.variable, "]"))) << line;
  }
}

}  // namespace
}  // namespace relay
