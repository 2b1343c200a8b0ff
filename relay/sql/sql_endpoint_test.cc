// SPDX-License-Identifier: Apache-2.0
#include "relay/sql/sql_endpoint.h"

#include <gtest/gtest.h>

#include <fstream>

namespace relay {
namespace {

TEST(SqlHostTest, PrintsAsItIsGiven) {
  EXPECT_EQ((SqlHost{"db1", 3307, ""}).ToString(), "db1:3307");
  EXPECT_EQ((SqlHost{"::1", 3306, ""}).ToString(), "[::1]:3306");
  EXPECT_EQ((SqlHost{"", 3306, "/run/mysqld.sock"}).ToString(), "/run/mysqld.sock");
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

TEST(CurrentPasswordTest, AnEmptyFileIsNamed) {
  SqlEndpoint endpoint;
  endpoint.password_file = testing::TempDir() + "/empty";
  for (const char* text : {"", "\n", "\r\n"}) {
    std::ofstream(endpoint.password_file, std::ios::binary) << text;
    const absl::Status status = CurrentPassword(endpoint).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
    EXPECT_NE(status.message().find(endpoint.password_file + " is empty"), std::string::npos) << status;
  }
}

TEST(CurrentPasswordTest, AMissingFileIsNamed) {
  SqlEndpoint endpoint;
  endpoint.password_file = "/nowhere/password";
  const absl::Status status = CurrentPassword(endpoint).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_NE(status.message().find("/nowhere/password"), std::string::npos);
}

}  // namespace
}  // namespace relay
