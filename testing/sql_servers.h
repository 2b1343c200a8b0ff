// SPDX-License-Identifier: Apache-2.0
//
// The real servers that SQL tests run against, named by the environment:
//
//   OUTBOX_TEST_MYSQL_HOST     OUTBOX_TEST_MARIADB_HOST      default 127.0.0.1
//   OUTBOX_TEST_MYSQL_PORT     OUTBOX_TEST_MARIADB_PORT      unset: the server's tests are skipped
//   OUTBOX_TEST_MYSQL_USER     OUTBOX_TEST_MARIADB_USER      default root; needs every privilege
//   OUTBOX_TEST_MYSQL_PASSWORD OUTBOX_TEST_MARIADB_PASSWORD  default empty
//
// Such tests are tagged "manual" and "servers"; testing/run.sh starts the servers and passes the variables
// (bazel test --test_env=OUTBOX_TEST_MYSQL_PORT=…).
#ifndef TESTING_SQL_SERVERS_H_
#define TESTING_SQL_SERVERS_H_

#include <memory>
#include <ostream>
#include <string>

#include "gtest/gtest.h"
#include "relay/sql/sql_session.h"

namespace testing_servers {

enum class ServerKind { kMysql, kMariadb };
std::ostream& operator<<(std::ostream& out, ServerKind kind);

// Base of a test that runs once on each kind of server:
//
//   class MyTest : public testing_servers::SqlServerTest {};
//   INSTANTIATE_TEST_SUITE_P(Servers, MyTest, testing_servers::EachServer(), testing_servers::ServerName);
//
// Each test begins with an empty schema of its own, which is dropped at its end.
class SqlServerTest : public ::testing::TestWithParam<ServerKind> {
 protected:
  void SetUp() override;
  void TearDown() override;

  bool mariadb() const { return GetParam() == ServerKind::kMariadb; }
  // The session that the test begins with; the schema is its default one.
  relay::SqlSession* session() { return session_.get(); }
  // The test's schema. More of them: schema() + "_x"; all that begin so are dropped.
  const std::string& schema() const { return schema_; }
  // A further session, as root or as another user.
  std::unique_ptr<relay::SqlSession> Connect();
  std::unique_ptr<relay::SqlSession> ConnectAs(const std::string& user, const std::string& password);
  const relay::SqlEndpoint& endpoint() const { return endpoint_; }

  // Runs a statement that must succeed.
  void Run(const std::string& sql);
  // The result's cells, joined by "," in a row and ";" between rows; NULL as "NULL".
  std::string Select(const std::string& sql);

 private:
  relay::SqlEndpoint endpoint_;
  std::string schema_;
  std::unique_ptr<relay::SqlSession> session_;
};

inline auto EachServer() { return ::testing::Values(ServerKind::kMysql, ServerKind::kMariadb); }
std::string ServerName(const ::testing::TestParamInfo<ServerKind>& info);

}  // namespace testing_servers

#endif  // TESTING_SQL_SERVERS_H_
