// SPDX-License-Identifier: Apache-2.0
#include "relay/delivery/ack_tracker.h"

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/eventually.h"

namespace relay {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class AckTrackerTest : public ::testing::Test {
 protected:
  AckTrackerTest()
      : tracker_(size_t{1} << 20, Start(), [this](size_t table, absl::Span<const uint64_t> ids) {
          for (uint64_t id : ids) published_.emplace_back(table, id);
        }) {}

  static LowWaterMark Start() {
    LowWaterMark mark;
    mark.gtids = *cdc::GtidSet::Parse("911ea5f6-0c1b-11ef-9262-0242ac120002:1-10");
    mark.position = {"binlog.000001", 100};
    return mark;
  }

  static cdc::StreamItem Item(uint64_t gno, cdc::StreamItem::Kind kind = cdc::StreamItem::Kind::kTransaction) {
    cdc::StreamItem item;
    item.kind = kind;
    item.gtid = cdc::Gtid{};
    item.gtid->uuid = *cdc::Uuid::Parse("911ea5f6-0c1b-11ef-9262-0242ac120002");
    item.gtid->number = gno;
    item.begin = {"binlog.000001", gno * 1000};
    item.end = {"binlog.000001", gno * 1000 + 500};
    item.commit_time = absl::FromUnixSeconds(static_cast<int64_t>(gno));
    return item;
  }

  // A transaction with these rows, all handed to the producer.
  std::vector<uint64_t> Send(uint64_t gno, const std::vector<uint64_t>& ids) {
    const cdc::StreamItem item = Item(gno);
    std::vector<uint64_t> sequences;
    tracker_.Begin(item);
    for (uint64_t id : ids) {
      const AckTracker::Ticket ticket = tracker_.Add({0, id});
      if (!ticket.settled) sequences.push_back(tracker_.Sent(ticket.ordinal, item.commit_time));
    }
    tracker_.End();
    return sequences;
  }

  void Ack(const std::vector<uint64_t>& sequences) {
    std::vector<absl::Time> times;
    tracker_.Acknowledged(sequences, &times);
  }

  bool Idle() { return tracker_.WaitUntilIdle(absl::ZeroDuration()); }

  std::string Executed() { return tracker_.low_water().gtids.ToString().substr(37); }

