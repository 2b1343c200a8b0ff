// SPDX-License-Identifier: Apache-2.0
//
// Against a real server; see cdc/source/live_source_server_test.cc for its variables.
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "relay/sql/sql_session.h"
#include "testing/eventually.h"
#include "testing/given_server.h"

namespace relay {
namespace {

using testing_support::Eventually;

class SqlSessionServerTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::optional<testing_servers::GivenServer> server = testing_servers::ServerFromEnvironment();
    if (!server) GTEST_SKIP() << "OUTBOX_RELAY_TEST_SERVER is not set";
    endpoint_.hosts = {{server->host, server->port, ""}};
    endpoint_.user = server->user;
    endpoint_.password = server->password;
    session_ = Connected();
    ASSERT_NE(session_, nullptr);
    Run("CREATE DATABASE IF NOT EXISTS sql_session");
    Run("DROP TABLE IF EXISTS sql_session.t");
    Run("CREATE TABLE sql_session.t (id BIGINT UNSIGNED PRIMARY KEY, v TEXT CHARACTER SET utf8mb4, b BLOB, j JSON, "
        "short VARCHAR(3)) ENGINE=InnoDB");
  }

  std::unique_ptr<SqlSession> Connected() {
    absl::StatusOr<std::unique_ptr<SqlSession>> session = SqlConnector(endpoint_).Connect();
    EXPECT_TRUE(session.ok()) << session.status();
    return session.ok() ? *std::move(session) : nullptr;
  }

  uint64_t Run(absl::string_view sql, std::initializer_list<SqlParam> params = {}) {
    const absl::StatusOr<uint64_t> matched = session_->Execute(sql, params);
    EXPECT_TRUE(matched.ok()) << matched.status();
    return matched.value_or(0);
  }

  absl::Status Refused(absl::string_view sql, std::initializer_list<SqlParam> params = {}) {
    return session_->Execute(sql, params).status();
  }

  SqlEndpoint endpoint_;
  std::unique_ptr<SqlSession> session_;
};

TEST_F(SqlSessionServerTest, ValuesComeBackAsTheyWereGiven) {
  std::string every_byte;
  for (int i = 0; i < 256; ++i) every_byte.push_back(static_cast<char>(i));
  const std::string text = std::string("quote ' \" ` back\\slash ? % _ nul \0 ctrl-z \x1a tab \t € 😀 ½ end", 64) + "\\";
  const uint64_t id = std::numeric_limits<uint64_t>::max();
  Run("INSERT INTO sql_session.t (id, v, b, j) VALUES (?, ?, ?, ?)",
      {id, text, SqlBytes{every_byte}, R"({"a": "b\"c", "n": null})"});
  const absl::StatusOr<SqlRows> rows =
      session_->Query("SELECT id, v, b, j, short FROM sql_session.t WHERE v = ?", {text});
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->rows.size(), 1u);
  EXPECT_EQ(rows->columns, (std::vector<std::string>{"id", "v", "b", "j", "short"}));
  const SqlRow& row = rows->rows[0];
  EXPECT_EQ(row[0], absl::StrCat(id));
  EXPECT_EQ(row[1], text);
  EXPECT_EQ(row[2], every_byte);
  EXPECT_EQ(row[3], R"({"a": "b\"c", "n": null})");
  EXPECT_EQ(row[4], std::nullopt);
}

TEST_F(SqlSessionServerTest, AnUpdateCountsTheRowsItMatched) {
  Run("INSERT INTO sql_session.t (id, v) VALUES (1, 'same'), (2, 'same')");
  EXPECT_EQ(Run("UPDATE sql_session.t SET v = 'same' WHERE id IN (1, 2, 3)"), 2u);
  EXPECT_EQ(Run("DELETE FROM sql_session.t WHERE id = 3"), 0u);
}

TEST_F(SqlSessionServerTest, AValueThatDoesNotFitIsAnErrorWhateverTheServersMode) {
  Run("SET GLOBAL sql_mode = ''");
  session_ = Connected();
  const absl::Status status = Refused("INSERT INTO sql_session.t (id, short) VALUES (1, 'long')");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  Run("SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES'");
  session_ = Connected();
  Run("INSERT INTO sql_session.t (id, v) VALUES (2, ?)", {"a\\'b"});
  EXPECT_EQ(*session_->QueryValue("SELECT v FROM sql_session.t WHERE id = 2"), "a\\'b");
  Run("SET GLOBAL sql_mode = DEFAULT");
}

