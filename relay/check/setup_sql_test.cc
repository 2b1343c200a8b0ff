// SPDX-License-Identifier: Apache-2.0
#include "relay/check/setup_sql.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"

namespace relay {
namespace {

std::string Statements(const ServerInfo& info, const PreconditionOptions& options) {
  return absl::StrJoin(SetupStatements(info, options, {"re'lay", false}), "\n");
}

PreconditionOptions Options() {
  PreconditionOptions options;
  options.relay.schemas = {"app", "shop"};
  options.relay.state_schema = "relay_state";
  return options;
}

ServerInfo Mysql() {
  ServerInfo info;
  info.version_number = 90704;
  info.log_bin = true;
  info.binlog_format = "ROW";
  info.gtid_mode = "OFF";
  info.sync_binlog = 1;
  info.innodb_flush_log_at_trx_commit = 1;
  return info;
}

TEST(SetupStatementsTest, GrantsWhatTheRelayDoes) {
  const std::string text = Statements(Mysql(), Options());
  EXPECT_TRUE(absl::StrContains(text, "CREATE USER IF NOT EXISTS 're''lay'@'%'")) << text;
  EXPECT_TRUE(absl::StrContains(text, "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.*")) << text;
  for (const char* schema : {"`app`.*", "`shop`.*", "`relay\\_state`.*"}) {
    EXPECT_TRUE(absl::StrContains(text, schema)) << text;
  }
}

TEST(SetupStatementsTest, AGrantIsOfItsSchemaAlone) {
  PreconditionOptions options = Options();
  options.relay.schemas = {"my_shop", "100%"};
  options.relay.state_schema = "";
  const std::string text = Statements(Mysql(), options);
  EXPECT_TRUE(absl::StrContains(text, "ON `my\\_shop`.*")) << text;
  EXPECT_TRUE(absl::StrContains(text, "ON `100\\%`.*")) << text;
}

TEST(SetupStatementsTest, TheAccountNeedsTlsWhereTheRelayAlwaysUsesIt) {
  const std::string open = Statements(Mysql(), Options());
  EXPECT_TRUE(absl::StrContains(open, "IDENTIFIED BY '<password>';")) << open;
  EXPECT_TRUE(absl::StrContains(open, "-- ALTER USER 're''lay'@'%' REQUIRE SSL;")) << open;
  const std::string over_tls = absl::StrJoin(SetupStatements(Mysql(), Options(), {"relay", true}), "\n");
  EXPECT_TRUE(absl::StrContains(over_tls, "IDENTIFIED BY '<password>' REQUIRE SSL;")) << over_tls;
  EXPECT_FALSE(absl::StrContains(over_tls, "ALTER USER")) << over_tls;
}

TEST(SetupStatementsTest, GtidsAreRecommendedStepByStep) {
  const std::string text = Statements(Mysql(), Options());
  size_t last = 0;
  for (const char* step :
       {"-- Recommended", "enforce_gtid_consistency = 'WARN'", "enforce_gtid_consistency = 'ON'",
        "gtid_mode = 'OFF_PERMISSIVE'", "gtid_mode = 'ON_PERMISSIVE'", "ONGOING_ANONYMOUS_TRANSACTION_COUNT",
        "outbox_relay_source_ahead_bytes", "gtid_mode = 'ON'"}) {
    const size_t at = text.find(step);
    EXPECT_NE(at, text.npos) << step << " in " << text;
    EXPECT_GT(at + 1, last) << step << " in " << text;
    last = at;
  }
}

TEST(SetupStatementsTest, NoStepToGtidsIsAStatement) {
  ServerInfo managed = Mysql();
  managed.managed_by_rds = true;
  for (const ServerInfo& info : {Mysql(), managed}) {
    for (const std::string& statement : SetupStatements(info, Options(), {"relay", false})) {
      if (!absl::StrContains(statement, "gtid")) continue;
      EXPECT_TRUE(absl::StartsWith(statement, "-- ")) << statement;
    }
  }
}

TEST(SetupStatementsTest, StepsToGtidsThatAreDoneAreLeftOut) {
  ServerInfo info = Mysql();
  info.gtid_mode = "ON_PERMISSIVE";
  const std::string text = Statements(info, Options());
  EXPECT_FALSE(absl::StrContains(text, "'WARN'")) << text;
  EXPECT_FALSE(absl::StrContains(text, "_PERMISSIVE'")) << text;
  EXPECT_TRUE(absl::StrContains(text, "gtid_mode = 'ON'")) << text;
  info.gtid_mode = "ON";
  EXPECT_FALSE(absl::StrContains(Statements(info, Options()), "gtid"));
}

TEST(SetupStatementsTest, OfAnUnknownServerNoSettingIsChanged) {
  const std::string text = absl::StrJoin(GrantStatements(ServerInfo(), Options(), {"relay", false}), "\n");
  EXPECT_TRUE(absl::StrContains(text, "GRANT REPLICATION SLAVE, REPLICATION CLIENT")) << text;
  EXPECT_TRUE(absl::StrContains(text, "ON `app`.*")) << text;
  EXPECT_FALSE(absl::StrContains(text, "SET ")) << text;
}

TEST(SetupStatementsTest, MariadbHasItsOwnPrivileges) {
  ServerInfo info = Mysql();
  info.flavor = SqlSession::Flavor::kMariadb;
  info.version_number = 101119;
  info.gtid_mode = "";
  const std::string text = Statements(info, Options());
  EXPECT_TRUE(absl::StrContains(text, "BINLOG MONITOR, SLAVE MONITOR")) << text;
  EXPECT_FALSE(absl::StrContains(text, "gtid_mode")) << text;
}

TEST(SetupStatementsTest, WithoutTheLogNoReplicationIsGranted) {
  PreconditionOptions options = Options();
  options.reads_binlog = false;
  EXPECT_FALSE(absl::StrContains(Statements(Mysql(), options), "REPLICATION"));
}

}  // namespace
}  // namespace relay
