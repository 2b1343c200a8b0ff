// SPDX-License-Identifier: Apache-2.0
#include "cdc/key_index.h"

#include <map>

#include "gtest/gtest.h"
#include "testing/counting_allocator.h"

namespace cdc {
namespace {

TEST(KeyIndexTest, AgreesWithAMapInMemoryAndOnDisk) {
  for (const size_t entries : {0, 1, 100, 1000000}) {
    KeyIndex index(entries, testing::TempDir());
    std::map<uint64_t, uint64_t> model;
    uint64_t random = 7;
    for (int i = 0; i < 5000; ++i) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      // Neighbours, so that probing meets them.
      const uint64_t hash = (random >> 40) % 3000;
      if ((random >> 60) % 4 == 0) {
        ASSERT_TRUE(index.Erase(hash).ok());
        model.erase(hash);
        continue;
      }
      ASSERT_TRUE(index.Set(hash, static_cast<uint64_t>(i)).ok());
      model[hash] = static_cast<uint64_t>(i);
    }
    EXPECT_EQ(index.size(), model.size());
    EXPECT_EQ(index.spilled(), entries <= 100);
    for (uint64_t hash = 0; hash < 3100; ++hash) {
      const auto found = index.Find(hash);
      ASSERT_TRUE(found.ok()) << found.status();
      const auto expected = model.find(hash);
      EXPECT_EQ(*found, expected == model.end() ? KeyIndex::kNone : expected->second);
    }
    index.Clear();
    EXPECT_EQ(index.size(), 0u);
    EXPECT_EQ(index.Find(model.begin()->first).value(), KeyIndex::kNone);
  }
}

TEST(KeyIndexTest, GrowsOnDiskAndNotInMemory) {
  testing_support::ResetPeak();
  const uint64_t before = testing_support::LiveBytes();
  KeyIndex index(1000, testing::TempDir());
  const auto hash = [](uint64_t i) { return i * 0x9E3779B97F4A7C15u; };
  for (uint64_t i = 0; i < 150000; ++i) ASSERT_TRUE(index.Set(hash(i), i).ok());
  for (uint64_t i = 0; i < 150000; i += 37) ASSERT_EQ(index.Find(hash(i)).value(), i);
  EXPECT_LT(testing_support::PeakBytes() - before, 300u << 10);
}

// What was erased neither fills the file up nor makes it grow.
TEST(KeyIndexTest, StaysSmallWhenAllIsErasedAgain) {
  KeyIndex index(0, testing::TempDir());
  const auto hash = [](uint64_t i) { return i * 0x9E3779B97F4A7C15u; };
  ASSERT_TRUE(index.Set(1, 1).ok());
  const uint64_t slots = index.slots();
  for (uint64_t i = 0; i < 3 * slots; ++i) {
    ASSERT_TRUE(index.Set(hash(i), i).ok());
    ASSERT_EQ(index.Find(hash(i)).value(), i);
    ASSERT_TRUE(index.Erase(hash(i)).ok());
    ASSERT_EQ(index.Find(hash(i)).value(), KeyIndex::kNone);
  }
  EXPECT_EQ(index.size(), 1u);
  EXPECT_EQ(index.Find(1).value(), 1u);
  EXPECT_EQ(index.slots(), slots);
}

TEST(KeyIndexTest, SaysWhereItCannotSpill) {
  KeyIndex index(0, "/nowhere/at/all");
  EXPECT_EQ(index.Set(1, 1).code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace cdc
