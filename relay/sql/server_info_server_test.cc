// SPDX-License-Identifier: Apache-2.0
//
// Against a real server; see cdc/source/live_source_server_test.cc for its variables.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "relay/sql/server_info.h"
#include "testing/given_server.h"

namespace relay {
namespace {

class ServerInfoServerTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::optional<testing_servers::GivenServer> server = testing_servers::ServerFromEnvironment();
    if (!server) GTEST_SKIP() << "OUTBOX_RELAY_TEST_SERVER is not set";
    endpoint_.hosts = {{server->host, server->port, ""}};
    endpoint_.user = server->user;
    endpoint_.password = server->password;
    session_ = Connected();
    ASSERT_NE(session_, nullptr);
  }

  std::unique_ptr<SqlSession> Connected() {
    absl::StatusOr<std::unique_ptr<SqlSession>> session = SqlConnector(endpoint_).Connect();
    EXPECT_TRUE(session.ok()) << session.status();
    return session.ok() ? *std::move(session) : nullptr;
  }

  void Run(absl::string_view sql) {
    const absl::Status status = session_->Execute(sql).status();
    EXPECT_TRUE(status.ok()) << status;
  }

  SqlEndpoint endpoint_;
  std::unique_ptr<SqlSession> session_;
};

TEST_F(ServerInfoServerTest, KnowsVersionLogAndClock) {
  Run("CREATE DATABASE IF NOT EXISTS server_info");  // a new server has no GTID yet
  const absl::Time asked = absl::Now();
  const absl::StatusOr<ServerInfo> info = AskServerInfo(session_.get());
  ASSERT_TRUE(info.ok()) << info.status();
  ASSERT_TRUE(info->monitoring.ok()) << info->monitoring;
  const bool mariadb = info->flavor == SqlSession::Flavor::kMariadb;
  EXPECT_GE(info->version_number, mariadb ? 100000u : 80000u);
  EXPECT_EQ(info->server_uuid.empty(), mariadb);
  EXPECT_NE(info->server_id, 0u);
  EXPECT_TRUE(info->log_bin);
  EXPECT_EQ(info->binlog_format, "ROW");
  EXPECT_EQ(info->binlog_row_image, "FULL");
  EXPECT_EQ(info->gtid_mode, mariadb ? "" : "ON");
  EXPECT_TRUE(info->gtids_decide());
  EXPECT_TRUE(info->primary());
  EXPECT_FALSE(info->gtid_executed.empty());
  ASSERT_FALSE(info->logs.empty());
  EXPECT_EQ(info->logs.back().name, info->log_end.position.file);
  EXPECT_GT(info->server_time, asked - absl::Seconds(2));
  EXPECT_LT(info->server_time, absl::Now() + absl::Seconds(2));
}

TEST_F(ServerInfoServerTest, LogEndMovesWithEachCommit) {
  Run("CREATE DATABASE IF NOT EXISTS server_info");
  const absl::StatusOr<LogEnd> before = AskLogEnd(session_.get());
  ASSERT_TRUE(before.ok()) << before.status();
  Run("CREATE OR REPLACE VIEW server_info.v AS SELECT 1");
  const absl::StatusOr<LogEnd> after = AskLogEnd(session_.get());
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_LT(before->position, after->position);
  EXPECT_TRUE(after->gtids.Contains(before->gtids));
  EXPECT_NE(after->gtids, before->gtids);
}

TEST_F(ServerInfoServerTest, AReadOnlyServerIsNoPrimary) {
  Run("SET GLOBAL read_only = 1");
  const absl::StatusOr<ServerInfo> info = AskServerInfo(session_.get());
  Run("SET GLOBAL read_only = 0");
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_TRUE(info->read_only);
  EXPECT_FALSE(info->primary());
}

TEST_F(ServerInfoServerTest, AMissingPrivilegeIsToldApartFromAnEmptyLog) {
  Run("DROP USER IF EXISTS info_nobody");
  Run("CREATE USER info_nobody IDENTIFIED BY 'pw'");
  endpoint_.user = "info_nobody";
  endpoint_.password = "pw";
  const std::unique_ptr<SqlSession> nobody = Connected();
  const absl::StatusOr<ServerInfo> info = AskServerInfo(nobody.get());
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->monitoring.code(), absl::StatusCode::kPermissionDenied) << info->monitoring;
  EXPECT_TRUE(info->log_bin);
  EXPECT_EQ(AskLogEnd(nobody.get()).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(AskRegisteredReaders(nobody.get()).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(ServerInfoServerTest, LogRetentionIsTheServersSetting) {
  Run("SET GLOBAL binlog_expire_logs_seconds = 7200");
  absl::StatusOr<ServerInfo> info = AskServerInfo(session_.get());
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->log_retention, absl::Hours(2));
  Run("SET GLOBAL binlog_expire_logs_seconds = 0");
  info = AskServerInfo(session_.get());
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->log_retention, std::nullopt);
}

TEST_F(ServerInfoServerTest, LogSpaceLimitIsTheServersSetting) {
  absl::StatusOr<ServerInfo> info = AskServerInfo(session_.get());
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->log_space_limit, 0u);
  if (!session_->Execute("SET GLOBAL max_binlog_total_size = 1099511627776").ok()) {
    GTEST_SKIP() << "this server has no such limit";
  }
  info = AskServerInfo(session_.get());
  Run("SET GLOBAL max_binlog_total_size = 0");
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->log_space_limit, uint64_t{1} << 40);
}

}  // namespace
}  // namespace relay
