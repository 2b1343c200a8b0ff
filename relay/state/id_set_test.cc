// SPDX-License-Identifier: Apache-2.0
#include "relay/state/id_set.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace relay {
namespace {

std::vector<IdRange> RangesOf(const IdSet& set) {
  std::vector<IdRange> ranges;
  set.ForEachRange([&](uint64_t first, uint64_t last) {
    ranges.push_back({first, last});
    return true;
  });
  return ranges;
}

TEST(IdSet, HoldsIdsAcrossTheWholeRangeOf64Bits) {
  IdSet set;
  EXPECT_TRUE(set.empty());
  for (const uint64_t id : {uint64_t{0}, uint64_t{1} << 32, ~uint64_t{0}}) {
    EXPECT_TRUE(set.Add(id));
    EXPECT_FALSE(set.Add(id));
    EXPECT_TRUE(set.Contains(id));
  }
  EXPECT_EQ(set.size(), 3);
  EXPECT_EQ(set.min(), 0);
  EXPECT_EQ(set.max(), ~uint64_t{0});
  EXPECT_FALSE(set.Remove(7));
  EXPECT_TRUE(set.Remove(~uint64_t{0}));
  EXPECT_EQ(set.max(), uint64_t{1} << 32);
}

TEST(IdSet, JoinsNeighboursIntoRangesAlsoOverTheBorderOf32Bits) {
  IdSet set;
  set.AddRange(0xFFFFFFFE, 0x100000001);
  set.Add(5);
  set.Add(6);
  set.Add(8);
  EXPECT_EQ(RangesOf(set), (std::vector<IdRange>{{5, 6}, {8, 8}, {0xFFFFFFFE, 0x100000001}}));
}

TEST(IdSet, ForEachRangeStopsWhenTold) {
  IdSet set;
  for (const uint64_t id : {1, 3, 5}) set.Add(id);
  int calls = 0;
  set.ForEachRange([&](uint64_t, uint64_t) { return ++calls < 2; });
  EXPECT_EQ(calls, 2);
}

TEST(IdSet, SmallestStartsAtTheGivenId) {
  IdSet set;
  set.AddRange(10, 12);
  set.Add(uint64_t{1} << 33);
  EXPECT_EQ(set.Smallest(2), (std::vector<uint64_t>{10, 11}));
  EXPECT_EQ(set.Smallest(9, 12), (std::vector<uint64_t>{12, uint64_t{1} << 33}));
  EXPECT_EQ(set.Smallest(9, 13), (std::vector<uint64_t>{uint64_t{1} << 33}));
  EXPECT_TRUE(set.Smallest(9, (uint64_t{1} << 33) + 1).empty());
}

TEST(IdSet, SetAlgebraLeavesNoEmptyBitmapBehind) {
  IdSet a, b;
  a.AddRange(1, 10);
  a.Add(uint64_t{7} << 32);
  b.AddRange(5, 20);
  b.Add(uint64_t{7} << 32);
  IdSet both = a;
  both.IntersectWith(b);
  EXPECT_EQ(RangesOf(both), (std::vector<IdRange>{{5, 10}, {uint64_t{7} << 32, uint64_t{7} << 32}}));
  IdSet either = a;
  either.UnionWith(b);
  EXPECT_EQ(either.size(), 21);
  IdSet left = a;
  left.Subtract(b);
  EXPECT_EQ(RangesOf(left), (std::vector<IdRange>{{1, 4}}));
  left.Subtract(a);
  EXPECT_TRUE(left.empty());
}

TEST(IdSet, ComesBackFromItsSerializedForm) {
  IdSet set;
  set.AddRange(1, 100000);
  set.AddRange(uint64_t{9} << 40, (uint64_t{9} << 40) + 3);
  for (uint64_t id = 1; id < 5000000; id += 97) set.Add(id);
  set.Compress();
  const std::string bytes = set.Serialize();
  EXPECT_EQ(bytes.size(), set.SerializedBytes());
  const absl::StatusOr<IdSet> again = IdSet::Parse(bytes);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, set);
}

TEST(IdSet, AnHourOfAutoIncrementIdsTakesFewBytes) {
  IdSet set;
  set.AddRange(1000000, 1600000);
  set.Compress();
  EXPECT_LT(set.SerializedBytes(), 300);
}

TEST(IdSet, RefusesEveryPrefixOfItsSerializedForm) {
  IdSet set;
  set.AddRange(1, 10);
  set.Add(uint64_t{1} << 50);
  const std::string bytes = set.Serialize();
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(IdSet::Parse(std::string(bytes, 0, length)).ok()) << length;
  }
  EXPECT_FALSE(IdSet::Parse(bytes + "x").ok());
}

TEST(IdSet, EmptySetComesBackEmpty) {
  const absl::StatusOr<IdSet> again = IdSet::Parse(IdSet().Serialize());
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->empty());
}

}  // namespace
}  // namespace relay
