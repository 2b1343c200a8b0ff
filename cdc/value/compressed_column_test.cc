// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/compressed_column.h"

#include <string>

#include "absl/strings/escaping.h"
#include "cdc/event/text_buffer.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

std::string Uncompressed(const std::string& hex) {
  TextBuffer out;
  absl::Status status = AppendUncompressedColumn(absl::HexStringToBytes(hex), &out);
  return status.ok() ? std::string(out.view()) : "error";
}

// REPEAT('abc', 90) as MariaDB 10.11 stored it.
constexpr char kRepeated[] = "8a010e4b4c4a4e1c45300400";

TEST(CompressedColumnTest, ReadsWhatMariaDbStored) {
  std::string expected;
  for (int i = 0; i < 90; ++i) expected += "abc";
  EXPECT_EQ(Uncompressed(kRepeated), expected);
  EXPECT_EQ(Uncompressed("0078"), "x") << "too short to be worth it";
  EXPECT_EQ(Uncompressed(""), "");
}

TEST(CompressedColumnTest, RefusesEveryPrefix) {
  const std::string whole = kRepeated;
  for (size_t length = 2; length < whole.size(); length += 2) {
    EXPECT_EQ(Uncompressed(whole.substr(0, length)), "error") << length;
  }
}

TEST(CompressedColumnTest, RefusesALengthThatNothingDecompressesTo) {
  EXPECT_EQ(Uncompressed("8cffffffff4b4c4a"), "error");
  EXPECT_EQ(Uncompressed("8b"), "error");
  EXPECT_EQ(Uncompressed("1a0001"), "error") << "another algorithm";
}

}  // namespace
}  // namespace cdc
