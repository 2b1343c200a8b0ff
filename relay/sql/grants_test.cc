// SPDX-License-Identifier: Apache-2.0
#include "relay/sql/grants.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

Grants Of(std::initializer_list<absl::string_view> lines) {
  Grants grants;
  for (absl::string_view line : lines) grants.Add(line);
  return grants;
}

TEST(GrantsTest, GlobalSchemaAndTableGrantsAreToldApart) {
  const Grants grants = Of({"GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `relay`@`%`",
                            "GRANT SELECT, CREATE ON `app`.* TO `relay`@`%`",
                            "GRANT UPDATE, DELETE ON `app`.`kafka_outbox` TO `relay`@`%`"});
  EXPECT_TRUE(grants.Globally("REPLICATION SLAVE"));
  EXPECT_FALSE(grants.Globally("SELECT"));
  EXPECT_TRUE(grants.OnSchema("CREATE", "app"));
  EXPECT_FALSE(grants.OnSchema("CREATE", "other"));
  EXPECT_FALSE(grants.OnSchema("DELETE", "app"));
  EXPECT_TRUE(grants.OnTable("DELETE", "app", "kafka_outbox"));
  EXPECT_TRUE(grants.OnTable("CREATE", "app", "kafka_outbox"));
  EXPECT_FALSE(grants.OnTable("DELETE", "app", "other"));
}

TEST(GrantsTest, AllPrivilegesHoldEach) {
  EXPECT_TRUE(Of({"GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"}).OnSchema("ALTER", "x"));
  EXPECT_TRUE(Of({"GRANT ALL PRIVILEGES ON `app`.* TO `relay`@`%`"}).OnTable("ALTER", "app", "t"));
}

TEST(GrantsTest, SchemasAreGrantedByPattern) {
  const Grants grants = Of({"GRANT CREATE ON `app\\_%`.* TO `relay`@`%`"});
  EXPECT_TRUE(grants.OnSchema("CREATE", "app_1"));
  EXPECT_FALSE(grants.OnSchema("CREATE", "appx1"));
  EXPECT_TRUE(MatchesSchemaPattern("a_c", "abc"));
  EXPECT_TRUE(MatchesSchemaPattern("%", ""));
  EXPECT_FALSE(MatchesSchemaPattern("a", "ab"));
}

TEST(GrantsTest, AQuotedPatternMatchesItsSchemaAlone) {
  EXPECT_EQ(QuoteSchemaPattern("shop"), "`shop`");
  EXPECT_EQ(QuoteSchemaPattern("my_shop%\\"), "`my\\_shop\\%\\\\`");
  EXPECT_TRUE(MatchesSchemaPattern("my\\_shop", "my_shop"));
  EXPECT_FALSE(MatchesSchemaPattern("my\\_shop", "myXshop"));
}

TEST(GrantsTest, APartialRevokeCountsForItsSchema) {
  const Grants grants = Of({"GRANT CREATE ON *.* TO `relay`@`%`", "REVOKE CREATE ON `app`.* FROM `relay`@`%`"});
  EXPECT_FALSE(grants.OnSchema("CREATE", "app"));
  EXPECT_TRUE(grants.OnSchema("CREATE", "other"));
}

TEST(GrantsTest, ColumnPrivilegesRolesAndProxiesGrantNothing) {
  const Grants grants =
      Of({"GRANT SELECT (`id`, `topic`), UPDATE ON `app`.`t` TO `relay`@`%`", "GRANT `writer`@`%` TO `relay`@`%`",
          "GRANT PROXY ON ``@`` TO `root`@`localhost`", "GRANT EXECUTE ON PROCEDURE `app`.`p` TO `relay`@`%`"});
  EXPECT_FALSE(grants.OnTable("SELECT", "app", "t"));
  EXPECT_TRUE(grants.OnTable("UPDATE", "app", "t"));
  EXPECT_FALSE(grants.OnTable("EXECUTE", "app", "p"));
}

TEST(GrantsTest, MariadbsNewNamesCount) {
  const Grants grants =
      Of({"GRANT REPLICATION SLAVE, BINLOG MONITOR, SLAVE MONITOR ON *.* TO `relay`@`%` IDENTIFIED "
          "BY PASSWORD '*0'"});
  EXPECT_TRUE(grants.Globally("REPLICATION CLIENT"));
  EXPECT_TRUE(grants.Globally("SLAVE MONITOR"));
}

}  // namespace
}  // namespace relay
