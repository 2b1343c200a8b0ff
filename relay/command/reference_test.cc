// SPDX-License-Identifier: Apache-2.0

// What docs/ repeats of the code must be what the code says.

#include "relay/command/reference.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "relay/status/log_events.h"

namespace relay {
namespace {

using Lines = std::vector<std::string>;

// The lines between "<!-- NAME: ... -->" and "<!-- end of NAME -->".
Lines Table(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  Lines lines;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line == absl::StrCat("<!-- end of ", name, " -->")) return lines;
    if (inside) lines.push_back(line);
    if (line.rfind(absl::StrCat("<!-- ", name, ":"), 0) == 0) inside = true;
  }
  ADD_FAILURE() << path << " has no table between <!-- " << name << ": --> and <!-- end of " << name << " -->";
  return lines;
}

void ExpectTable(const std::string& path, const std::string& name, const std::string& table) {
  Lines expected = absl::StrSplit(table, '\n');
  expected.pop_back();
  const Lines found = Table(path, name);
  const std::multiset<std::string> in_docs(found.begin(), found.end());
  for (const std::string& line : expected) {
    EXPECT_TRUE(in_docs.contains(line)) << path << " lacks\n" << line;
  }
  EXPECT_EQ(found, expected) << "paste what `bazel run //relay:print_reference -- " << name << "` prints into " << path;
}

TEST(ReferenceTest, ConfigurationListsEverySettingAsItIs) {
  ExpectTable("docs/configuration.md", "settings", SettingsMarkdown());
}

TEST(ReferenceTest, OperationsListsEveryMetricAsItIs) {
  ExpectTable("docs/operations.md", "metrics", MetricsMarkdown());
}

TEST(ReferenceTest, OperationsListsEveryLogEventAsItIs) {
  ExpectTable("docs/operations.md", "log-events", LogEventsMarkdown());
}

TEST(ReferenceTest, EveryLogEventIsLoggedSomewhere) {
  const std::vector<std::string> names = {
#define RELAY_LOG_EVENT_NAME(name, code, meaning, action) #name,
      RELAY_LOG_EVENTS(RELAY_LOG_EVENT_NAME)
#undef RELAY_LOG_EVENT_NAME
  };
  std::string sources;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("relay")) {
    const std::string path = entry.path().string();
    if (!absl::EndsWith(path, ".cc") || absl::EndsWith(path, "_test.cc")) continue;
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    sources += text.str();
  }
  ASSERT_FALSE(sources.empty());
  for (const std::string& name : names) {
    bool found = false;
    const std::string use = absl::StrCat("LogCode::", name);
    for (size_t at = sources.find(use); !found && at != std::string::npos; at = sources.find(use, at + 1)) {
      found = !absl::ascii_isalnum(sources[at + use.size()]);
    }
    EXPECT_TRUE(found) << name;
  }
}

}  // namespace
}  // namespace relay
