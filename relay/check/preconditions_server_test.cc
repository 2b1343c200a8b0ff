// SPDX-License-Identifier: Apache-2.0
//
// Against a real server; see cdc/source/live_source_server_test.cc for its variables.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "relay/check/preconditions.h"
#include "relay/outbox/outbox_table_shape.h"
#include "testing/given_server.h"

namespace relay {
namespace {

class PreconditionsServerTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::optional<testing_servers::GivenServer> server = testing_servers::ServerFromEnvironment();
    if (!server) GTEST_SKIP() << "OUTBOX_RELAY_TEST_SERVER is not set";
    SqlEndpoint admin;
    admin.hosts = {{server->host, server->port, ""}};
    admin.user = server->user;
    admin.password = server->password;
    absl::StatusOr<std::unique_ptr<SqlSession>> session = SqlConnector(admin).Connect();
    ASSERT_TRUE(session.ok()) << session.status();
    session_ = *std::move(session);
    Run("DROP DATABASE IF EXISTS pre_app");
    Run("CREATE DATABASE pre_app");
    Run("DROP USER IF EXISTS pre_user");
    Run("CREATE USER pre_user IDENTIFIED BY 'pw'");
    endpoint_ = admin;
    endpoint_.user = "pre_user";
    endpoint_.password = "pw";
    options_.relay.schemas = {"pre_app"};
  }

  void Run(const std::string& sql) {
    const absl::Status status = session_->Execute(sql).status();
    ASSERT_TRUE(status.ok()) << status;
  }

  void GrantAll() {
    const bool mariadb = session_->flavor() == SqlSession::Flavor::kMariadb;
    Run(absl::StrCat("GRANT REPLICATION SLAVE, ", mariadb ? "BINLOG MONITOR, SLAVE MONITOR" : "REPLICATION CLIENT",
                     " ON *.* TO pre_user"));
    Run("GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON pre_app.* TO pre_user");
  }

  std::vector<Finding> Check() { return CheckDatabase(endpoint_, options_, nullptr); }

  // The failures, one a line.
  std::string Failures() {
    std::string text;
    for (const Finding& finding : Check()) {
      if (finding.grade == Finding::Grade::kFail) absl::StrAppend(&text, finding.ToString(), "\n");
    }
    return text;
  }

  std::unique_ptr<SqlSession> session_;
  SqlEndpoint endpoint_;
  PreconditionOptions options_;
};

TEST_F(PreconditionsServerTest, TheGrantsOfTheDocumentationAreEnough) {
  GrantAll();
  EXPECT_EQ(Failures(), "") << "a table that will be made";
  Run(CreateOutboxTableStatement("pre_app", "kafka_outbox"));
  EXPECT_EQ(Failures(), "") << "a table that is there";
}

TEST_F(PreconditionsServerTest, EachMissingPrivilegeIsNamed) {
  Run("GRANT CREATE ON pre_app.* TO pre_user");  // so that the schema is seen
  const std::string failures = Failures();
  EXPECT_TRUE(absl::StrContains(
      failures, session_->flavor() == SqlSession::Flavor::kMariadb ? "BINLOG MONITOR" : "REPLICATION CLIENT"))
      << failures;
  EXPECT_TRUE(absl::StrContains(failures, "REPLICATION SLAVE")) << failures;
  EXPECT_TRUE(absl::StrContains(failures, "ALTER")) << failures;
  EXPECT_TRUE(absl::StrContains(failures, "kafka_outbox_checkpoint")) << failures;
}

TEST_F(PreconditionsServerTest, TheDumpItselfIsTried) {
  GrantAll();
  Run("REVOKE REPLICATION SLAVE ON *.* FROM pre_user");
  const std::string failures = Failures();
  EXPECT_TRUE(absl::StrContains(failures, "GRANT REPLICATION SLAVE ON *.* TO")) << failures;
  EXPECT_EQ(FirstFailure(Check()).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(PreconditionsServerTest, ATableThatMayNotBeChangedFails) {
  GrantAll();
  Run(CreateOutboxTableStatement("pre_app", "kafka_outbox"));
  Run("REVOKE DELETE, UPDATE ON pre_app.* FROM pre_user");
  const std::string failures = Failures();
  EXPECT_TRUE(absl::StrContains(failures, "may not UPDATE, DELETE on `pre_app`.`kafka_outbox`")) << failures;
}

TEST_F(PreconditionsServerTest, AMissingIndexOnPushCompletedAtIsAWarningWhoseCureWorks) {
  GrantAll();
  Run(CreateOutboxTableStatement("pre_app", "kafka_outbox"));
  Run("ALTER TABLE pre_app.kafka_outbox DROP INDEX outbox_push_completed_at");
  options_.skip_migrations = true;
  const auto cure = [&]() -> std::string {
    for (const Finding& finding : Check()) {
      if (finding.grade == Finding::Grade::kWarn && absl::StrContains(finding.what, "push_completed_at")) {
        return finding.cure;
      }
    }
    return "";
  };
  ASSERT_TRUE(absl::StrContains(cure(), "ADD INDEX")) << cure();
  Run(cure());
  EXPECT_EQ(cure(), "");
}

TEST_F(PreconditionsServerTest, AMissingSchemaAndAMissingTableFailWithTheirSetting) {
  GrantAll();
  options_.skip_migrations = true;
  std::string failures = Failures();
  EXPECT_TRUE(absl::StrContains(failures, "SKIP_MIGRATIONS")) << failures;
  options_.relay.schemas = {"pre_nothing"};
  options_.keeps_state = false;
  failures = Failures();
  EXPECT_TRUE(absl::StrContains(failures, "--db-name/DB_NAME")) << failures;
}

TEST_F(PreconditionsServerTest, ATableLackingANeededColumnFails) {
  GrantAll();
  Run("CREATE TABLE pre_app.kafka_outbox (id BIGINT PRIMARY KEY, payload_json JSON)");
  const std::string failures = Failures();
  EXPECT_TRUE(absl::StrContains(failures, "topic")) << failures;
}

TEST_F(PreconditionsServerTest, AWrongPasswordIsTheOnlyLine) {
  endpoint_.password = "wrong";
  const std::vector<Finding> findings = Check();
  ASSERT_EQ(findings.size(), 1u) << absl::StrJoin(findings, "\n", absl::StreamFormatter());
  EXPECT_EQ(findings[0].grade, Finding::Grade::kFail);
  EXPECT_FALSE(findings[0].waiting_cures);
  EXPECT_TRUE(absl::StrContains(findings[0].what, "DB_PASS")) << findings[0];
}

TEST_F(PreconditionsServerTest, OneOfSeveralHostsMayBeDown) {
  GrantAll();
  endpoint_.hosts.insert(endpoint_.hosts.begin(), {"127.0.0.1", 1, ""});
  EXPECT_EQ(Failures(), "");
  endpoint_.hosts.pop_back();
  EXPECT_EQ(FirstFailure(Check()).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace relay