TEST_F(SqlSessionServerTest, AServerThatLogsStatementsTakesWrites) {
  Run("SET GLOBAL binlog_format = 'STATEMENT'");
  const std::unique_ptr<SqlSession> session = Connected();
  Run("SET GLOBAL binlog_format = 'ROW'");
  const absl::Status status = session->Execute("INSERT INTO sql_session.t (id) VALUES (1)").status();
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(SqlSessionServerTest, RowsCanBeReadOneAtATimeAndLeftInTheMiddle) {
  std::string values;
  for (int i = 1; i <= 5000; ++i)
    absl::StrAppend(&values, i == 1 ? "" : ",", "(", i, ",'", std::string(200, 'v'), "')");
  Run(absl::StrCat("INSERT INTO sql_session.t (id, v) VALUES ", values));
  uint64_t seen = 0;
  ASSERT_TRUE(session_
                  ->ForEachRow("SELECT id, v FROM sql_session.t ORDER BY id", {},
                               [&seen](SqlCells cells) {
                                 EXPECT_EQ(cells[0], absl::StrCat(++seen));
                                 return absl::OkStatus();
                               })
                  .ok());
  EXPECT_EQ(seen, 5000u);
  const absl::Status left = session_->ForEachRow("SELECT id, v FROM sql_session.t", {},
                                                 [](SqlCells) { return absl::CancelledError("enough"); });
  EXPECT_EQ(left.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(*session_->QueryValue("SELECT COUNT(*) FROM sql_session.t"), "5000") << "the session goes on";
}

TEST_F(SqlSessionServerTest, ATransactionThatIsLeftIsRolledBack) {
  {
    absl::StatusOr<SqlTransaction> transaction = SqlTransaction::Begin(session_.get());
    ASSERT_TRUE(transaction.ok()) << transaction.status();
    Run("INSERT INTO sql_session.t (id) VALUES (1)");
  }
  EXPECT_EQ(*session_->QueryValue("SELECT COUNT(*) FROM sql_session.t"), "0");
  absl::StatusOr<SqlTransaction> transaction = SqlTransaction::Begin(session_.get());
  ASSERT_TRUE(transaction.ok()) << transaction.status();
  Run("INSERT INTO sql_session.t (id) VALUES (1)");
  ASSERT_TRUE(transaction->Commit().ok());
  EXPECT_EQ(*Connected()->QueryValue("SELECT COUNT(*) FROM sql_session.t"), "1");
}

TEST_F(SqlSessionServerTest, ErrorsHaveCodesAndNeverTheValues) {
  EXPECT_EQ(Refused("SELECT 1 FROM sql_session.nothing").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Refused("SELECT 1 FROM nowhere.t").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Refused("SELECT nothing FROM sql_session.t").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Refused("CREATE TABLE sql_session.t (id INT)").code(), absl::StatusCode::kAlreadyExists);
  Run("INSERT INTO sql_session.t (id) VALUES (1)");
  EXPECT_EQ(Refused("INSERT INTO sql_session.t (id) VALUES (1)").code(), absl::StatusCode::kAlreadyExists);
  const absl::Status status = Refused("INSERT INTO sql_session.t (id, j) VALUES (9, ?)", {"secret payload {"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_FALSE(absl::StrContains(status.message(), "secret payload {")) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "VALUES (9, ?)")) << status;
  EXPECT_TRUE(session_->alive());
}

TEST_F(SqlSessionServerTest, AKilledSessionIsUnavailableAndSaysSo) {
  std::unique_ptr<SqlSession> other = Connected();
  Run("KILL ?", {other->connection_id()});
  absl::Status status;
  EXPECT_TRUE(Eventually([&] { return !(status = other->Query("SELECT 1").status()).ok(); }));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_FALSE(other->alive());
  EXPECT_EQ(other->Query("SELECT 1").status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(SqlSessionServerTest, AStatementEndsWithTheReadTimeout) {
  for (const cdc::TlsMode mode : {cdc::TlsMode::kDisabled, cdc::TlsMode::kRequired}) {
    endpoint_.tls.mode = mode;
    endpoint_.read_timeout = absl::Seconds(4);  // Of connecting, too.
    std::unique_ptr<SqlSession> session = Connected();
    ASSERT_NE(session, nullptr);
    const absl::Time start = absl::Now();
    const absl::Status status = session->Query("SELECT SLEEP(20)").status();
    EXPECT_LT(absl::Now() - start, absl::Seconds(15));
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_FALSE(session->alive());
  }
}

TEST_F(SqlSessionServerTest, DeadlocksAndLockWaitsAreUnavailable) {
  Run("INSERT INTO sql_session.t (id) VALUES (1)");
  std::unique_ptr<SqlSession> other = Connected();
  ASSERT_TRUE(other->Execute("SET SESSION innodb_lock_wait_timeout = 1").ok());
  ASSERT_TRUE(session_->Begin().ok());
  Run("UPDATE sql_session.t SET v = 'a' WHERE id = 1");
  EXPECT_EQ(other->Execute("UPDATE sql_session.t SET v = 'b' WHERE id = 1").status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_TRUE(other->alive());
  EXPECT_TRUE(session_->Rollback().ok());
}

TEST_F(SqlSessionServerTest, TheErrorThatSaysMostIsReported) {
  const SqlHost good = endpoint_.hosts[0];
  endpoint_.hosts = {{"127.0.0.1", 1, ""}, good};
  absl::StatusOr<std::unique_ptr<SqlSession>> session = SqlConnector(endpoint_).Connect();
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ((*session)->host_index(), 1u);
  endpoint_.password = "wrong";
  const absl::Status status = SqlConnector(endpoint_).Connect().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "--db-pass/DB_PASS")) << status;
  endpoint_.hosts = {{"127.0.0.1", 1, ""}};
  EXPECT_EQ(SqlConnector(endpoint_).Connect().status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(SqlSessionServerTest, OfSeveralHostsThePrimaryIsTaken) {
  endpoint_.hosts.push_back(endpoint_.hosts[0]);
  EXPECT_TRUE(SqlConnector(endpoint_).Connect().ok());
  Run("SET GLOBAL read_only = 1");
  const absl::Status status = SqlConnector(endpoint_).Connect().status();
  const absl::Status any = SqlConnector(endpoint_).ConnectToAny().status();
  endpoint_.hosts.pop_back();
  const absl::Status only = SqlConnector(endpoint_).Connect().status();
  Run("SET GLOBAL read_only = 0");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "primary")) << status;
  EXPECT_TRUE(any.ok()) << any;
  EXPECT_TRUE(only.ok()) << only;
}

TEST_F(SqlSessionServerTest, TlsModesCheckWhatTheySay) {
  const char* const ca = std::getenv("OUTBOX_RELAY_TEST_CA");
  if (ca == nullptr) GTEST_SKIP() << "OUTBOX_RELAY_TEST_CA is not set";
  const auto connect = [this](cdc::TlsMode mode, const std::string& ca_file) {
    endpoint_.tls.mode = mode;
    endpoint_.tls.ca_file = ca_file;
    absl::StatusOr<std::unique_ptr<SqlSession>> session = SqlConnector(endpoint_).Connect();
    if (session.ok()) {
      EXPECT_EQ((*session)->tls_cipher().empty(), mode == cdc::TlsMode::kDisabled);
    }
    return session.status();
  };
  for (const cdc::TlsMode mode : {cdc::TlsMode::kDisabled, cdc::TlsMode::kPreferred, cdc::TlsMode::kRequired}) {
    EXPECT_TRUE(connect(mode, "").ok());
  }
  for (const cdc::TlsMode mode : {cdc::TlsMode::kVerifyCa, cdc::TlsMode::kVerifyIdentity}) {
    absl::Status status = connect(mode, ca);
    EXPECT_TRUE(status.ok()) << status;
    status = connect(mode, "");
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), "--db-tls-ca/DB_TLS_CA")) << status;
  }
  setenv("SSL_CERT_FILE", ca, 1);
  const absl::Status told = connect(cdc::TlsMode::kVerifyIdentity, "");
  unsetenv("SSL_CERT_FILE");
  EXPECT_TRUE(told.ok()) << told;
}

}  // namespace
}  // namespace relay
