// SPDX-License-Identifier: Apache-2.0
//
// Against real servers: see testing/sql_servers.h.
#include "relay/command/cleanup_command.h"

#include <string>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "relay/cleanup/cleaner.h"
#include "relay/outbox/outbox_server_fixture.h"
#include "relay/state/sql_checkpoint_store.h"
#include "relay/state/state_tables.h"

namespace relay {
namespace {

class CleanupCommandTest : public OutboxServerTest {
 protected:
  void SetUp() override {
    OutboxServerTest::SetUp();
    if (tables_.empty()) return;
    Insert(1, 9);
    Run("UPDATE kafka_outbox SET push_completed_at = NOW() - INTERVAL 61 MINUTE WHERE id = 9");
    Run("UPDATE kafka_outbox SET errored = 1 WHERE id = 3");
    const SqlHost& host = endpoint().hosts[0];
    config_.database.hosts = {{host.host, host.port}};
    config_.database.user = endpoint().user;
    config_.database.password = endpoint().password;
    config_.database.schemas = {schema()};
    config_.database.outbox_table = "kafka_outbox";
    config_.database.tls = DbTls::kPreferred;
    config_.database.connect_timeout = absl::Seconds(10);
    config_.database.query_timeout = absl::Seconds(30);
    config_.cleanup.retention = absl::Hours(1);
    config_.cleanup.chunk_rows = 2;
  }
  // A relay at work published these ids an hour and two minutes ago and saved its checkpoint just now.
  void RelayPublished(std::initializer_list<uint64_t> ids) {
    absl::BitGen random;
    const auto identity = ClaimOutboxTables(
        session(), {.schemas = {schema()}, .outbox_table = "kafka_outbox", .state_schema = ""}, random);
    ASSERT_TRUE(identity.ok()) << identity.status();
    const auto store = MakeSqlCheckpointStore(*identity);
    auto loaded = store->Load(session());
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    loaded->checkpoint.position = {"binlog.000001", 4};
    loaded->checkpoint.tables.push_back({schema(), "kafka_outbox", tables_[0].created, std::nullopt, {}});
    LedgerDelta delta;
    LedgerPart& part = delta.parts.emplace_back();
    part.schema = schema();
    part.minute = absl::ToUnixSeconds(*ReadServerTime(session())) / 60 - 62;
    for (const uint64_t id : ids) part.ids.Add(id);
    ASSERT_TRUE(store->Save(session(), loaded->checkpoint, delta).ok());
  }
  std::string Left() { return Select("SELECT id FROM kafka_outbox ORDER BY id"); }

  Config config_;
  absl::Notification stop_;
};

INSTANTIATE_TEST_SUITE_P(Servers, CleanupCommandTest, testing_servers::EachServer(), testing_servers::ServerName);

TEST_P(CleanupCommandTest, DeletesWhatARelayAtWorkPublishedAndWhatThePollingRelayCompleted) {
  RelayPublished({1, 2, 3, 4, 5});
  EXPECT_EQ(RunCleanup(config_, &stop_), 0);
  EXPECT_EQ(Left(), "3;6;7;8");
  EXPECT_EQ(Select(absl::StrCat("SELECT COUNT(*) FROM ", kLedgerTable)), "1") << "the ledger is the relay's";
  EXPECT_EQ(RunCleanup(config_, &stop_), 0);
}

TEST_P(CleanupCommandTest, WithoutARelayOfOursOnlyCompletedRowsGo) {
  EXPECT_EQ(RunCleanup(config_, &stop_), 0);
  EXPECT_EQ(Left(), "1;2;3;4;5;6;7;8");
}

TEST_P(CleanupCommandTest, TheLedgerOfARelayThatIsNotAtWorkIsLeftAlone) {
  RelayPublished({1, 2});
  Run(absl::StrCat("UPDATE ", kCheckpointTable, " SET saved_at = saved_at - INTERVAL 3 MINUTE"));
  EXPECT_EQ(RunCleanup(config_, &stop_), 0);
  EXPECT_EQ(Left(), "1;2;3;4;5;6;7;8");
}

TEST_P(CleanupCommandTest, ADryRunDeletesNothing) {
  RelayPublished({1, 2});
  config_.cleanup.dry_run = true;
  EXPECT_EQ(RunCleanup(config_, &stop_), 0);
  EXPECT_EQ(Left(), "1;2;3;4;5;6;7;8;9");
}

TEST_P(CleanupCommandTest, AMissingTableFailsAndTheOtherSchemasAreCleaned) {
  config_.database.schemas = {schema() + "_no", schema()};
  EXPECT_EQ(RunCleanup(config_, &stop_), 1);
  EXPECT_EQ(Left(), "1;2;3;4;5;6;7;8");
}

TEST_P(CleanupCommandTest, AWrongPasswordFails) {
  config_.database.password = "wrong";
  EXPECT_EQ(RunCleanup(config_, &stop_), 1);
}

}  // namespace
}  // namespace relay
