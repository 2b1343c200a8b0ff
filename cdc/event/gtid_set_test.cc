// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/gtid_set.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

constexpr char kA[] = "911ea5f6-0c1b-11ef-9262-0242ac120002";
constexpr char kB[] = "a11ea5f6-0c1b-11ef-9262-0242ac120002";

GtidSet Set(const std::string& text) {
  auto set = GtidSet::Parse(text);
  EXPECT_TRUE(set.ok()) << set.status();
  return set.ok() ? *set : GtidSet();
}

Gtid Id(const std::string& text) { return Gtid::Parse(text).value(); }

TEST(GtidSetTest, PrintsTheNormalFormOfWhatItParses) {
  EXPECT_EQ(Set("").ToString(), "");
  EXPECT_EQ(Set(absl::StrCat(kB, ":1,\n ", kA, ":5:1-3:4 : 9-9")).ToString(), absl::StrCat(kA, ":1-5:9,", kB, ":1"));
  EXPECT_EQ(Set(absl::StrCat(kA, ":tag_two:1,", kA, ":1-20:ABC:1")).ToString(),
            absl::StrCat(kA, ":1-20:abc:1:tag_two:1"));
  EXPECT_EQ(Set("1-1-3,0-1-7").ToString(), "0-1-7,1-1-3");
}

TEST(GtidSetTest, RefusesTextThatIsNoSet) {
  const std::string a = kA;
  for (const std::string& text :
       {a, a + ":", a + ":x", a + ":0-4", a + ":1-x", a + ":1:tag", a + ":1-9223372036854775807", std::string("0-1"),
        "0-1-7," + a + ":1", a + ":1,0-1-7", std::string("nonsense:1")}) {
    EXPECT_EQ(GtidSet::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

// Sent to and accepted by MySQL 9.7.4, which resumed exactly behind it.
TEST(GtidSetTest, EncodesTagsAsTheServerDoes) {
  const GtidSet set = Set(absl::StrCat(kA, ":1-20:abc:1:tag_two:1"));
  const std::string uuid = absl::HexStringToBytes("911ea5f60c1b11ef92620242ac120002");
  std::string expected("\x01\x03\0\0\0\0\0\x01", 8);
  const auto member = [&](absl::string_view tag, char start, char end) {
    absl::StrAppend(&expected, uuid, std::string(1, char(tag.size() << 1)), tag, std::string("\x01\0\0\0\0\0\0\0", 8),
                    std::string(1, start), std::string(7, '\0'), std::string(1, end), std::string(7, '\0'));
  };
  member("", 1, 21);
  member("abc", 1, 2);
  member("tag_two", 1, 2);
  EXPECT_EQ(absl::BytesToHexString(set.Encode()), absl::BytesToHexString(expected));
  const auto decoded = GtidSet::Decode(set.Encode());
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, set);
}

TEST(GtidSetTest, EncodesWithoutTagsAsOlderServersRead) {
  const GtidSet set = Set(absl::StrCat(kA, ":1-5:9"));
  const std::string bytes = set.Encode();
  EXPECT_EQ(absl::BytesToHexString(bytes),
            "0100000000000000911ea5f60c1b11ef92620242ac1200020200000000000000"
            "010000000000000006000000000000000900000000000000"
            "0a00000000000000");
  EXPECT_EQ(GtidSet::Decode(bytes).value(), set);
  EXPECT_EQ(GtidSet().Encode(), std::string(8, '\0'));
}

TEST(GtidSetTest, DecodingRefusesEveryPrefixAndSurvivesEveryFlippedBit) {
  for (const std::string& text : {absl::StrCat(kA, ":1-5:9,", kB, ":3"), absl::StrCat(kA, ":1-20:abc:1:tag_two:1")}) {
    const std::string bytes = Set(text).Encode();
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(GtidSet::Decode(bytes.substr(0, size)).ok()) << size;
    }
    EXPECT_FALSE(GtidSet::Decode(bytes + "x").ok());
    for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
      const auto set = GtidSet::Decode(flipped);
      EXPECT_FALSE(set.ok() && *set == Set(text)) << bit;
    }
  }
}

