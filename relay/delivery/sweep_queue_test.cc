// SPDX-License-Identifier: Apache-2.0
#include "relay/delivery/sweep_queue.h"

#include <vector>

#include "gtest/gtest.h"

namespace relay {
namespace {

constexpr char kUuid[] = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

IdSet Ids(std::vector<uint64_t> ids) {
  IdSet set;
  for (const uint64_t id : ids) set.Add(id);
  return set;
}

cdc::Gtid Commit(int number) { return *cdc::Gtid::Parse(std::string(kUuid) + ":" + std::to_string(number)); }

absl::Time At(int64_t seconds) { return absl::FromUnixSeconds(1'800'000'000 + seconds); }

TEST(SweepQueue, ASweepIsWantedUntilItsLastRowIsSettled) {
  SweepQueue queue(2);
  EXPECT_EQ(queue.wanted(), "");
  queue.RequestBehind(SweepReason::kStatement, Commit(5));
  EXPECT_EQ(queue.wanted(), "statement");
  queue.Begin();
  EXPECT_EQ(queue.wanted(), "statement");
  queue.Offer(0, Ids({1, 2}));
  queue.Offer(1, Ids({3}));
  const uint64_t compared = queue.version();
  queue.Compared(At(0));
  EXPECT_GT(queue.version(), compared) << "a save wakes the stream";
  queue.Done(0, 1);
  queue.Hold(0, 2);
  queue.Poisoned(1, 3);
  EXPECT_EQ(queue.waiting(), 0);
  EXPECT_EQ(queue.wanted(), "statement") << "one row is held, one is not recorded";
  queue.Recorded(1, 3);
  EXPECT_EQ(queue.wanted(), "statement");
  EXPECT_EQ(queue.swept_at(), absl::InfinitePast());
  queue.RetryHeld();
  EXPECT_EQ(queue.waiting(), 1);
  const uint64_t version = queue.version();
  queue.Done(0, 2);
  EXPECT_EQ(queue.wanted(), "");
  EXPECT_EQ(queue.swept_at(), At(0));
  EXPECT_GT(queue.version(), version) << "a save has to take that along";
}

TEST(SweepQueue, ASweepThatFindsNothingIsDoneAtOnce) {
  SweepQueue queue(1);
  queue.Request(SweepReason::kInterval);
  queue.Begin();
  queue.Compared(At(7));
  EXPECT_EQ(queue.wanted(), "");
  EXPECT_EQ(queue.swept_at(), At(7));
}

TEST(SweepQueue, WhatIsAskedForDuringASweepIsAnotherOne) {
  SweepQueue queue(1);
  queue.Request(SweepReason::kInterval);
  queue.Begin();
  queue.RequestBehind(SweepReason::kXa, Commit(9));
  queue.Compared(At(0));
  EXPECT_EQ(queue.wanted(), "xa");
  ASSERT_TRUE(queue.wish().has_value());
  EXPECT_TRUE(queue.wish()->commits.Contains(Commit(9)));
}

TEST(SweepQueue, WishesBecomeOneThatWaitsForAllTheirCommits) {
  SweepQueue queue(1);
  queue.RequestBehind(SweepReason::kStatement, Commit(5));
  EXPECT_TRUE(queue.wish()->only_statements);
  queue.RequestBehind(SweepReason::kStatement, Commit(7));
  EXPECT_TRUE(queue.wish()->only_statements);
  EXPECT_FALSE(queue.wish()->behind_commit);
  queue.RequestBehind(SweepReason::kXa, std::nullopt);
  const SweepQueue::Wish wish = queue.Begin();
  EXPECT_EQ(wish.reason, SweepReason::kStatement);
  EXPECT_FALSE(wish.only_statements);
  EXPECT_TRUE(wish.behind_commit);
  EXPECT_TRUE(wish.commits.Contains(Commit(5)));
  EXPECT_TRUE(wish.commits.Contains(Commit(7)));
}

TEST(SweepQueue, AWishThatIsGivenUpIsAskedForAgain) {
  SweepQueue queue(1);
  queue.RequestBehind(SweepReason::kStatement, Commit(5));
  queue.Begin();
  queue.RequestBehind(SweepReason::kIncident, Commit(6));
  queue.GiveUp();
  ASSERT_TRUE(queue.wish().has_value());
  EXPECT_FALSE(queue.wish()->only_statements);
  EXPECT_TRUE(queue.wish()->commits.Contains(Commit(5)));
  EXPECT_TRUE(queue.wish()->commits.Contains(Commit(6)));
}

TEST(SweepQueue, TakesUpWhatTheCheckpointSaysIsWanted) {
  SweepQueue queue(1, "xa", At(3));
  EXPECT_EQ(queue.wanted(), "xa");
  EXPECT_EQ(queue.swept_at(), At(3));
  EXPECT_TRUE(queue.wish()->behind_commit) << "the commit may be as young as the process";
  EXPECT_EQ(SweepQueue(1, "word of a newer version").wanted(), "interval");
  EXPECT_FALSE(SweepQueue(1, "").wish().has_value());
}

TEST(SweepQueue, ARowThatIsHeldOrPoisonIsNotOfferedTwice) {
  SweepQueue queue(1);
  queue.Offer(0, Ids({1, 2, 3}));
  queue.Hold(0, 1);
  queue.Poisoned(0, 2);
  queue.Offer(0, Ids({1, 2, 3, 4}));
  size_t table = 9;
  EXPECT_EQ(queue.Next(10, &table), (std::vector<uint64_t>{3, 4}));
  EXPECT_EQ(table, 0);
}

}  // namespace
}  // namespace relay
