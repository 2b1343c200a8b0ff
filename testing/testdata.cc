// SPDX-License-Identifier: Apache-2.0
#include "testing/testdata.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"

namespace testing_support {
namespace {

std::filesystem::path Directory() {
  const char* const runfiles = std::getenv("TEST_SRCDIR");
  const std::filesystem::path here = "testing/testdata";
  return runfiles == nullptr ? here : std::filesystem::path(runfiles) / "outbox_relay" / here;
}

}  // namespace

std::vector<std::string> RecordedBinlogs() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(Directory())) {
    if (entry.path().extension() == ".binlog") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  CHECK(!names.empty()) << "no recorded binlog in " << Directory();
  return names;
}

std::string TestdataPath(absl::string_view file) { return (Directory() / std::string(file)).string(); }

std::string ReadTestdata(absl::string_view file) {
  std::ifstream in(TestdataPath(file), std::ios::binary);
  CHECK(in.good()) << "cannot read " << file;
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

std::string Golden(absl::string_view file, absl::string_view actual) {
  const char* const update = std::getenv("UPDATE_GOLDEN");
  if (update != nullptr) {
    std::ofstream out(absl::StrCat(update, "/", file), std::ios::binary | std::ios::trunc);
    out << actual;
    CHECK(out.good()) << "cannot write " << file << " into " << update;
    return std::string(actual);
  }
  std::ifstream in(TestdataPath(file), std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

}  // namespace testing_support