TEST(GtidSetTest, AddsInAnyOrder) {
  GtidSet set;
  for (const int n : {5, 1, 2, 9, 4, 3, 4, 7}) {
    set.Add(Id(absl::StrCat(kA, ":", n)));
  }
  EXPECT_EQ(set.ToString(), absl::StrCat(kA, ":1-5:7:9"));
  set.Add(Id(absl::StrCat(kA, ":8")));
  set.Add(Id(absl::StrCat(kA, ":x:8")));
  EXPECT_EQ(set.ToString(), absl::StrCat(kA, ":1-5:7-9:x:8"));
  EXPECT_EQ(set.Count(), 9u);
}

TEST(GtidSetTest, AgreesWithASetOfNumbers) {
  uint32_t random = 12345;
  const auto next = [&random](uint32_t below) {
    random = random * 1664525 + 1013904223;
    return (random >> 8) % below;
  };
  for (int round = 0; round < 300; ++round) {
    GtidSet sets[2];
    std::set<uint64_t> numbers[2];
    for (int which = 0; which < 2; ++which) {
      for (uint32_t i = next(8); i > 0; --i) {
        const uint64_t start = 1 + next(30);
        const uint64_t end = start + next(6);
        sets[which].AddInterval(Uuid::Parse(kA).value(), "", {start, end});
        for (uint64_t n = start; n < end; ++n) numbers[which].insert(n);
      }
    }
    GtidSet both = sets[0], left = sets[0], common = sets[0];
    both.Union(sets[1]);
    left.Subtract(sets[1]);
    common.Intersect(sets[1]);
    bool subset = true;
    for (uint64_t n = 1; n < 40; ++n) {
      const bool in0 = numbers[0].contains(n), in1 = numbers[1].contains(n);
      const Gtid gtid = Id(absl::StrCat(kA, ":", n));
      EXPECT_EQ(sets[0].Contains(gtid), in0);
      EXPECT_EQ(both.Contains(gtid), in0 || in1);
      EXPECT_EQ(left.Contains(gtid), in0 && !in1);
      EXPECT_EQ(common.Contains(gtid), in0 && in1);
      subset = subset && (in0 || !in1);
    }
    EXPECT_EQ(sets[0].Contains(sets[1]), subset);
    EXPECT_EQ(GtidSet::Parse(both.ToString()).value(), both);
    EXPECT_EQ(left.empty(), left.ToString().empty());
  }
}

TEST(GtidSetTest, KeepsMariadbsLastPerDomain) {
  GtidSet set;
  set.Add(Id("0-1-7"));
  set.Add(Id("1-1-3"));
  set.Add(Id("0-2-8"));
  set.Add(Id("0-1-5"));
  EXPECT_TRUE(set.is_mariadb());
  EXPECT_EQ(set.ToString(), "0-2-8,1-1-3");
  EXPECT_TRUE(set.Contains(Id("0-1-8")));
  EXPECT_FALSE(set.Contains(Id("0-1-9")));
  EXPECT_FALSE(set.Contains(Id("2-1-1")));
  EXPECT_TRUE(set.Contains(Set("0-1-8")));
  EXPECT_FALSE(Set("0-1-8").Contains(set));
  GtidSet left = set;
  left.Subtract(Set("0-9-9"));
  EXPECT_EQ(left.ToString(), "1-1-3");
}

TEST(GtidSetTest, TellsTheServersOwnPart) {
  const GtidSet set = Set(absl::StrCat(kA, ":1-5:t:1,", kB, ":3"));
  EXPECT_EQ(set.OfUuid(Uuid::Parse(kA).value()).ToString(), absl::StrCat(kA, ":1-5:t:1"));
}

}  // namespace
}  // namespace cdc
