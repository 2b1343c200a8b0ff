// SPDX-License-Identifier: Apache-2.0
//
// Against real servers: see testing/sql_servers.h.
#include "relay/cleanup/cleaner.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "relay/outbox/outbox_server_fixture.h"
#include "relay/state/state_tables.h"

namespace relay {
namespace {

class CleanerTest : public OutboxServerTest {
 protected:
  void SetUp() override {
    OutboxServerTest::SetUp();
    if (tables_.empty()) return;
    Run(absl::StrCat("INSERT INTO ", kOwnerTable,
                     " (table_name, relay_id, state_schema, claimed_at) VALUES ('kafka_outbox', 'r', 's', NOW())"));
    ledger_ = std::make_unique<Ledger>(std::vector<std::string>{schema()});
    options_.chunk_rows = 3;
    options_.pause = absl::ZeroDuration();
  }
  // As if published that long ago.
  void Published(absl::Span<const uint64_t> ids, absl::Duration ago) {
    const absl::Time now = *ReadServerTime(session());
    ledger_->AddAll(0, ids, {.server = now - ago, .steady = clock_.Monotonic() - ago});
  }
  CleanupResult Clean(absl::Duration budget = absl::InfiniteDuration(), const std::string& known_created = "") {
    Cleaner cleaner(options_, SchemaOf(), ledger_.get(), &clock_, log_is_read_, unmarked_);
    const auto result = cleaner.Clean(session(), 0, known_created, budget, nullptr);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.value_or(CleanupResult());
  }
  OutboxSchemaOf SchemaOf() {
    return [this](size_t schema) { return tables_[schema]; };
  }
  std::string Left() { return Select("SELECT id FROM kafka_outbox ORDER BY id"); }

