// SPDX-License-Identifier: Apache-2.0
//
// Against real servers: see testing/sql_servers.h.
#include "relay/command/migrate_command.h"

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "relay/status/logging.h"
#include "testing/sql_servers.h"

namespace relay {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class MigrateCommandTest : public testing_servers::SqlServerTest {
 protected:
  void SetUp() override {
    SqlServerTest::SetUp();
    if (session() == nullptr) return;
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
  std::string Print() {
    config_.migrate.print = true;
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(RunMigrate(config_), 0);
    config_.migrate.print = false;
    return ::testing::internal::GetCapturedStdout();
  }

  Config config_;
};

INSTANTIATE_TEST_SUITE_P(Servers, MigrateCommandTest, testing_servers::EachServer(), testing_servers::ServerName);

TEST_P(MigrateCommandTest, PrintsTheStatementsThenRunsThem) {
  EXPECT_THAT(Print(), AllOf(HasSubstr("CREATE TABLE IF NOT EXISTS `" + schema() + "`.`kafka_outbox` ("),
                             HasSubstr("`kafka_outbox_checkpoint`"), HasSubstr(";\n")));
  EXPECT_EQ(Select("SHOW TABLES"), "");
  EXPECT_EQ(RunMigrate(config_), 0);
  EXPECT_EQ(Select("SELECT COUNT(*) FROM kafka_outbox"), "0");
  EXPECT_EQ(Print(), "-- nothing to do\n");
}

TEST_P(MigrateCommandTest, SaysEachTableThatItMakesAndNothingWhenNoneIsMissing) {
  std::vector<std::string> lines;
  SetLogOutputForTest([&](absl::string_view line) { lines.emplace_back(line); });
  EXPECT_EQ(RunMigrate(config_), 0);
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr("migration.applied"), HasSubstr("`kafka_outbox` ("))));
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr("migration.applied"), HasSubstr("`kafka_outbox_owner` ("))));
  lines.clear();
  EXPECT_EQ(RunMigrate(config_), 0);
  SetLogOutputForTest(nullptr);
  EXPECT_THAT(lines, Not(Contains(HasSubstr("migration.applied"))));
}

TEST_P(MigrateCommandTest, WithACheckpointInAFileOnlyTheOutboxTableIsMade) {
  config_.checkpoint.file = "/tmp/checkpoint";
  EXPECT_EQ(RunMigrate(config_), 0);
  EXPECT_EQ(Select("SHOW TABLES"), "kafka_outbox;kafka_outbox_schema_migrations");
}

TEST_P(MigrateCommandTest, AMissingSchemaFails) {
  config_.database.schemas = {schema() + "_no"};
  EXPECT_EQ(RunMigrate(config_), 1);
}

}  // namespace
}  // namespace relay
