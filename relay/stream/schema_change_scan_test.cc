// SPDX-License-Identifier: Apache-2.0
#include "relay/stream/schema_change_scan.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "testing/event_writer.h"

namespace relay {
namespace {

using testing_support::EventList;
using testing_support::EventWriter;

// The statement that ends a proof of app.t's columns, empty if none of these does.
std::string Found(const std::vector<std::string>& statements) {
  EventWriter w;
  EventList events;
  events.Add(w.Rotate("binlog.000001", 4, /*artificial=*/true)).Add(w.FormatDescription());
  for (const std::string& statement : statements) events.Add(w.Gtid(1)).Add(w.Query(statement));
  const auto found = FindSchemaChange(&events, "app", "t", {"binlog.000001", 4}, {"binlog.000009", 4});
  EXPECT_TRUE(found.ok()) << found.status();
  return found.ok() && found->has_value() ? (*found)->statement : "";
}

TEST(SchemaChangeScanTest, FindsTheFirstChangeOfColumns) {
  EXPECT_EQ(Found({"ALTER TABLE u ADD a INT", "ALTER TABLE t ADD a INT", "DROP TABLE t"}), "ALTER TABLE t ADD a INT");
  EXPECT_EQ(Found({"RENAME TABLE t TO _t_old, _t_new TO t"}), "RENAME TABLE t TO _t_old, _t_new TO t");
  EXPECT_EQ(Found({"DROP TABLE IF EXISTS t", "CREATE TABLE IF NOT EXISTS t (a INT)"}), "DROP TABLE IF EXISTS t");
  EXPECT_EQ(Found({"CREATE OR REPLACE TABLE t (a INT)"}), "CREATE OR REPLACE TABLE t (a INT)");
  EXPECT_EQ(Found({"CREATE TABLE t (a INT)"}), "CREATE TABLE t (a INT)");
  EXPECT_EQ(Found({"SET STATEMENT lock_wait_timeout=5 FOR ALTER TABLE t DROP a"}),
            "SET STATEMENT lock_wait_timeout=5 FOR ALTER TABLE t DROP a");
}

TEST(SchemaChangeScanTest, PassesOverDdlThatLeavesColumnsAlone) {
  EXPECT_EQ(Found({"TRUNCATE TABLE t", "TRUNCATE t"}), "");
  EXPECT_EQ(Found({"CREATE INDEX i ON t (a)", "DROP INDEX i ON t", "OPTIMIZE TABLE t", "ANALYZE TABLE t"}), "");
  EXPECT_EQ(Found({"CREATE TABLE IF NOT EXISTS t (a INT)", "CREATE TABLE IF NOT EXISTS `app`.`t` (b INT)"}), "");
  EXPECT_EQ(Found({"CREATE TEMPORARY TABLE t (a INT)", "DROP TEMPORARY TABLE t"}), "");
}

}  // namespace
}  // namespace relay
