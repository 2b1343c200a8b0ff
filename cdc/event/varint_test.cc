// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/varint.h"

#include <limits>
#include <string>

#include "gtest/gtest.h"

namespace cdc {
namespace {

TEST(VarintTest, ReadsWhatItWritesAtEveryWidth) {
  for (int bits = 0; bits <= 64; ++bits) {
    for (const uint64_t value : {bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1,
                                 bits == 64 ? uint64_t{1} << 63 : uint64_t{1} << bits}) {
      std::string bytes;
      AppendVarUint(value, &bytes);
      ByteReader reader(bytes);
      EXPECT_EQ(ReadVarUint(&reader), value);
      EXPECT_TRUE(reader.ok() && reader.empty());
      for (size_t size = 0; size < bytes.size(); ++size) {
        ByteReader cut(absl::string_view(bytes).substr(0, size));
        ReadVarUint(&cut);
        EXPECT_FALSE(cut.ok());
      }
    }
  }
}

// The examples of MySQL's libs/mysql/serialization/readme.md, least significant byte first.
TEST(VarintTest, ReadsTheServersExamples) {
  const auto read_signed = [](absl::string_view bytes) {
    ByteReader reader(bytes);
    return ReadVarInt(&reader);
  };
  ByteReader reader(absl::string_view("\xFB\xFF\x07", 3));
  EXPECT_EQ(ReadVarUint(&reader), 65535u);
  EXPECT_EQ(read_signed(absl::string_view("\xF3\xFF\x0F", 3)), 65535);
  EXPECT_EQ(read_signed(absl::string_view("\xEB\xFF\x0F", 3)), -65535);
  EXPECT_EQ(read_signed(absl::string_view("\xFB\xFF\x0F", 3)), -65536);
  EXPECT_EQ(read_signed("\xFF\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), std::numeric_limits<int64_t>::max());
}

}  // namespace
}  // namespace cdc
