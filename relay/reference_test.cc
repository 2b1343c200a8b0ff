// SPDX-License-Identifier: Apache-2.0

// What docs/ repeats of the code must be what the code says.

#include "relay/reference.h"

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

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

}  // namespace
}  // namespace relay
