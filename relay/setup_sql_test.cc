// SPDX-License-Identifier: Apache-2.0
#include "relay/setup_sql.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"

namespace relay {
namespace {

std::string Statements(const ServerInfo& info, const PreconditionOptions& options) {
  return absl::StrJoin(SetupStatements(info, options, "re'lay"), "\n");
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
  for (const char* schema : {"`app`.*", "`shop`.*", "`relay_state`.*"}) {
    EXPECT_TRUE(absl::StrContains(text, schema)) << text;
  }
}

TEST(SetupStatementsTest, GtidsAreTurnedOnStepByStep) {
  const std::string text = Statements(Mysql(), Options());
  const size_t off = text.find("gtid_mode = 'OFF_PERMISSIVE'");
  const size_t on_permissive = text.find("gtid_mode = 'ON_PERMISSIVE'");
  const size_t on = text.find("gtid_mode = 'ON'");
  EXPECT_LT(off, on_permissive);
  EXPECT_LT(on_permissive, on);
  EXPECT_NE(on, text.npos) << text;
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