  std::unique_ptr<Ledger> ledger_;
  base::FakeClock clock_;
  CleanerOptions options_;
  LogIsRead log_is_read_;
  Cleaner::Unmarked unmarked_;
};

INSTANTIATE_TEST_SUITE_P(Servers, CleanerTest, testing_servers::EachServer(), testing_servers::ServerName);

TEST_P(CleanerTest, DeletesWhatWasPublishedAnHourAgoAndNothingElse) {
  Insert(1, 12);
  Insert(99, 99);
  Run("DELETE FROM kafka_outbox WHERE id=99");  // The application may clean up too.
  Run("UPDATE kafka_outbox SET errored=1 WHERE id=4");
  Published({1, 2, 3, 4, 5, 6, 9, 99}, absl::Minutes(62));
  Published({7, 8}, absl::Minutes(58));
  const CleanupResult result = Clean();
  EXPECT_EQ(result.published_rows, 6);
  EXPECT_EQ(result.completed_rows, 0);
  EXPECT_FALSE(result.more);
  EXPECT_EQ(Left(), "4;7;8;10;11;12");
  EXPECT_EQ(ledger_->All(0).Smallest(9), (std::vector<uint64_t>{7, 8}));
}

TEST_P(CleanerTest, AnUnpublishedRowThatCommitsLateWithASmallIdStays) {
  const std::unique_ptr<SqlSession> late = Connect();
  ASSERT_TRUE(late->Begin().ok());
  ASSERT_TRUE(late->Execute(absl::StrCat("INSERT INTO ", schema(),
                                         ".kafka_outbox (id, topic, payload_json, payload_headers) VALUES "
                                         "(5,'t','{}','{}')"))
                  .ok());
  Insert(1, 4);
  Insert(6, 9);
  Published({1, 2, 3, 4, 6, 7, 8, 9}, absl::Minutes(62));
  Clean();
  ASSERT_TRUE(late->Commit().ok());
  EXPECT_EQ(Left(), "5");
}

TEST_P(CleanerTest, ATightBudgetLeavesTheRestForTheNextPass) {
  Insert(1, 9);
  Published({1, 2, 3, 4, 5, 6, 7, 8, 9}, absl::Minutes(62));
  const CleanupResult first = Clean(absl::ZeroDuration());
  EXPECT_TRUE(first.more);
  EXPECT_EQ(first.published_rows, 3);
  EXPECT_EQ(Left(), "4;5;6;7;8;9");
  EXPECT_FALSE(Clean().more);
  EXPECT_EQ(Left(), "");
}

TEST_P(CleanerTest, DeletesWhatThePollingRelayCompletedAnHourAgoByTheServersClock) {
  Insert(1, 9);
  Run("SET time_zone = '+09:00'");
  Run("UPDATE kafka_outbox SET push_completed_at = NOW() - INTERVAL 61 MINUTE WHERE id <= 5");
  Run("UPDATE kafka_outbox SET push_completed_at = NOW() - INTERVAL 59 MINUTE WHERE id = 6");
  Run("UPDATE kafka_outbox SET errored = 1 WHERE id = 5");
  const CleanupResult result = Clean();
  EXPECT_EQ(result.completed_rows, 4);
  EXPECT_EQ(Left(), "5;6;7;8;9");
}

TEST_P(CleanerTest, ADryRunPromisesNoRowThatIsLeftForWantOfAnIndex) {
  Insert(1, 1);
  Run("UPDATE kafka_outbox SET push_completed_at = NOW() - INTERVAL 61 MINUTE");
  Run("ALTER TABLE kafka_outbox DROP INDEX outbox_push_completed_at");
  tables_ = {*ReadOutboxSchema(session(), schema(), "kafka_outbox")};
  Cleaner cleaner(options_, SchemaOf(), ledger_.get(), &clock_, log_is_read_);
  const auto promised = cleaner.DryRun(session(), 0, "");
  ASSERT_TRUE(promised.ok()) << promised.status();
  const auto deleted = cleaner.Clean(session(), 0, "", absl::InfiniteDuration(), nullptr);
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(deleted->completed_rows, 0);
  EXPECT_EQ(promised->completed_rows, 0);
  EXPECT_TRUE(promised->lacks_index && deleted->lacks_index);
}

TEST_P(CleanerTest, ADryRunCountsAndChangesNothing) {
  Insert(1, 9);
  Insert(99, 99);
  Run("DELETE FROM kafka_outbox WHERE id=99");
  Published({1, 2, 3, 4, 99}, absl::Minutes(62));
  Published({5}, absl::Minutes(64));
  Run("UPDATE kafka_outbox SET push_completed_at = NOW() - INTERVAL 61 MINUTE WHERE id = 9");
  Cleaner cleaner(options_, SchemaOf(), ledger_.get(), &clock_, log_is_read_);
  const auto result = cleaner.DryRun(session(), 0, "");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->published_rows, 5);
  EXPECT_EQ(result->completed_rows, 1);
  EXPECT_EQ(ledger_->size(0), 6);
  EXPECT_EQ(Left(), "1;2;3;4;5;6;7;8;9");
}

TEST_P(CleanerTest, WithRetentionOffRowsStayAndTheLedgerForgets) {
  options_.keep_rows = true;
  Insert(1, 3);
  Published({1, 2}, absl::Minutes(62));
  Published({3}, absl::Minutes(10));
  Run("UPDATE kafka_outbox SET push_completed_at = NOW() - INTERVAL 61 MINUTE WHERE id = 1");
  Clean();
  EXPECT_EQ(Left(), "1;2;3");
  EXPECT_EQ(ledger_->size(0), 1);
}

TEST_P(CleanerTest, WithRetentionOffTheLedgerKeepsWhatIsNotMarkedYet) {
  options_.keep_rows = true;
  Insert(1, 5);
  Published({1, 2, 3, 4, 5}, absl::Minutes(90));
  unmarked_ = [](size_t) {
    IdSet ids;
    ids.AddRange(2, 3);
    return ids;
  };
  Clean();
  EXPECT_EQ(ledger_->All(0).Smallest(9), (std::vector<uint64_t>{2, 3}));
  unmarked_ = nullptr;
  Clean();
  EXPECT_EQ(ledger_->size(0), 0);
  EXPECT_EQ(Left(), "1;2;3;4;5");
}

TEST_P(CleanerTest, ATableMadeAnewKeepsItsRows) {
  Insert(1, 3);
  Published({1, 2, 3}, absl::Minutes(62));
  const CleanupResult result = Clean(absl::InfiniteDuration(), "2001-02-03 04:05:06");
  EXPECT_EQ(result.identity.verdict, TableIdentity::Verdict::kOther);
  EXPECT_EQ(result.identity.created, tables_[0].created);
  EXPECT_EQ(Left(), "1;2;3");
  EXPECT_EQ(ledger_->size(0), 3);
}

TEST_P(CleanerTest, ATableThatIsGoneIsSaidSo) {
  Run("DROP TABLE kafka_outbox");
  Published({1}, absl::Minutes(62));
  EXPECT_EQ(Clean().identity.verdict, TableIdentity::Verdict::kGone);
}

TEST_P(CleanerTest, AfterATruncateThatTheStreamHasNotSeenTheNewRowsStay) {
  Insert(1, 9);
  Published({1, 2, 3, 4, 5, 6, 7, 8, 9}, absl::Minutes(62));
  Run("TRUNCATE kafka_outbox");
  Insert(1, 2);
  const CleanupResult result = Clean();
  EXPECT_TRUE(result.ids_came_back);
  EXPECT_EQ(Left(), "1;2");
  EXPECT_EQ(ledger_->size(0), 9);
}

TEST_P(CleanerTest, AnOptimizeOfOursIsNoOtherTable) {
  Insert(1, 3);
  Published({1, 2, 3}, absl::Minutes(62));
  const std::string before = tables_[0].created;
  ASSERT_TRUE(AnnounceRebuild(session(), tables_[0]).ok());
  Select("SELECT SLEEP(1.1)");
  Select("OPTIMIZE TABLE kafka_outbox");
  EXPECT_EQ(CheckTableIdentity(session(), tables_[0], before)->verdict, TableIdentity::Verdict::kRebuilt)
      << "while it is under way";
  ASSERT_TRUE(ConcludeRebuild(session(), tables_[0]).ok());
  const CleanupResult result = Clean(absl::InfiniteDuration(), before);
  EXPECT_EQ(result.identity.verdict, TableIdentity::Verdict::kRebuilt);
  EXPECT_NE(result.identity.created, before);
  EXPECT_EQ(Left(), "");
  EXPECT_EQ(CheckTableIdentity(session(), tables_[0], result.identity.created)->verdict, TableIdentity::Verdict::kSame);
  Select("SELECT SLEEP(1.1)");
  Run("ALTER TABLE kafka_outbox COMMENT 'x'");
  EXPECT_EQ(CheckTableIdentity(session(), tables_[0], result.identity.created)->verdict,
            TableIdentity::Verdict::kOther);
}

TEST_P(CleanerTest, ATableThatStoresNothingNeedsNoDeletes) {
  tables_[0].engine = "BLACKHOLE";
  Published({1, 2}, absl::Minutes(3));
  Clean();
  EXPECT_EQ(ledger_->size(0), 0);
}

TEST_P(CleanerTest, ARowThatIsLockedIsTriedAgainLater) {
  Insert(1, 2);
  Published({1, 2}, absl::Minutes(62));
  const std::unique_ptr<SqlSession> application = Connect();
  ASSERT_TRUE(application->Begin().ok());
  ASSERT_TRUE(application->Execute(absl::StrCat("UPDATE ", schema(), ".kafka_outbox SET topic='x' WHERE id=2")).ok());
  Run("SET SESSION innodb_lock_wait_timeout=1");
  Cleaner cleaner(options_, SchemaOf(), ledger_.get(), &clock_, log_is_read_);
  EXPECT_EQ(cleaner.Clean(session(), 0, "", absl::InfiniteDuration(), nullptr).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(ledger_->size(0), 2);
  ASSERT_TRUE(application->Commit().ok());
  EXPECT_EQ(Clean().published_rows, 2);
}

// MariaDB 11.8 reads the whole table where the ids are most of it.
TEST_P(CleanerTest, ATransactionThatHoldsAnotherRowIsNotWaitedFor) {
  options_.chunk_rows = 1'000;
  Insert(1, 1002);
  std::vector<uint64_t> ids;
  for (uint64_t id = 1; id <= 1000; ++id) ids.push_back(id);
  Published(ids, absl::Minutes(62));
  const std::unique_ptr<SqlSession> application = Connect();
  ASSERT_TRUE(application->Begin().ok());
  ASSERT_TRUE(
      application->Execute(absl::StrCat("UPDATE ", schema(), ".kafka_outbox SET topic='x' WHERE id=1002")).ok());
  Run("SET SESSION innodb_lock_wait_timeout=1");
  EXPECT_EQ(Clean().published_rows, 1000);
  EXPECT_EQ(Left(), "1001;1002");
}

TEST_P(CleanerTest, NothingIsDeletedWhileTheLogIsUnread) {
  Insert(1, 3);
  Published({1, 2, 3}, absl::Minutes(62));
  log_is_read_ = [](SqlSession*) { return false; };
  const CleanupResult result = Clean();
  EXPECT_TRUE(result.log_unread);
  EXPECT_EQ(result.published_rows, 0);
  EXPECT_EQ(Left(), "1;2;3");
  EXPECT_EQ(ledger_->size(0), 3);
}

TEST_P(CleanerTest, ARowThatTakesAnIdRightBeforeItsDeleteStays) {
  Insert(1, 3);
  Insert(9, 9);  // So that no id is above the next one.
  Published({1, 2, 3}, absl::Minutes(62));
  int asked = 0;
  log_is_read_ = [&](SqlSession*) {
    // The stream comes to an insert of id 2 between the two looks; the table has that row already.
    if (++asked == 2) ledger_->RemoveFromOlder(0, 2);
    return true;
  };
  const CleanupResult result = Clean();
  EXPECT_TRUE(result.log_unread);
  EXPECT_EQ(Left(), "1;2;3;9") << "the chunk is rolled back";
  Clean();
  EXPECT_EQ(Left(), "2;9");
}

TEST_P(CleanerTest, NoDdlGetsBetweenADeleteAndTheLookAtTheLog) {
  Insert(1, 3);
  Published({1, 2, 3}, absl::Minutes(62));
  const std::unique_ptr<SqlSession> other = Connect();
  ASSERT_TRUE(other->Execute("SET SESSION lock_wait_timeout = 1").ok());
  int asked = 0;
  log_is_read_ = [&](SqlSession*) {
    if (++asked == 2) {
      EXPECT_FALSE(other->Execute(absl::StrCat("TRUNCATE ", schema(), ".kafka_outbox")).ok());
    }
    return true;
  };
  Clean();
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(Left(), "");
}

TEST_P(CleanerTest, DeletesDoNotLogThePayloadAgain) {
  UseMinimalRowImage(session());
  EXPECT_EQ(Select("SELECT @@SESSION.binlog_row_image"), "MINIMAL");
}

}  // namespace
}  // namespace relay
