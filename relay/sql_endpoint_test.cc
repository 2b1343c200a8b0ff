// SPDX-License-Identifier: Apache-2.0
#include "relay/sql_endpoint.h"

#include <gtest/gtest.h>

#include <fstream>

namespace relay {
namespace {

TEST(SqlHostTest, EachFormOfAHostIsRead) {
  const auto text = [](absl::string_view given) {
    const absl::StatusOr<SqlHost> host = ParseSqlHost(given, 3306);
    return host.ok() ? host->ToString() : "refused";
  };
  EXPECT_EQ(text("db1"), "db1:3306");
  EXPECT_EQ(text("db1:3307"), "db1:3307");
  EXPECT_EQ(text("[::1]:3307"), "[::1]:3307");
  EXPECT_EQ(text("[::1]"), "[::1]:3306");
  EXPECT_EQ(text("::1"), "[::1]:3306");
  EXPECT_EQ(text("/run/mysqld.sock"), "/run/mysqld.sock");
  EXPECT_EQ(text("unix:/run/mysqld.sock"), "/run/mysqld.sock");
}

TEST(SqlHostTest, NonsenseIsRefused) {
  for (const char* given : {"", ":3306", "db1:", "db1:0", "db1:65536", "db1:x", "[::1", "[::1]x", "unix:"}) {
    EXPECT_EQ(ParseSqlHost(given, 3306).status().code(), absl::StatusCode::kInvalidArgument) << given;
  }
}

TEST(CurrentPasswordTest, FileIsReadAgainEachTime) {
  SqlEndpoint endpoint;
  endpoint.password = "ignored";
  endpoint.password_file = testing::TempDir() + "/password";
  std::ofstream(endpoint.password_file) << "first\n";
  EXPECT_EQ(*CurrentPassword(endpoint), "first");
  std::ofstream(endpoint.password_file) << "second \n\n";
  EXPECT_EQ(*CurrentPassword(endpoint), "second \n");
}

TEST(CurrentPasswordTest, AnEmptyFileIsAnEmptyPassword) {
  SqlEndpoint endpoint;
  endpoint.password_file = testing::TempDir() + "/empty";
  std::ofstream file(endpoint.password_file);
  file.close();
  EXPECT_EQ(*CurrentPassword(endpoint), "");
}

TEST(CurrentPasswordTest, AMissingFileIsNamed) {
  SqlEndpoint endpoint;
  endpoint.password_file = "/nowhere/password";
  const absl::Status status = CurrentPassword(endpoint).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("/nowhere/password"), std::string::npos);
}

}  // namespace
}  // namespace relay
