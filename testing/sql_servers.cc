// SPDX-License-Identifier: Apache-2.0
#include "testing/sql_servers.h"

#include <cstdlib>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace testing_servers {
namespace {

std::string Setting(const std::string& prefix, const char* name, const char* fallback) {
  const char* value = std::getenv(absl::StrCat(prefix, name).c_str());
  return value == nullptr ? fallback : value;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, ServerKind kind) {
  return out << (kind == ServerKind::kMysql ? "Mysql" : "Mariadb");
}

std::string ServerName(const ::testing::TestParamInfo<ServerKind>& info) {
  return info.param == ServerKind::kMysql ? "Mysql" : "Mariadb";
}

void SqlServerTest::SetUp() {
  const std::string prefix = mariadb() ? "OUTBOX_TEST_MARIADB_" : "OUTBOX_TEST_MYSQL_";
  uint32_t port = 0;
  if (!absl::SimpleAtoi(Setting(prefix, "PORT", ""), &port)) {
    GTEST_SKIP() << prefix << "PORT is not set: no server to test against";
  }
  relay::SqlHost host;
  host.host = Setting(prefix, "HOST", "127.0.0.1");
  host.port = static_cast<uint16_t>(port);
  endpoint_.hosts = {host};
  endpoint_.user = Setting(prefix, "USER", "root");
  endpoint_.password = Setting(prefix, "PASSWORD", "");
  session_ = Connect();
  ASSERT_NE(session_, nullptr);
  // Tests of several processes, each in a pid namespace of its own, may share a server.
  absl::BitGen random;
  schema_ = absl::StrCat("t", absl::Hex(absl::Uniform<uint64_t>(random)));
  Run(absl::StrCat("CREATE DATABASE ", schema_, " CHARACTER SET utf8mb4"));
  Run(absl::StrCat("USE ", schema_));
}

void SqlServerTest::TearDown() {
  if (session_ == nullptr || schema_.empty()) return;
  const absl::StatusOr<relay::SqlRows> schemas = session_->Query(
      "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ? OR LEFT(SCHEMA_NAME, "
      "CHAR_LENGTH(?) + 1) = CONCAT(?, '_')",
      {schema_, schema_, schema_});
  ASSERT_TRUE(schemas.ok()) << schemas.status();
  for (const relay::SqlRow& row : schemas->rows) Run(absl::StrCat("DROP DATABASE `", *row[0], "`"));
}

std::unique_ptr<relay::SqlSession> SqlServerTest::Connect() { return ConnectAs(endpoint_.user, endpoint_.password); }

std::unique_ptr<relay::SqlSession> SqlServerTest::ConnectAs(const std::string& user, const std::string& password) {
  relay::SqlEndpoint endpoint = endpoint_;
  endpoint.user = user;
  endpoint.password = password;
  absl::StatusOr<std::unique_ptr<relay::SqlSession>> session = relay::SqlConnector(endpoint).Connect();
  if (!session.ok()) {
    ADD_FAILURE() << session.status();
    return nullptr;
  }
  return *std::move(session);
}

void SqlServerTest::Run(const std::string& sql) {
  const absl::StatusOr<uint64_t> done = session_->Execute(sql);
  ASSERT_TRUE(done.ok()) << sql << "\n" << done.status();
}

std::string SqlServerTest::Select(const std::string& sql) {
  const absl::StatusOr<relay::SqlRows> result = session_->Query(sql);
  if (!result.ok()) {
    ADD_FAILURE() << sql << "\n" << result.status();
    return "";
  }
  return absl::StrJoin(result->rows, ";", [](std::string* out, const relay::SqlRow& row) {
    absl::StrAppend(out, absl::StrJoin(row, ",", [](std::string* cell_out, const std::optional<std::string>& cell) {
                      absl::StrAppend(cell_out, cell.value_or("NULL"));
                    }));
  });
}

}  // namespace testing_servers
