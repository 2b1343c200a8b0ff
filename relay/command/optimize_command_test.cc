// SPDX-License-Identifier: Apache-2.0
//
// Against real servers: see testing/sql_servers.h.
#include "relay/command/optimize_command.h"

#include <string>

#include "absl/random/random.h"
#include "gtest/gtest.h"
#include "relay/outbox/outbox_server_fixture.h"
#include "relay/outbox/table_identity.h"
#include "relay/state/relay_identity.h"

namespace relay {
namespace {

class OptimizeCommandTest : public OutboxServerTest {
 protected:
  void SetUp() override {
    OutboxServerTest::SetUp();
    if (tables_.empty()) return;
    const SqlHost& host = endpoint().hosts[0];
    config_.database.hosts = {{host.host, host.port}};
    config_.database.user = endpoint().user;
    config_.database.password = endpoint().password;
    config_.database.schemas = {schema()};
    config_.database.outbox_table = "kafka_outbox";
    config_.database.tls = DbTls::kPreferred;
    config_.database.connect_timeout = absl::Seconds(10);
    config_.database.query_timeout = absl::Seconds(30);
  }

  Config config_;
};

INSTANTIATE_TEST_SUITE_P(Servers, OptimizeCommandTest, testing_servers::EachServer(), testing_servers::ServerName);

TEST_P(OptimizeCommandTest, ARelayAtWorkKnowsTheTableForTheSame) {
  absl::BitGen random;
  ASSERT_TRUE(
      ClaimOutboxTables(session(), {.schemas = {schema()}, .outbox_table = "kafka_outbox", .state_schema = ""}, random)
          .ok());
  Select("SELECT SLEEP(1.1)");
  EXPECT_EQ(RunOptimize(config_), 0);
  EXPECT_EQ(CheckTableIdentity(session(), tables_[0], tables_[0].created)->verdict, TableIdentity::Verdict::kRebuilt);
}

TEST_P(OptimizeCommandTest, WorksWhereNoRelayOfOursHasBeen) {
  Run("DROP TABLE kafka_outbox_owner, kafka_outbox_checkpoint");
  EXPECT_EQ(RunOptimize(config_), 0);
}

TEST_P(OptimizeCommandTest, AMissingTableFailsAndTheOthersAreDone) {
  config_.database.schemas = {schema() + "_no", schema()};
  EXPECT_EQ(RunOptimize(config_), 1);
}

}  // namespace
}  // namespace relay
