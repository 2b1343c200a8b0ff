// SPDX-License-Identifier: Apache-2.0
//
// Against real servers: see testing/sql_servers.h.
#include "relay/cleanup_pass.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "relay/migrations.h"
#include "relay/server_info.h"
#include "testing/sql_servers.h"

namespace relay {
namespace {

class CleanupPassTest : public testing_servers::SqlServerTest {
 protected:
  void SetUp() override {
    SqlServerTest::SetUp();
    if (session() == nullptr) return;
    MigrationOptions options;
    options.schemas = {schema()};
    options.state_schema = schema();
    const auto schemas = Migrate(session(), options);
    ASSERT_TRUE(schemas.ok()) << schemas.status();
    tables_ = *schemas;
    ledger_ = std::make_unique<Ledger>(std::vector<std::string>{schema()});
    for (int id = 1; id <= 5; ++id) {
      Run(absl::StrCat("INSERT INTO kafka_outbox (id, topic, payload_json, payload_headers) VALUES (", id,
                       ",'t','{}','{}')"));
    }
    const absl::Time then = *ReadServerTime(session()) - absl::Minutes(62);
    ledger_->AddAll(0, {1, 2, 3}, {.server = then, .steady = clock_.Monotonic() - absl::Minutes(62)});
  }
  CleanupPass Pass() {
    CleanerOptions options;
    options.pause = absl::ZeroDuration();
    CleanupPass::Parts parts;
    parts.tables = tables_;
    parts.ledger = ledger_.get();
    parts.low_water = [this] { return low_water_; };
    parts.created_changed = [this](size_t, const std::string& created) { created_ = created; };
    parts.ledger_voided = [this](size_t) { ++voided_; };
    parts.clock = &clock_;
    parts.stop = &stop_;
    return CleanupPass(options, parts);
  }
  uint64_t RunPass(CleanupPass* pass) {
    const auto deleted = pass->Run(session(), absl::Seconds(10));
    EXPECT_TRUE(deleted.ok()) << deleted.status();
    return deleted.value_or(0);
  }
  std::string Left() { return Select("SELECT id FROM kafka_outbox ORDER BY id"); }
  void StreamReachesTheEnd() { low_water_ = AskLogEnd(session())->position; }

  std::vector<OutboxSchema> tables_;
  std::unique_ptr<Ledger> ledger_;
  base::FakeClock clock_;
  absl::Notification stop_;
  cdc::BinlogPosition low_water_;
  std::string created_;
  int voided_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Servers, CleanupPassTest, testing_servers::EachServer(), testing_servers::ServerName);

TEST_P(CleanupPassTest, DeletesOnceTheStreamHasPassedWhereTheLogEnded) {
  CleanupPass pass = Pass();
  EXPECT_EQ(RunPass(&pass), 0) << "nothing to compare with yet";
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(RunPass(&pass), 0) << "the stream is behind";
  EXPECT_EQ(Left(), "1;2;3;4;5");
  StreamReachesTheEnd();
  EXPECT_EQ(RunPass(&pass), 3);
  EXPECT_FALSE(pass.more());
  EXPECT_EQ(Left(), "4;5");
}

TEST_P(CleanupPassTest, AStreamThatFellBehindIsNotCloseForLong) {
  CleanupPass pass = Pass();
  StreamReachesTheEnd();
  EXPECT_EQ(RunPass(&pass), 0);
  Run("INSERT INTO kafka_outbox (topic, payload_json, payload_headers) VALUES ('t','{}','{}')");
  clock_.Advance(absl::Seconds(61));
  EXPECT_EQ(RunPass(&pass), 0);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(RunPass(&pass), 0) << "the log has grown since";
  StreamReachesTheEnd();
  EXPECT_EQ(RunPass(&pass), 3);
}

TEST_P(CleanupPassTest, TablesThatAreOthersSinceTheCheckpointHaveNoLedger) {
  CleanupPass pass = Pass();
  ASSERT_TRUE(pass.VerifyTables(session(), {tables_[0].created}).ok());
  EXPECT_EQ(voided_, 0);
  ASSERT_TRUE(pass.VerifyTables(session(), {""}).ok());
  EXPECT_EQ(voided_, 0) << "not known";
  ASSERT_TRUE(pass.VerifyTables(session(), {"2001-01-01 00:00:00"}).ok());
  EXPECT_EQ(voided_, 1);
  EXPECT_EQ(ledger_->size(0), 0);
  EXPECT_EQ(created_, tables_[0].created);
}

TEST_P(CleanupPassTest, ATableAlteredWhileTheRelayWorksIsSweptOnce) {
  CleanupPass pass = Pass();
  StreamReachesTheEnd();
  RunPass(&pass);
  Select("SELECT SLEEP(1.1)");
  Run("ALTER TABLE kafka_outbox COMMENT 'x'");
  StreamReachesTheEnd();
  EXPECT_EQ(RunPass(&pass), 0);
  EXPECT_EQ(voided_, 1);
  EXPECT_FALSE(created_.empty());
  EXPECT_EQ(RunPass(&pass), 0);
  EXPECT_EQ(voided_, 1);
}

}  // namespace
}  // namespace relay