  AckTracker tracker_;
  std::vector<std::pair<size_t, uint64_t>> published_;
};

TEST_F(AckTrackerTest, NoOpenBranchOfAnotherServerIsLeftWhereverItStands) {
  cdc::StreamItem prepare = Item(11, cdc::StreamItem::Kind::kForeign);
  prepare.open_xa = {{"X'31',X'',1", std::nullopt, prepare.begin}};
  prepare.open_xa_changed = true;
  tracker_.Foreign(prepare);
  EXPECT_EQ(tracker_.low_water().open_xa.size(), 1);
  const std::vector<uint64_t> waiting = Send(12, {1});
  tracker_.Foreign(prepare);
  tracker_.ForgetBranches();
  EXPECT_TRUE(tracker_.handed().open_xa.empty());
  EXPECT_TRUE(tracker_.low_water().open_xa.empty());
  Ack(waiting);
  EXPECT_TRUE(tracker_.low_water().open_xa.empty());
  tracker_.Foreign(prepare);
  EXPECT_EQ(tracker_.handed().open_xa.size(), 1) << "one of the server itself";
}

// Rows 1, 2 of transaction 11, of which 1 is acknowledged; then the stream goes back.
TEST_F(AckTrackerTest, RowsOfAnotherTransactionInThePlaceOfOneThatWasBegunAreSent) {
  Ack({Send(11, {1, 2})[0]});
  tracker_.Rewind();
  EXPECT_EQ(Send(12, {3}).size(), 1u) << "3 is not 1, which is settled";
  EXPECT_EQ(tracker_.progress().rows_waiting, 1u);
}

TEST_F(AckTrackerTest, RowsBehindATransactionThatHasLostItsRowsAreSent) {
  Ack({Send(11, {1, 2})[0]});
  tracker_.Rewind();
  tracker_.Foreign(Item(11));
  EXPECT_EQ(tracker_.progress().rows_waiting, 0u);
  EXPECT_EQ(Send(12, {3}).size(), 1u);
  Ack({1, 2, 3});
  EXPECT_EQ(Executed(), "1-12");
}

TEST_F(AckTrackerTest, TheSameTransactionIsKnownWhereverItStandsNow) {
  Ack({Send(11, {1, 2})[0]});
  tracker_.Rewind();
  cdc::StreamItem item = Item(11);
  item.begin = {"mysql-bin.000077", 4};
  item.end = {"mysql-bin.000077", 900};
  tracker_.Begin(item);
  EXPECT_TRUE(tracker_.Add({0, 1}).settled);
  EXPECT_FALSE(tracker_.Add({0, 2}).settled);
}

// Another server took over without transactions 12 and 13, and gives their ids out again.
TEST_F(AckTrackerTest, RowsInThePlaceOfLostOnesAreSent) {
  Send(11, {1});
  Ack(Send(12, {2}));
  Ack(Send(13, {3}));
  tracker_.Rewind();
  const auto held = Send(11, {1});
  const auto others = Send(101, {2});
  EXPECT_EQ(others.size(), 1u) << "2 is not the row that was acknowledged";
  EXPECT_EQ(Send(102, {3}).size(), 1u);
  Ack(held);
  EXPECT_EQ(Executed(), "1-11");
  EXPECT_THAT(published_, ElementsAre(Pair(0, 1))) << "2 and 3 are not published yet";
  Ack(others);
  EXPECT_EQ(Executed(), "1-11:101");
}

TEST_F(AckTrackerTest, RowsInThePlaceOfLostOnesAreSentWhenThoseAreForgotten) {
  Send(11, {1});
  Ack(Send(12, {2}));
  Ack(Send(13, {3}));
  tracker_.Rewind();
  Ack(Send(11, {1}));
  EXPECT_THAT(published_, ElementsAre(Pair(0, 1), Pair(0, 2), Pair(0, 3)));
  tracker_.Begin(Item(101));
  const AckTracker::Ticket ticket = tracker_.Add({0, 2});
  EXPECT_FALSE(ticket.settled);
  EXPECT_FALSE(ticket.replayed) << "then the ledger keeps its id";
}

TEST_F(AckTrackerTest, RowsInThePlaceOfLostOnesAreSentWhenAPoisonRowWasAllThatHeldThose) {
  tracker_.Begin(Item(11));
  const auto poison = tracker_.Add({0, 1});
  tracker_.End();
  Ack(Send(12, {2}));
  Ack(Send(13, {3}));
  tracker_.Condemn(poison.ordinal);
  tracker_.Rewind();
  tracker_.Settle(poison.ordinal, {0, 1});
  EXPECT_EQ(Executed(), "1-10");
  EXPECT_THAT(Send(11, {1}), IsEmpty());
  EXPECT_THAT(Send(12, {2}), IsEmpty());
  EXPECT_EQ(Executed(), "1-12");
  EXPECT_EQ(Send(101, {3}).size(), 1u);
  EXPECT_EQ(Executed(), "1-12");
}

TEST_F(AckTrackerTest, WhatIsRecordedOfALostRowSaysNothingOfAnother) {
  Send(11, {1});
  tracker_.Begin(Item(12));
  const auto poison = tracker_.Add({0, 2});
  tracker_.End();
  tracker_.Condemn(poison.ordinal);
  tracker_.Rewind();
  Ack(Send(11, {1}));
  EXPECT_EQ(Send(101, {2}).size(), 1u);
  tracker_.Settle(poison.ordinal, {0, 2});
  EXPECT_EQ(Executed(), "1-11") << "a row that nobody acknowledged counts as done";
}

// The stream goes back after it has come to the other server.
TEST_F(AckTrackerTest, RowsInThePlaceOfLostOnesAreSentAtAFurtherReading) {
  Send(11, {1});
  Ack(Send(12, {2}));
  Send(101, {2});
  tracker_.Rewind();
  Ack(Send(11, {1}));
  const auto again = Send(101, {2});
  EXPECT_EQ(again.size(), 1u) << "the row that was acknowledged is another one";
  EXPECT_EQ(Executed(), "1-11");
  Ack(again);
  EXPECT_EQ(Executed(), "1-11:101");
}

TEST_F(AckTrackerTest, AReadingThatDifferedIsKnownAtTheNextOne) {
  Send(11, {1});
  Ack(Send(12, {2}));
  tracker_.Rewind();
  Send(11, {1});
  Ack(Send(101, {5}));
  Send(102, {6});
  tracker_.Rewind();
  EXPECT_EQ(Send(11, {1}).size(), 1u);
  EXPECT_THAT(Send(101, {5}), IsEmpty());
  EXPECT_EQ(Send(102, {6}).size(), 1u);
  EXPECT_EQ(tracker_.progress().rows_waiting, 2u);
}

// The commit of an XA branch that was prepared before the place that the stream went back to.
TEST_F(AckTrackerTest, RowsBehindATransactionThatHasLostItsRowsAreSentWhenThoseAreForgotten) {
  Send(11, {1});
  Ack(Send(12, {2, 3}));
  Send(13, {4});
  tracker_.Rewind();
  const auto held = Send(11, {1});
  Ack(held);
  tracker_.Foreign(Item(12));
  const auto behind = Send(13, {4});
  EXPECT_EQ(behind.size(), 1u);
  EXPECT_EQ(Executed(), "1-12");
  Ack(behind);
  EXPECT_EQ(Executed(), "1-13");
}

TEST_F(AckTrackerTest, ATransactionOfMoreRowsThanBeforeDoesNotTakeThoseOfTheNext) {
  Send(11, {1});
  Ack(Send(12, {2}));
  tracker_.Rewind();
  tracker_.Begin(Item(11));
  Ack({tracker_.Sent(tracker_.Add({0, 1}).ordinal, absl::UnixEpoch())});
  EXPECT_FALSE(tracker_.Add({0, 2}).settled);
}

TEST_F(AckTrackerTest, ATransactionOfFewerRowsThanBeforeDoesNotHoldTheMark) {
  Send(11, {1, 2});
  Send(12, {3});
  tracker_.Rewind();
  Ack(Send(11, {1}));
  Ack(Send(12, {3}));
  EXPECT_EQ(Executed(), "1-12");
  EXPECT_EQ(tracker_.progress().rows_waiting, 0u);
}

// Transactions 12 and 13 were lost in a failover.
TEST_F(AckTrackerTest, TheMarkSaysWhoseItsPositionIs) {
  Send(11, {1});
  const auto lost = Send(12, {2});
  tracker_.Foreign(Item(13, cdc::StreamItem::Kind::kForeign));
  tracker_.ReadFrom(1);
  EXPECT_EQ(tracker_.handed().server, 0);
  tracker_.Foreign(Item(101, cdc::StreamItem::Kind::kForeign));
  EXPECT_EQ(tracker_.handed().server, 1);
  EXPECT_EQ(tracker_.low_water().server, 0);
  tracker_.Rewind();
  EXPECT_EQ(tracker_.handed().server, 0) << "the position is that of the mark";
  Ack(Send(11, {1}));
  EXPECT_EQ(tracker_.handed().server, 1);
  EXPECT_EQ(tracker_.low_water().server, 1);
  EXPECT_EQ(Executed(), "1-11");
}

// A row was deleted and another one inserted under its id, whose topic is held. It is not published.
TEST_F(AckTrackerTest, ARowWhoseIdWasReadAgainDoesNotComeToTheSink) {
  const auto first = Send(11, {1, 2, 3});
  const auto again = Send(12, {2});
  Ack(first);
  EXPECT_THAT(published_, ElementsAre(Pair(0, 1), Pair(0, 3)));
  Ack(again);
  EXPECT_THAT(published_, ElementsAre(Pair(0, 1), Pair(0, 3), Pair(0, 2)));
}

TEST_F(AckTrackerTest, ARowWhoseIdWasReadAgainWhileAnotherRowHeldItDoesNotComeToTheSink) {
  const auto held = Send(11, {1});
  Ack(Send(12, {2}));
  const auto again = Send(13, {2});
  const auto third = Send(14, {2});
  Ack(held);
  EXPECT_THAT(published_, ElementsAre(Pair(0, 1)));
  Ack(again);
  EXPECT_THAT(published_, ElementsAre(Pair(0, 1)));
  Ack(third);
  EXPECT_THAT(published_, ElementsAre(Pair(0, 1), Pair(0, 2)));
}

TEST_F(AckTrackerTest, ARowWhoseIdWasReadAgainDoesNotComeToTheSinkAfterARewind) {
  Send(11, {2});
  Send(12, {1});
  Send(13, {2});
  tracker_.Rewind();
  Ack(Send(11, {2}));
  EXPECT_THAT(published_, IsEmpty());
  Ack(Send(12, {1}));
  Ack(Send(13, {2}));
  EXPECT_THAT(published_, ElementsAre(Pair(0, 1), Pair(0, 2)));
}

TEST_F(AckTrackerTest, RowsOfOtherTablesAndCommitsOutOfOrderComeToTheSink) {
  tracker_.Begin(Item(11));
  std::vector<uint64_t> sequences;
  for (const RowKey key : {RowKey{0, 5}, RowKey{1, 5}, RowKey{0, 3}, RowKey{1, 4}}) {
    sequences.push_back(tracker_.Sent(tracker_.Add(key).ordinal, absl::UnixEpoch()));
  }
  tracker_.End();
  Ack(sequences);
  EXPECT_THAT(published_, ElementsAre(Pair(0, 5), Pair(1, 5), Pair(0, 3), Pair(1, 4)));
}

// Their ids begin anew, and go on where rows of before the DDL are still acknowledged.
TEST_F(AckTrackerTest, RowsOfBehindADdlComeToTheSink) {
  const auto before = Send(11, {7, 8});
  tracker_.Void(0);
  const auto after = Send(12, {1, 2});
  const auto again = Send(13, {1});
  Ack(before);
  Ack(after);
  EXPECT_THAT(published_, ElementsAre(Pair(0, 2)));
  Ack(again);
  EXPECT_THAT(published_, ElementsAre(Pair(0, 2), Pair(0, 1)));
}

TEST_F(AckTrackerTest, WithoutGtidsARewindBehindTheEndOfAFileRepeatsNothing) {
  const auto read = [this](const std::string& file, uint64_t offset, uint64_t id) {
    cdc::StreamItem item;
    item.kind = cdc::StreamItem::Kind::kTransaction;
    item.begin = {file, offset - 100};
    item.end = {file, offset};
    tracker_.Begin(item);
    const AckTracker::Ticket ticket = tracker_.Add({0, id});
    tracker_.End();
    return ticket;
  };
  read("binlog.000001", 500, 1);
  for (const AckTracker::Ticket& behind : {read("binlog.000001", 900, 2), read("binlog.000002", 500, 3)}) {
    Ack({tracker_.Sent(behind.ordinal, absl::UnixEpoch())});
  }
  tracker_.Rewind();
  EXPECT_FALSE(read("binlog.000001", 500, 1).settled);
  EXPECT_TRUE(read("binlog.000001", 900, 2).settled);
  EXPECT_TRUE(read("binlog.000002", 500, 3).settled);
}

TEST_F(AckTrackerTest, OpenBranchesOfXaTakeRoom) {
  cdc::StreamItem item = Item(11);
  item.open_xa_changed = true;
  item.open_xa.resize(1000);
  for (cdc::OpenXaBranch& branch : item.open_xa) branch.xid.assign(140, 'x');
  uint64_t number = 11;
  while (tracker_.WaitForRoom(absl::ZeroDuration())) {
    item.gtid->number = number++;
    tracker_.Begin(item);
    tracker_.Sent(tracker_.Add({0, number}).ordinal, item.commit_time);
    tracker_.End();
    ASSERT_LT(number, 100u) << "a MiB is full of lists of 200 KB";
  }
}

TEST_F(AckTrackerTest, MarkStaysBeforeTheFirstTransactionWithAnUnacknowledgedRow) {
  const auto first = Send(11, {1, 2});
  const auto second = Send(12, {3});
  Ack(second);
  Ack({first[1]});
  EXPECT_EQ(Executed(), "1-10");
  EXPECT_THAT(published_, IsEmpty());
  Ack({first[0]});
  EXPECT_EQ(Executed(), "1-12");
  EXPECT_EQ(tracker_.low_water().position, (cdc::BinlogPosition{"binlog.000001", 12500}));
  EXPECT_THAT(published_, ElementsAre(Pair(0, 1), Pair(0, 2), Pair(0, 3)));
}

TEST_F(AckTrackerTest, ForeignTransactionsWaitForTheRowsBeforeThem) {
  const auto sequences = Send(11, {1});
  tracker_.Foreign(Item(12, cdc::StreamItem::Kind::kForeign));
  tracker_.Foreign(Item(14, cdc::StreamItem::Kind::kForeign));
  EXPECT_EQ(Executed(), "1-10");
  EXPECT_EQ(tracker_.handed().gtids.ToString().substr(37), "1-12:14");
  Ack(sequences);
  EXPECT_EQ(Executed(), "1-12:14");
  tracker_.Foreign(Item(13, cdc::StreamItem::Kind::kForeign));
  EXPECT_EQ(Executed(), "1-14");
}

TEST_F(AckTrackerTest, ATransactionIsDoneOnlyWhenItsLastRowWasAdded) {
  tracker_.Begin(Item(11));
  const auto ticket = tracker_.Add({0, 1});
  Ack({tracker_.Sent(ticket.ordinal, absl::UnixEpoch())});
  EXPECT_EQ(Executed(), "1-10");
  tracker_.End();
  EXPECT_EQ(Executed(), "1-11");
}

TEST_F(AckTrackerTest, RewindSendsOnlyWhatWasNotAcknowledged) {
  const auto first = Send(11, {1, 2});
  const auto second = Send(12, {3, 4});
  Ack({first[0], second[1]});
  const LowWaterMark mark = tracker_.Rewind();
  EXPECT_EQ(mark.gtids, Start().gtids);
  EXPECT_TRUE(Idle());

  const auto again = Send(11, {1, 2});
  EXPECT_EQ(again.size(), 1u);
  const auto again2 = Send(12, {3, 4});
  EXPECT_EQ(again2.size(), 1u);
  Ack(first);  // Reports of the first try mean nothing any more.
  EXPECT_EQ(Executed(), "1-10");
  Ack(again);
  Ack(again2);
  EXPECT_EQ(Executed(), "1-12");
  EXPECT_THAT(published_, ElementsAre(Pair(0, 1), Pair(0, 2), Pair(0, 3), Pair(0, 4)));
}

TEST_F(AckTrackerTest, RowsThatDifferAtTheSecondReadingAreSentAgain) {
  const auto sequences = Send(11, {1});
  const auto second = Send(12, {2});
  Ack(second);
  tracker_.Rewind();
  EXPECT_EQ(Send(11, {7}).size(), 1u);
  EXPECT_EQ(Send(12, {2}).size(), 1u);
}

TEST_F(AckTrackerTest, APoisonRowHoldsTheMarkUntilItIsRecorded) {
  tracker_.Begin(Item(11));
  const auto poison = tracker_.Add({0, 1});
  const auto neighbour = tracker_.Add({0, 2});
  const uint64_t sequence = tracker_.Sent(neighbour.ordinal, absl::UnixEpoch());
  tracker_.End();
  Ack({sequence});
  EXPECT_EQ(Executed(), "1-10");
  tracker_.Settle(poison.ordinal, {0, 1});
  EXPECT_EQ(Executed(), "1-11");
  EXPECT_THAT(published_, ElementsAre(Pair(0, 2)));
}

TEST_F(AckTrackerTest, RowsFromTheTableDoNotMoveTheMark) {
  const uint64_t sequence = tracker_.SentFromTable({1, 77}, 0);
  EXPECT_FALSE(Idle());
  Ack({sequence});
  EXPECT_TRUE(Idle());
  EXPECT_EQ(Executed(), "1-10");
  EXPECT_THAT(published_, ElementsAre(Pair(1, 77)));
}

// The SQL thread may see that the table is another one while rows of the old one are under way from it.
TEST_F(AckTrackerTest, RowsFromTheTableThatAreUnderWayAreVoidBehindADdl) {
  const uint64_t old = tracker_.SentFromTable({0, 7}, 0);
  const uint64_t other_table = tracker_.SentFromTable({1, 7}, 0);
  EXPECT_TRUE(tracker_.Void(0).any);
  EXPECT_FALSE(tracker_.Void(0).any);
  const uint64_t read_before = tracker_.SentFromTable({0, 9}, 0);
  const uint64_t behind = tracker_.SentFromTable({0, 8}, tracker_.Voids(0));
  Ack({old, other_table, read_before, behind});
  EXPECT_TRUE(Idle());
  EXPECT_THAT(published_, ElementsAre(Pair(1, 7), Pair(0, 8)));
}

TEST_F(AckTrackerTest, RowsAreHandedOverBeforeAnyoneSeesThemDone) {
  absl::Notification reached, proceed;
  std::atomic<int> handed_over = 0;
  AckTracker tracker(size_t{1} << 20, Start(), [&](size_t, absl::Span<const uint64_t> ids) {
    reached.Notify();
    proceed.WaitForNotificationWithTimeout(absl::Milliseconds(200));
    handed_over += static_cast<int>(ids.size());
  });
  const uint64_t sequence = tracker.SentFromTable({0, 5}, 0);
  std::thread ack([&] {
    std::vector<absl::Time> times;
    tracker.Acknowledged({sequence}, &times);
  });
  reached.WaitForNotification();
  EXPECT_TRUE(tracker.WaitUntilIdle(testing_support::kPatience));
  EXPECT_EQ(handed_over, 1);
  proceed.Notify();
  ack.join();
}

TEST_F(AckTrackerTest, AnUndecidedPrepareStaysOutOfTheMark) {
  cdc::StreamItem prepare = Item(11);
  prepare.gtid_withheld = true;
  tracker_.Foreign(prepare);
  tracker_.Foreign(Item(12, cdc::StreamItem::Kind::kForeign));
  EXPECT_EQ(Executed(), "1-10:12");
  cdc::StreamItem commit = Item(13);
  commit.released_gtids.push_back(*Item(11).gtid);
  tracker_.Begin(commit);
  const auto ticket = tracker_.Add({0, 5});
  tracker_.End();
  EXPECT_EQ(Executed(), "1-10:12");
  tracker_.Settle(ticket.ordinal, {0, 5});
  EXPECT_EQ(Executed(), "1-13");
}

TEST_F(AckTrackerTest, AFullTrackerHasNoRoomUntilRowsAreSettled) {
  constexpr size_t kBytes = 1'000'000;
  AckTracker small(kBytes, Start(), [](size_t, absl::Span<const uint64_t>) {});
  std::vector<AckTracker::Ticket> tickets;
  while (small.WaitForRoom(absl::ZeroDuration())) {
    const uint64_t number = tickets.size() + 1;
    small.Begin(Item(10 + number));
    tickets.push_back(small.Add({0, number}));
    small.Sent(tickets.back().ordinal, absl::UnixEpoch());
    small.End();
  }
  EXPECT_GT(tickets.size(), kBytes / 300) << "what waits takes more than 300 bytes a transaction";
  EXPECT_LT(tickets.size(), kBytes / 100);
  small.Settle(tickets[0].ordinal, {0, 1});
  EXPECT_TRUE(small.WaitForRoom(absl::ZeroDuration()));
}

TEST_F(AckTrackerTest, ACondemnedRowIsLeftAloneByAnotherReading) {
  tracker_.Begin(Item(11));
  const auto poison = tracker_.Add({0, 1});
  const auto other = tracker_.Add({0, 2});
  tracker_.Sent(other.ordinal, absl::UnixEpoch());
  tracker_.End();
  tracker_.Condemn(poison.ordinal);
  tracker_.Rewind();
  const auto again = Send(11, {1, 2});
  EXPECT_EQ(again.size(), 1u) << "the condemned row is sent again";
  Ack(again);
  EXPECT_EQ(Executed(), "1-10") << "the mark passed a poison row that is not recorded";
  tracker_.Settle(poison.ordinal, {0, 1});
  EXPECT_EQ(Executed(), "1-11");
}

TEST_F(AckTrackerTest, AnOrdinalThatIsAnotherRowsByNowSettlesNothing) {
  tracker_.Begin(Item(11));
  const auto poison = tracker_.Add({0, 1});
  tracker_.End();
  tracker_.Condemn(poison.ordinal);
  tracker_.Rewind();
  // The log brings another row in its place.
  const auto sequences = Send(11, {7});
  tracker_.Settle(poison.ordinal, {0, 1});
  EXPECT_EQ(Executed(), "1-10") << "a row that nobody acknowledged counts as done";
  Ack(sequences);
  EXPECT_EQ(Executed(), "1-11");
}

TEST_F(AckTrackerTest, RowsOfBeforeADdlNeverComeToTheSink) {
  tracker_.Begin(Item(11));
  const auto held = tracker_.Add({0, 1});
  tracker_.End();
  const auto behind = Send(12, {2, 3});
  Ack(behind);
  tracker_.Begin(Item(13));
  const auto other_table = tracker_.Add({1, 2});
  const uint64_t other_sequence = tracker_.Sent(other_table.ordinal, absl::UnixEpoch());
  tracker_.End();
  EXPECT_EQ(tracker_.Void(0).end_ordinal, other_table.ordinal + 1);
  const auto after = Send(14, {2});
  Ack(after);
  Ack({other_sequence});
  Ack({tracker_.Sent(held.ordinal, absl::UnixEpoch())});
  EXPECT_EQ(Executed(), "1-14");
  EXPECT_THAT(published_, ElementsAre(Pair(1, 2), Pair(0, 2)));
}

TEST_F(AckTrackerTest, ADdlThatIsReadAgainParts) {
  Send(11, {1});
  Ack(Send(12, {2}));
  tracker_.Void(0);
  Ack(Send(13, {2}));
  tracker_.Rewind();
  const auto held = Send(11, {1});
  Send(12, {2});
  EXPECT_FALSE(tracker_.Void(0).any) << "its rows are void already";
  Send(13, {2});
  Ack(held);
  EXPECT_EQ(Executed(), "1-13");
  EXPECT_THAT(published_, ElementsAre(Pair(0, 2))) << "the row of behind the DDL alone";
}

TEST_F(AckTrackerTest, TellsWhetherADdlTookRowsFromTheSink) {
  Ack(Send(11, {1}));
  EXPECT_FALSE(tracker_.Void(0).any) << "they have come to the sink";
  Send(12, {2});
  EXPECT_FALSE(tracker_.Void(1).any);
  EXPECT_TRUE(tracker_.Void(0).any);
}

TEST_F(AckTrackerTest, ALogThatSaysOtherRowsIsNotPartedByADdlOfBefore) {
  Send(11, {1});
  Send(12, {2});
  tracker_.Void(0);
  tracker_.Rewind();
  Ack(Send(11, {7}));
  Ack(Send(12, {8}));
  EXPECT_THAT(published_, ElementsAre(Pair(0, 7), Pair(0, 8)));
}

TEST_F(AckTrackerTest, TheOldestWaitingRowIsKnownBetweenARewindAndTheNextReading) {
  Send(11, {1});
  tracker_.Rewind();
  EXPECT_EQ(tracker_.progress().oldest_unsettled, absl::FromUnixSeconds(11));
}

TEST_F(AckTrackerTest, TellsTheCommitTimeOfTheOldestWaitingRow) {
  EXPECT_EQ(tracker_.progress().oldest_unsettled, absl::InfiniteFuture());
  Send(11, {1});
  Send(12, {2});
  EXPECT_EQ(tracker_.progress().oldest_unsettled, absl::FromUnixSeconds(11));
  EXPECT_EQ(tracker_.progress().rows_waiting, 2u);
}

TEST_F(AckTrackerTest, RewindInTheMiddleOfAReplayKeepsTheRowsThatAreStillToCome) {
  Send(11, {1});
  Ack(Send(12, {2}));
  Send(13, {3});
  tracker_.Rewind();
  // The first row is read again and published; then the stream goes back once more, from where it stands.
  Ack(Send(11, {1}));
  EXPECT_EQ(tracker_.Rewind().position.offset, 11500u);
  EXPECT_THAT(Send(12, {2}), IsEmpty()) << "published before";
  Ack(Send(13, {3}));
  EXPECT_EQ(tracker_.progress().rows_waiting, 0u);
  EXPECT_EQ(tracker_.low_water().position.offset, 13500u);
  EXPECT_THAT(published_, ElementsAre(Pair(0, 1), Pair(0, 2), Pair(0, 3)));
}

}  // namespace
}  // namespace relay
