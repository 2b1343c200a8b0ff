// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/byte_reader.h"

#include <string>

#include "gtest/gtest.h"

namespace cdc {
namespace {

std::string Bytes(std::initializer_list<int> values) {
  std::string bytes;
  for (int value : values) bytes.push_back(static_cast<char>(value));
  return bytes;
}

TEST(ByteReaderTest, ReadsLittleEndianOfEachWidth) {
  const std::string bytes = Bytes({0xff, 1, 2, 1, 2, 3, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 7, 0x88});
  ByteReader reader(bytes);
  EXPECT_EQ(reader.U8(), 0xff);
  EXPECT_EQ(reader.U16(), 0x0201);
  EXPECT_EQ(reader.U24(), 0x030201u);
  EXPECT_EQ(reader.U32(), 0x04030201u);
  EXPECT_EQ(reader.U48(), 0x060504030201u);
  EXPECT_EQ(reader.U64(), 0x8807060504030201u);
  EXPECT_TRUE(reader.empty());
  EXPECT_TRUE(reader.ok());
}

TEST(ByteReaderTest, ReadsBigEndian) {
  const std::string bytes = Bytes({1, 2, 3});
  ByteReader reader(bytes);
  EXPECT_EQ(reader.BigEndianOf(3), 0x010203u);
  EXPECT_EQ(reader.BigEndianOf(0), 0u);
  EXPECT_TRUE(reader.ok());
}

TEST(ByteReaderTest, FailsForGoodAtTheFirstReadPastTheEnd) {
  const std::string bytes = Bytes({1, 2, 3});
  ByteReader reader(bytes);
  EXPECT_EQ(reader.U32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.U8(), 0);
  EXPECT_EQ(reader.Bytes(1), "");
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(ByteReaderTest, ReadsLengthEncodedIntegersOfEachForm) {
  const std::string bytes = Bytes({250, 252, 1, 2, 253, 1, 2, 3, 254, 1, 0, 0, 0, 0, 0, 0, 0x80});
  ByteReader reader(bytes);
  EXPECT_EQ(reader.LengthEncoded(), 250u);
  EXPECT_EQ(reader.LengthEncoded(), 0x0201u);
  EXPECT_EQ(reader.LengthEncoded(), 0x030201u);
  EXPECT_EQ(reader.LengthEncoded(), 0x8000000000000001u);
  EXPECT_TRUE(reader.ok());
}

TEST(ByteReaderTest, RefusesTheMarkOfNullAsALength) {
  for (int mark : {251, 255}) {
    const std::string bytes = Bytes({mark, 0, 0});
    ByteReader reader(bytes);
    reader.LengthEncoded();
    EXPECT_FALSE(reader.ok()) << mark;
  }
}

TEST(ByteReaderTest, RefusesAStringLongerThanWhatIsLeft) {
  const std::string bytes = Bytes({254, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'a'});
  ByteReader reader(bytes);
  EXPECT_EQ(reader.LengthEncodedString(), "");
  EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace cdc
