// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/crc32.h"

#include <zlib.h>

#include <cstddef>
#include <string>

#include "gtest/gtest.h"

namespace cdc {
namespace {

TEST(Crc32Test, KnowsTheCheckValue) {
  EXPECT_EQ(Crc32("123456789"), 0xCBF43926u);
  EXPECT_EQ(Crc32(""), 0u);
}

TEST(Crc32Test, AgreesWithZlibAtEveryLengthAndAlignment) {
  std::string bytes;
  uint32_t random = 1;
  for (int i = 0; i < 5000; ++i) {
    random = random * 1664525 + 1013904223;
    bytes.push_back(static_cast<char>(random >> 24));
  }
  for (size_t begin = 0; begin < 17; ++begin) {
    for (size_t size = 0; size < 700; ++size) {
      const absl::string_view part = absl::string_view(bytes).substr(begin, size);
      ASSERT_EQ(Crc32(part), crc32(0, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(size)))
          << begin << " " << size;
    }
  }
  EXPECT_EQ(Crc32(bytes), crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

TEST(Crc32Test, ChecksTheLastFourBytes) {
  std::string event = "some event";
  const uint32_t crc = Crc32(event);
  for (int i = 0; i < 4; ++i) event.push_back(static_cast<char>(crc >> 8 * i));
  EXPECT_TRUE(HasValidChecksum(event));
  event[3] ^= 1;
  EXPECT_FALSE(HasValidChecksum(event));
  EXPECT_FALSE(HasValidChecksum("abc"));
}

}  // namespace
}  // namespace cdc
