// SPDX-License-Identifier: Apache-2.0

#include "kafka/delivery_tag.h"

#include <cstdint>
#include <optional>

#include "gtest/gtest.h"

namespace kafka {
namespace {

TEST(DeliveryTagTest, KeepsEveryHash) {
  for (const uint32_t hash :
       {uint32_t{0}, uint32_t{1}, uint32_t{0x7fffffff}, uint32_t{0x80000000}, uint32_t{0xffffffff}}) {
    const DeliveryTag tag = DeliveryTag::FromOpaque(DeliveryTag(hash, ~uint64_t{0}).opaque());
    EXPECT_EQ(tag.hash(), hash);
  }
}

TEST(DeliveryTagTest, TellsNoHashFromHashZero) {
  EXPECT_EQ(DeliveryTag(std::nullopt, ~uint64_t{0}).hash(), std::nullopt);
  EXPECT_EQ(DeliveryTag(0, 0).hash(), 0u);
}

TEST(DeliveryTagTest, RestoresSequencesBelowTheHighest) {
  constexpr uint64_t kWindow = DeliveryTag::kSequenceMask;
  for (const uint64_t highest : {kWindow, kWindow + 1, kWindow * 2 + 1, uint64_t{1} << 40, ~uint64_t{0}}) {
    for (const uint64_t behind : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 30, kWindow}) {
      const uint64_t sequence = highest - behind;
      const DeliveryTag tag = DeliveryTag::FromOpaque(DeliveryTag(0xffffffff, sequence).opaque());
      EXPECT_EQ(tag.SequenceNear(highest), sequence) << highest << " less " << behind;
    }
  }
}

}  // namespace
}  // namespace kafka
