// SPDX-License-Identifier: Apache-2.0
#include "relay/state/ledger.h"

#include <atomic>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace relay {
namespace {

constexpr absl::Duration kHour = absl::Hours(1);

LedgerTime At(int64_t seconds) {
  return {.server = absl::FromUnixSeconds(1'800'000'000 + seconds), .steady = absl::Seconds(seconds)};
}

LedgerMinute MinuteOf(int64_t seconds) { return (1'800'000'000 + seconds) / 60; }

std::vector<uint64_t> Ids(const IdSet& set) { return set.Smallest(1000); }

// What a store holds after the deltas.
class Stored {
 public:
  void Apply(const LedgerDelta& delta) {
    for (const std::string& schema : delta.voided) {
      for (auto it = minutes_.begin(); it != minutes_.end();) {
        it = it->first.first == schema && it->first.second != kSkippedMinute ? minutes_.erase(it) : std::next(it);
      }
    }
    for (const LedgerPart& part : delta.parts) {
      IdSet& ids = minutes_[{part.schema, part.minute}];
      if (part.replace) ids.Clear();
      ids.UnionWith(part.ids);
      if (ids.empty()) minutes_.erase({part.schema, part.minute});
    }
  }
  std::vector<LedgerPart> Parts() const {
    std::vector<LedgerPart> parts;
    for (const auto& [key, ids] : minutes_) parts.push_back({key.first, key.second, false, ids});
    return parts;
  }
  size_t size() const { return minutes_.size(); }

 private:
  std::map<std::pair<std::string, LedgerMinute>, IdSet> minutes_;
};

TEST(Ledger, SavedAnewItIsWholeWhateverIsStored) {
  Ledger ledger({"shop"});
  IdSet skipped;
  skipped.Add(3);
  ledger.Skip(0, skipped);
  ledger.Add(0, 7, At(0));
  ledger.Add(0, 8, At(600));
  ledger.TakeDelta();
  ledger.Forget(0, {8});
  ledger.TakeDelta();
  // A server that got none of that, but has a minute that was deleted since.
  Stored stored;
  IdSet old;
  old.AddRange(100, 200);
  stored.Apply({{}, {{"shop", MinuteOf(600), false, old}}});
  ledger.SaveAnew();
  stored.Apply(ledger.TakeDelta());
  Ledger loaded({"shop"});
  loaded.Load(stored.Parts());
  EXPECT_EQ(Ids(loaded.All(0)), (std::vector<uint64_t>{7}));
  EXPECT_EQ(Ids(loaded.Skipped(0)), (std::vector<uint64_t>{3}));
}

TEST(Ledger, AMinuteIsDueAnHourAfterItsLastId) {
  Ledger ledger({"shop"});
  ledger.Add(0, 7, At(0));
  ledger.Add(0, 8, At(30));
  EXPECT_TRUE(ledger.Due(0, At(3600), kHour, 10).empty());
  EXPECT_TRUE(ledger.Due(0, At(3629), kHour, 10).empty());
  EXPECT_EQ(ledger.Due(0, At(3630), kHour, 10), (std::vector<uint64_t>{7, 8}));
  EXPECT_EQ(ledger.Due(0, At(3630), kHour, 1), (std::vector<uint64_t>{7}));
  EXPECT_EQ(Ids(ledger.AllDue(0, At(3630), kHour)), (std::vector<uint64_t>{7, 8}));
}

TEST(Ledger, NeitherClockAloneMakesAnIdDue) {
  Ledger ledger({"shop"});
  ledger.Add(0, 7, At(0));
  EXPECT_TRUE(ledger.Due(0, {At(9000).server, At(60).steady}, kHour, 10).empty());
  EXPECT_TRUE(ledger.Due(0, {At(60).server, At(9000).steady}, kHour, 10).empty());
  EXPECT_FALSE(ledger.Due(0, At(9000), kHour, 10).empty());
}

TEST(Ledger, AfterARestartAMinuteIsDueAnHourAfterItsEndByTheServersClock) {
  Ledger ledger({"shop"});
  LedgerPart part{.schema = "shop", .minute = MinuteOf(0), .replace = false, .ids = {}};
  part.ids.Add(7);
  ledger.Load({part});
  EXPECT_TRUE(ledger.Due(0, {At(3600).server, absl::ZeroDuration()}, kHour, 10).empty());
  EXPECT_EQ(ledger.Due(0, {At(3660).server, absl::ZeroDuration()}, kHour, 10), (std::vector<uint64_t>{7}));
}

TEST(Ledger, RunsAndSingleIdsInAnyOrderAddUp) {
  Ledger ledger({"shop"});
  Stored stored;
  std::set<uint64_t> expected;
  uint64_t random = 1;
  for (int round = 0; round < 300; ++round) {
    std::vector<uint64_t> ids;
    random = random * 6364136223846793005 + 1442695040888963407;
    for (uint64_t i = 0, from = (random >> 33) % 500; i < 1 + (random >> 60); ++i) ids.push_back(from + i);
    ids.push_back((random >> 20) % 700);
    ledger.AddAll(0, ids, At(round));
    expected.insert(ids.begin(), ids.end());
    random = random * 6364136223846793005 + 1442695040888963407;
    const uint64_t back = (random >> 33) % 800;
    EXPECT_EQ(ledger.RemoveFromOlder(0, back), expected.erase(back) == 1) << round;
    if (round % 7 == 0) stored.Apply(ledger.TakeDelta());
  }
  EXPECT_EQ(Ids(ledger.All(0)), std::vector<uint64_t>(expected.begin(), expected.end()));
  stored.Apply(ledger.TakeDelta());
  Ledger again({"shop"});
  again.Load(stored.Parts());
  EXPECT_EQ(again.All(0), ledger.All(0));
  for (const uint64_t id : expected) EXPECT_EQ(again.MinuteOf(0, id), ledger.MinuteOf(0, id));
}

TEST(Ledger, AnIdThatComesBackIsForgotten) {
  Ledger ledger({"shop"});
  ledger.AddAll(0, {1, 2, 3}, At(0));
  EXPECT_FALSE(ledger.RemoveFromOlder(0, 4));
  EXPECT_TRUE(ledger.RemoveFromOlder(0, 2));
  EXPECT_FALSE(ledger.RemoveFromOlder(0, 2));
  EXPECT_FALSE(ledger.Contains(0, 2));
  EXPECT_EQ(ledger.Due(0, At(9000), kHour, 10), (std::vector<uint64_t>{1, 3}));
}

TEST(Ledger, TheLargestAndZeroAreIdsLikeAnyOther) {
  Ledger ledger({"shop"});
  EXPECT_FALSE(ledger.RemoveFromOlder(0, 0));
  ledger.AddAll(0, {0, ~uint64_t{0}}, At(0));
  EXPECT_TRUE(ledger.RemoveFromOlder(0, ~uint64_t{0}));
  EXPECT_TRUE(ledger.RemoveFromOlder(0, 0));
  EXPECT_EQ(ledger.size(0), 0);
}

TEST(Ledger, AnIdPublishedAgainStandsInTheLaterMinuteOnly) {
  Ledger ledger({"shop"});
  ledger.Add(0, 5, At(0));
  ledger.Add(0, 5, At(600));
  EXPECT_EQ(ledger.MinuteOf(0, 5), MinuteOf(600));
  EXPECT_EQ(ledger.size(0), 1);
  EXPECT_TRUE(ledger.Due(0, At(3700), kHour, 10).empty());
  EXPECT_EQ(ledger.Due(0, At(4260), kHour, 10), (std::vector<uint64_t>{5}));
}

TEST(Ledger, SchemasAreApart) {
  Ledger ledger({"shop", "crm"});
  ledger.Add(0, 5, At(0));
  EXPECT_TRUE(ledger.Contains(0, 5));
  EXPECT_FALSE(ledger.Contains(1, 5));
  EXPECT_FALSE(ledger.RemoveFromOlder(1, 5));
  ledger.Void(1);
  EXPECT_TRUE(ledger.Contains(0, 5));
}

TEST(Ledger, DeltasBuildTheSameLedgerAgain) {
  Ledger ledger({"shop"});
  Stored stored;
  ledger.AddAll(0, {1, 2, 3}, At(0));
  stored.Apply(ledger.TakeDelta());
  EXPECT_TRUE(ledger.TakeDelta().empty());
  ledger.AddAll(0, {4}, At(10));
  const LedgerDelta second = ledger.TakeDelta();
  ASSERT_EQ(second.parts.size(), 1);
  EXPECT_FALSE(second.parts[0].replace);
  EXPECT_EQ(Ids(second.parts[0].ids), (std::vector<uint64_t>{4}));
  stored.Apply(second);
  ledger.AddAll(0, {9, 10}, At(61));
  ledger.RemoveFromOlder(0, 2);
  ledger.Forget(0, {1});
  stored.Apply(ledger.TakeDelta());

  Ledger again({"shop"});
  again.Load(stored.Parts());
  EXPECT_EQ(Ids(again.All(0)), (std::vector<uint64_t>{3, 4, 9, 10}));
  EXPECT_EQ(again.MinuteOf(0, 4), MinuteOf(0));
  EXPECT_EQ(again.MinuteOf(0, 9), MinuteOf(61));
}

TEST(Ledger, AMinuteThatEmptiedAndFilledAgainKeepsNothingOld) {
  Ledger ledger({"shop"});
  Stored stored;
  ledger.AddAll(0, {1, 2}, At(0));
  stored.Apply(ledger.TakeDelta());
  ledger.Forget(0, {1, 2});
  ledger.Add(0, 3, At(1));
  stored.Apply(ledger.TakeDelta());
  Ledger again({"shop"});
  again.Load(stored.Parts());
  EXPECT_EQ(Ids(again.All(0)), (std::vector<uint64_t>{3}));
}

TEST(Ledger, AnEmptiedMinuteLeavesTheStore) {
  Ledger ledger({"shop"});
  Stored stored;
  ledger.AddAll(0, {1, 2}, At(0));
  stored.Apply(ledger.TakeDelta());
  ledger.Forget(0, {1, 2});
  stored.Apply(ledger.TakeDelta());
  EXPECT_EQ(stored.size(), 0);
}

TEST(Ledger, ADeltaThatCouldNotBeSavedComesAgain) {
  Ledger ledger({"shop"});
  Stored stored;
  ledger.AddAll(0, {1, 2, 3}, At(0));
  stored.Apply(ledger.TakeDelta());
  ledger.AddAll(0, {4}, At(0));
  ledger.AddAll(0, {70}, At(70));
  ledger.Forget(0, {1});
  LedgerDelta lost = ledger.TakeDelta();
  ledger.RemoveFromOlder(0, 4);   // Removed while the save was under way,
  ledger.RemoveFromOlder(0, 70);  // its minute gone altogether,
  ledger.Add(0, 5, At(2));
  ledger.PutBack(std::move(lost));
  stored.Apply(ledger.TakeDelta());
  Ledger again({"shop"});
  again.Load(stored.Parts());
  EXPECT_EQ(Ids(again.All(0)), (std::vector<uint64_t>{2, 3, 5}));
}

TEST(Ledger, VoidForgetsEverythingPublishedAlsoInTheStore) {
  Ledger ledger({"shop"});
  Stored stored;
  ledger.AddAll(0, {1, 2, 3}, At(0));
  IdSet skipped;
  skipped.Add(100);
  ledger.Skip(0, skipped);
  stored.Apply(ledger.TakeDelta());
  ledger.Void(0);
  ledger.Add(0, 2, At(5));
  stored.Apply(ledger.TakeDelta());
  Ledger again({"shop"});
  again.Load(stored.Parts());
  EXPECT_EQ(Ids(again.All(0)), (std::vector<uint64_t>{2}));
  EXPECT_TRUE(again.Skipped(0).Contains(100));
  EXPECT_EQ(again.size(0), 1);
  EXPECT_EQ(again.skipped_size(0), 1);
}

TEST(Ledger, VoidWhoseSaveFailedIsSavedLater) {
  Ledger ledger({"shop"});
  Stored stored;
  ledger.AddAll(0, {1, 2, 3}, At(0));
  stored.Apply(ledger.TakeDelta());
  ledger.Void(0);
  LedgerDelta lost = ledger.TakeDelta();
  ledger.Add(0, 9, At(1));
  ledger.PutBack(std::move(lost));
  stored.Apply(ledger.TakeDelta());
  Ledger again({"shop"});
  again.Load(stored.Parts());
  EXPECT_EQ(Ids(again.All(0)), (std::vector<uint64_t>{9}));
}

TEST(Ledger, ASaveThatFailedBringsNothingBackOverAVoid) {
  Ledger ledger({"shop", "mail"});
  Stored stored;
  ledger.Add(0, 1, At(0));
  stored.Apply(ledger.TakeDelta());
  ledger.AddAll(0, {2, 3}, At(0));
  ledger.Add(1, 7, At(0));
  LedgerDelta lost = ledger.TakeDelta();
  ledger.Void(0);
  ledger.Add(0, 9, At(0));  // In the minute of the lost ones.
  ledger.PutBack(std::move(lost));
  stored.Apply(ledger.TakeDelta());
  Ledger again({"shop", "mail"});
  again.Load(stored.Parts());
  EXPECT_EQ(Ids(again.All(0)), (std::vector<uint64_t>{9}));
  EXPECT_EQ(Ids(again.All(1)), (std::vector<uint64_t>{7}));
}

TEST(Ledger, SkippedIdsAreNeverDueAndEndWithANewInsert) {
  Ledger ledger({"shop"});
  Stored stored;
  IdSet skipped;
  skipped.AddRange(1, 5);
  ledger.Skip(0, skipped);
  EXPECT_FALSE(ledger.Contains(0, 3));
  EXPECT_TRUE(ledger.Skipped(0).Contains(3));
  EXPECT_TRUE(ledger.Due(0, At(1'000'000), kHour, 10).empty());
  EXPECT_TRUE(ledger.RemoveFromOlder(0, 3));
  stored.Apply(ledger.TakeDelta());
  Ledger again({"shop"});
  again.Load(stored.Parts());
  EXPECT_EQ(Ids(again.Skipped(0)), (std::vector<uint64_t>{1, 2, 4, 5}));
  again.Void(0);
  again.ForgetSkipped(0);
  EXPECT_FALSE(again.Skipped(0).Contains(1));
}

TEST(Ledger, PartsOfOtherSchemasAreLeftOut) {
  Ledger ledger({"shop"});
  LedgerPart part{.schema = "crm", .minute = 5, .replace = false, .ids = {}};
  part.ids.Add(7);
  ledger.Load({part});
  EXPECT_EQ(ledger.size(0), 0);
}

TEST(Ledger, EveryThreadsWorkCountsOnce) {
  constexpr uint64_t kIds = 20'000;
  Ledger ledger({"shop"});
  Stored stored;
  std::atomic<uint64_t> acknowledged = 0;
  std::atomic<bool> done = false;
  std::thread ack([&] {
    for (uint64_t id = 1; id <= kIds; ++id) {
      ledger.Add(0, id, At(static_cast<int64_t>(id / 100)));
      acknowledged = id;
    }
    done = true;
  });
  uint64_t removed = 0;
  std::thread stream([&] {
    for (uint64_t id = 3; id <= kIds; id += 3) {
      while (acknowledged < id) std::this_thread::yield();
      if (ledger.RemoveFromOlder(0, id)) ++removed;
    }
  });
  while (!done) {
    LedgerDelta delta = ledger.TakeDelta();
    if (acknowledged % 2 == 0) {
      ledger.PutBack(std::move(delta));
    } else {
      stored.Apply(delta);
    }
    ledger.Due(0, At(1'000'000), kHour, 10);
  }
  ack.join();
  stream.join();
  EXPECT_EQ(removed, kIds / 3);
  EXPECT_EQ(ledger.size(0), kIds - removed);
  stored.Apply(ledger.TakeDelta());
  Ledger again({"shop"});
  again.Load(stored.Parts());
  EXPECT_EQ(again.All(0), ledger.All(0));
}

TEST(Ledger, AnHourOfABusyTableIsSavedInFewBytesASecond) {
  Ledger ledger({"shop"});
  uint64_t id = 1'000'000'000;
  size_t largest = 0;
  for (int second = 0; second < 120; ++second) {
    std::vector<uint64_t> ids;
    for (int i = 0; i < 5000; ++i) ids.push_back(id++);
    ledger.AddAll(0, ids, At(second));
    size_t bytes = 0;
    for (const LedgerPart& part : ledger.TakeDelta().parts) bytes += part.ids.SerializedBytes();
    largest = std::max(largest, bytes);
  }
  EXPECT_LT(largest, 100);
}

}  // namespace
}  // namespace relay
