// SPDX-License-Identifier: Apache-2.0
//
// Against real servers: see testing/sql_servers.h.
#include "relay/cleanup/completed_marker.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "relay/outbox/outbox_server_fixture.h"

namespace relay {
namespace {

class CompletedMarkerTest : public OutboxServerTest {
 protected:
  void SetUp() override {
    OutboxServerTest::SetUp();
    if (tables_.empty()) return;
    Insert(1, 9);
    Published(1, 200);
  }
  std::string Marked() { return Select("SELECT id FROM kafka_outbox WHERE push_completed_at IS NOT NULL ORDER BY id"); }

  CompletedMarker Marker() {
    return CompletedMarker([this](size_t schema) { return tables_[schema]; }, &ledger_);
  }
  void Published(uint64_t first, uint64_t last) {
    for (uint64_t id = first; id <= last; ++id) {
      ledger_.Add(0, id, {.server = absl::FromUnixSeconds(1'800'000'000), .steady = absl::ZeroDuration()});
    }
  }

  Ledger ledger_{std::vector<std::string>{"any"}};
};

INSTANTIATE_TEST_SUITE_P(Servers, CompletedMarkerTest, testing_servers::EachServer(), testing_servers::ServerName);

TEST_P(CompletedMarkerTest, MarksPublishedRowsAndNoOthers) {
  Run("UPDATE kafka_outbox SET errored=1 WHERE id=3");
  Run("UPDATE kafka_outbox SET push_completed_at='2020-01-01' WHERE id=4");
  CompletedMarker marker = Marker();
  marker.Add(0, {1, 2, 3, 4, 8, 100});
  marker.Add(0, {7});
  ledger_.RemoveFromOlder(0, 8);  // Another row has the id by now.
  const std::string before = Select("SELECT NOW()");
  const auto marked = marker.Flush(session(), 2, nullptr);
  ASSERT_TRUE(marked.ok()) << marked.status();
  EXPECT_EQ(*marked, 3);
  EXPECT_EQ(Marked(), "1;2;4;7");
  EXPECT_EQ(Select("SELECT push_completed_at FROM kafka_outbox WHERE id=4"), "2020-01-01 00:00:00");
  EXPECT_EQ(
      Select(absl::StrCat("SELECT push_completed_at BETWEEN '", before, "' AND NOW() FROM kafka_outbox WHERE id=1")),
      "1");
  EXPECT_EQ(marker.pending(), 0);
  EXPECT_EQ(*marker.Flush(session(), 2, nullptr), 0);
}

TEST_P(CompletedMarkerTest, ThePollingRelayFindsNothingToClaim) {
  // Its own condition, word for word.
  const std::string claimable =
      "SELECT COUNT(*) FROM kafka_outbox WHERE ((batch_id IS NULL AND push_started_at IS NULL) OR (batch_id IS NOT "
      "NULL "
      "AND push_completed_at IS NULL AND push_started_at < NOW())) AND errored = 0";
  EXPECT_EQ(Select(claimable), "9");
  Run("UPDATE kafka_outbox SET batch_id='b', push_started_at='2020-01-01' WHERE id=2");
  CompletedMarker marker = Marker();
  IdSet ids;
  ids.AddRange(1, 9);
  marker.AddAll(0, ids);
  ASSERT_EQ(*marker.Flush(session(), 100, nullptr), 9);
  EXPECT_EQ(Select(claimable), "0");
  EXPECT_EQ(Select("SELECT batch_id, push_started_at FROM kafka_outbox WHERE id=2"), "b,2020-01-01 00:00:00");
  Run("UPDATE kafka_outbox SET batch_id=NULL");
  EXPECT_FALSE(*HasPollingRelaysMarks(session(), tables_[0])) << "our marks are not the polling relay's";
  EXPECT_EQ(*CountFreshClaims(session(), tables_[0]), 0);
}

TEST_P(CompletedMarkerTest, WhatCouldNotBeMarkedIsKept) {
  const std::unique_ptr<SqlSession> application = Connect();
  ASSERT_TRUE(application->Begin().ok());
  ASSERT_TRUE(application->Execute(absl::StrCat("UPDATE ", schema(), ".kafka_outbox SET topic='x' WHERE id=5")).ok());
  Run("SET SESSION innodb_lock_wait_timeout=1");
  CompletedMarker marker = Marker();
  IdSet ids;
  ids.AddRange(1, 9);
  marker.AddAll(0, ids);
  EXPECT_FALSE(marker.Flush(session(), 100, nullptr).ok());
  EXPECT_EQ(marker.pending(), 9);
  EXPECT_EQ(Marked(), "");
  ASSERT_TRUE(application->Commit().ok());
  EXPECT_EQ(*marker.Flush(session(), 100, nullptr), 9);
}

TEST_P(CompletedMarkerTest, ALockedRowHoldsUpItsNeighboursAlone) {
  const std::unique_ptr<SqlSession> application = Connect();
  ASSERT_TRUE(application->Begin().ok());
  ASSERT_TRUE(application->Execute(absl::StrCat("UPDATE ", schema(), ".kafka_outbox SET topic='x' WHERE id=2")).ok());
  Run("SET SESSION innodb_lock_wait_timeout=1");
  CompletedMarker marker = Marker();
  IdSet ids;
  ids.AddRange(1, 9);
  marker.AddAll(0, ids);
  EXPECT_FALSE(marker.Flush(session(), 3, nullptr).ok());
  EXPECT_EQ(Marked(), "4;5;6;7;8;9");
  EXPECT_EQ(marker.Pending(0).Smallest(9), (std::vector<uint64_t>{1, 2, 3}));
  ASSERT_TRUE(application->Commit().ok());
  EXPECT_EQ(*marker.Flush(session(), 3, nullptr), 3);
  EXPECT_EQ(marker.pending(), 0);
}

TEST_P(CompletedMarkerTest, NothingIsMarkedWhileTheLogIsUnread) {
  CompletedMarker marker = Marker();
  marker.Add(0, {1, 2});
  // Unread at once, or from behind the UPDATE on.
  for (const int unread_from : {0, 1}) {
    int asked = 0;
    const auto marked =
        marker.Flush(session(), 9, nullptr, [&](SqlSession*) -> absl::StatusOr<bool> { return asked++ < unread_from; });
    ASSERT_TRUE(marked.ok()) << marked.status();
    EXPECT_EQ(*marked, 0);
    EXPECT_EQ(asked, unread_from + 1);
    EXPECT_EQ(Marked(), "");
    EXPECT_EQ(marker.pending(), 2);
  }
  EXPECT_EQ(*marker.Flush(session(), 9, nullptr, [](SqlSession*) -> absl::StatusOr<bool> { return true; }), 2);
  EXPECT_EQ(Marked(), "1;2");
}

TEST_P(CompletedMarkerTest, ARowThatTookAnIdRightBeforeItsMarkIsNotMarked) {
  CompletedMarker marker = Marker();
  marker.Add(0, {1, 2});
  int asked = 0;
  const auto log_is_read = [&](SqlSession*) -> absl::StatusOr<bool> {
    if (++asked == 2) ledger_.RemoveFromOlder(0, 2);  // The log brought its insert.
    return true;
  };
  EXPECT_EQ(*marker.Flush(session(), 9, nullptr, log_is_read), 0);
  EXPECT_EQ(Marked(), "");
  EXPECT_EQ(*marker.Flush(session(), 9, nullptr, log_is_read), 1);
  EXPECT_EQ(Marked(), "1");
  EXPECT_EQ(marker.pending(), 0);
}

TEST_P(CompletedMarkerTest, ABacklogIsMarkedALittleAtATime) {
  CompletedMarker marker = Marker();
  IdSet ids;
  ids.AddRange(1, 150);
  marker.AddAll(0, ids);
  ASSERT_TRUE(marker.Flush(session(), 1, nullptr).ok());
  EXPECT_EQ(marker.pending(), 50);
  ASSERT_TRUE(marker.Flush(session(), 1, nullptr).ok());
  EXPECT_EQ(marker.pending(), 0);
}

TEST_P(CompletedMarkerTest, RowsOfATableThatWasDroppedAreForgotten) {
  Run("DROP TABLE kafka_outbox");
  CompletedMarker marker = Marker();
  marker.Add(0, {1, 2, 3});
  EXPECT_TRUE(marker.Flush(session(), 2, nullptr).ok());
  EXPECT_EQ(marker.pending(), 0);
}

TEST_P(CompletedMarkerTest, ATableThatStoresNothingIsNotMarked) {
  tables_[0].engine = "BLACKHOLE";
  CompletedMarker marker = Marker();
  marker.Add(0, {1});
  EXPECT_EQ(*marker.Flush(session(), 100, nullptr), 0);
  EXPECT_EQ(marker.pending(), 0);
  EXPECT_EQ(Marked(), "");
}

}  // namespace
}  // namespace relay
