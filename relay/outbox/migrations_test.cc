// SPDX-License-Identifier: Apache-2.0
//
// Against real servers: see testing/sql_servers.h.
#include "relay/outbox/migrations.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "relay/outbox/outbox_table_shape.h"
#include "relay/state/state_tables.h"
#include "testing/sql_servers.h"

namespace relay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The polling relay's three migrations, as polling_relay's table of versions states them.
constexpr const char* kVersion1 =
    "CREATE TABLE kafka_outbox (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, batch_id CHAR(36) NULL, push_started_at "
    "DATETIME NULL, push_completed_at DATETIME NULL, topic VARCHAR(255) NOT NULL, payload_json JSON NOT NULL, "
    "payload_headers JSON NOT NULL, push_attempts TINYINT NOT NULL DEFAULT 0, errored TINYINT NOT NULL DEFAULT 0, "
    "error_reason VARCHAR(255) NOT NULL DEFAULT '', created_at DATETIME DEFAULT CURRENT_TIMESTAMP, INDEX "
    "outbox_push_completed_at (push_completed_at))";
constexpr const char* kVersion2 =
    "ALTER TABLE kafka_outbox ADD COLUMN partition_key VARCHAR(255) NOT NULL DEFAULT '', ADD COLUMN `key` VARCHAR(255) "
    "NOT NULL DEFAULT ''";
constexpr const char* kVersion3 = "CREATE INDEX outbox_batch_query ON kafka_outbox (batch_id, created_at)";
constexpr const char* kInsertOfVersion1 =
    "INSERT INTO kafka_outbox (topic, payload_json, payload_headers) VALUES ('t', '{}', '{}')";

class MigrationsTest : public testing_servers::SqlServerTest {
 protected:
  MigrationOptions Options() {
    MigrationOptions options;
    options.schemas = {schema()};
    options.state_schema = schema();
    return options;
  }
  OutboxSchema MigrateOk() {
    const absl::StatusOr<std::vector<OutboxSchema>> schemas = Migrate(session(), Options());
    EXPECT_TRUE(schemas.ok()) << schemas.status();
    return schemas.ok() ? (*schemas)[0] : OutboxSchema();
  }
  void MakePollingRelaysTable(int version) {
    Run(kVersion1);
    if (version >= 2) Run(kVersion2);
    if (version >= 3) Run(kVersion3);
    constexpr int64_t kVersions[] = {20210422155402, 20210831114803, 20220408111504};
    Run("CREATE TABLE kafka_outbox_schema_migrations (version bigint not null primary key, dirty boolean not null)");
    Run(absl::StrCat("INSERT INTO kafka_outbox_schema_migrations VALUES (", kVersions[version - 1], ", 0)"));
  }
  std::string Columns() {
    return Select(
        absl::StrCat("SELECT GROUP_CONCAT(COLUMN_NAME ORDER BY HEX(COLUMN_NAME) SEPARATOR ' ') FROM "
                     "information_schema.COLUMNS WHERE TABLE_SCHEMA='",
                     schema(), "' AND TABLE_NAME='kafka_outbox'"));
  }
  std::string Version() { return Select("SELECT version, dirty FROM kafka_outbox_schema_migrations"); }
};

INSTANTIATE_TEST_SUITE_P(Servers, MigrationsTest, testing_servers::EachServer(), testing_servers::ServerName);

constexpr char kAllColumns[] =
    "batch_id created_at error_reason errored id key partition_key payload_headers payload_json push_attempts "
    "push_completed_at push_started_at topic";

TEST_P(MigrationsTest, MakesAFreshTableThatThePollingRelayWouldTakeForItsOwn) {
  const OutboxSchema schema = MigrateOk();
  EXPECT_EQ(Columns(), kAllColumns);
  EXPECT_EQ(Version(), "20220408111504,0");
  EXPECT_EQ(schema.engine, "InnoDB");
  EXPECT_FALSE(schema.created.empty());
  EXPECT_FALSE(*HasPollingRelaysMarks(session(), schema)) << "we made it ourselves";
  Run(kInsertOfVersion1);
  for (const char* table : {kCheckpointTable, kLedgerTable, kDeadTable, kOwnerTable}) {
    EXPECT_TRUE(*TableExists(session(), this->schema(), table)) << table;
  }
}

TEST_P(MigrationsTest, ChangesNothingTheSecondTime) {
  const OutboxSchema first = MigrateOk();
  EXPECT_THAT(*PlanMigrations(session(), Options()), IsEmpty());
  EXPECT_EQ(MigrateOk().created, first.created);
}

TEST_P(MigrationsTest, TakesOverThePollingRelaysTableAtEachVersion) {
  for (int version = 1; version <= 3; ++version) {
    MakePollingRelaysTable(version);
    Run(kInsertOfVersion1);
    const OutboxSchema schema = MigrateOk();
    EXPECT_EQ(Columns(), kAllColumns) << version;
    EXPECT_EQ(Version(), "20220408111504,0") << version;
    EXPECT_TRUE(*HasPollingRelaysMarks(session(), schema)) << version;
    EXPECT_THAT(PlanOutboxMigration(schema), IsEmpty()) << version;
    Run(kInsertOfVersion1);
    EXPECT_EQ(Select("SELECT COUNT(*) FROM kafka_outbox WHERE `key`='' AND partition_key=''"), "2");
    Run("DROP TABLE kafka_outbox, kafka_outbox_schema_migrations");
  }
}

TEST_P(MigrationsTest, TakesATableMadeByHandWithOtherWidthsOrderAndOwnColumns) {
  Run("CREATE TABLE kafka_outbox (created_at DATETIME(6) NULL, app_note TEXT NOT NULL, payload_headers TEXT NULL, "
      "payload_json LONGBLOB NULL, Topic VARCHAR(80) NULL, errored INT UNSIGNED NULL, push_attempts SMALLINT NULL, id "
      "BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, error_reason TEXT NULL, PRIMARY KEY (id), KEY (topic))");
  const OutboxSchema schema = MigrateOk();
  EXPECT_TRUE(schema.unsigned_id());
  EXPECT_EQ(schema.NameOf(kTopic), "Topic");
  EXPECT_FALSE(*HasPollingRelaysMarks(session(), schema));
  Run("INSERT INTO kafka_outbox (app_note, topic, payload_json) VALUES ('x', 't', '{}')");
  EXPECT_EQ(Select("SELECT COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA=DATABASE() AND "
                   "TABLE_NAME='kafka_outbox' AND COLUMN_NAME='payload_json'"),
            "longblob");
  EXPECT_EQ(Version(), "20220408111504,0");
}

TEST_P(MigrationsTest, ClaimsAndCompletionsAreThePollingRelaysMarks) {
  Run(kVersion1);
  Run(kVersion2);
  const OutboxSchema schema = MigrateOk();
  EXPECT_FALSE(*HasPollingRelaysMarks(session(), schema));
  EXPECT_EQ(*CountFreshClaims(session(), schema), 0);
  Run(kInsertOfVersion1);
  Run("UPDATE kafka_outbox SET batch_id='b', push_started_at=NOW() - INTERVAL 11 MINUTE");
  EXPECT_TRUE(*HasPollingRelaysMarks(session(), schema));
  EXPECT_EQ(*CountFreshClaims(session(), schema), 0);
  Run("UPDATE kafka_outbox SET push_started_at=NOW() - INTERVAL 1 MINUTE");
  EXPECT_EQ(*CountFreshClaims(session(), schema), 1);
  Run("UPDATE kafka_outbox SET push_completed_at=NOW()");
  EXPECT_EQ(*CountFreshClaims(session(), schema), 0);
}

TEST_P(MigrationsTest, FreshClaimsAreCountedWithoutReadingTheRowsThatNobodyClaimed) {
  const OutboxSchema schema = MigrateOk();
  for (int i = 0; i < 9; ++i)
    Run("INSERT INTO kafka_outbox (topic, payload_json, payload_headers) VALUES ('t','{}','{}')");
  for (int doubled = 0; doubled < 9; ++doubled) {
    Run("INSERT INTO kafka_outbox (topic, payload_json, payload_headers) SELECT topic, payload_json, payload_headers "
        "FROM kafka_outbox");
  }
  Run("ANALYZE TABLE kafka_outbox");
  Run("UPDATE kafka_outbox SET batch_id='b', push_started_at=NOW() WHERE id <= 3");
  const auto rows_read = [&] {
    return std::stoll(Select("SELECT SUM(VARIABLE_VALUE) FROM " +
                             std::string(mariadb() ? "information_schema" : "performance_schema") +
                             ".session_status WHERE VARIABLE_NAME LIKE 'Handler_read%'"));
  };
  // What looking costs itself.
  const long long before = rows_read();
  const long long looking = rows_read() - before;
  const long long start = rows_read();
  EXPECT_EQ(*CountFreshClaims(session(), schema), 3);
  EXPECT_LT(rows_read() - start - looking, 100) << "of 4,608 rows";
}

TEST_P(MigrationsTest, WithMigrationsSkippedTheTableIsTakenAsItIs) {
  MigrationOptions options = Options();
  options.skip_outbox_tables = true;
  const absl::Status missing = Migrate(session(), options).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(missing.message(), HasSubstr("does not exist"));
  Run(kVersion1);
  const auto taken = Migrate(session(), options);
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_FALSE((*taken)[0].Has(kKey));
  Run("ALTER TABLE kafka_outbox DROP COLUMN error_reason");
  EXPECT_THAT(Migrate(session(), options).status().message(),
              AllOf(HasSubstr("column 'error_reason' is missing"), HasSubstr("ALTER TABLE")));
}

TEST_P(MigrationsTest, TheCureThatAnErrorNamesWorks) {
  for (const OutboxColumn column : kNeededColumns) {
    if (column == kId) continue;
    Run(kVersion1);
    Run(absl::StrCat("ALTER TABLE kafka_outbox DROP COLUMN ", std::string(kOutboxColumnNames[column])));
    MigrationOptions options = Options();
    options.skip_outbox_tables = true;
    const std::string message(Migrate(session(), options).status().message());
    const size_t cure = message.find("ALTER TABLE");
    ASSERT_NE(cure, std::string::npos) << message;
    Run(message.substr(cure));
    EXPECT_TRUE(Migrate(session(), options).ok()) << message;
    Run("DROP TABLE kafka_outbox");
  }
}

TEST_P(MigrationsTest, PrintsWhatItWouldDoAndDoesNothing) {
  const absl::StatusOr<std::vector<std::string>> statements = PlanMigrations(session(), Options());
  ASSERT_TRUE(statements.ok()) << statements.status();
  EXPECT_EQ(statements->size(), 7);
  EXPECT_EQ(Select("SHOW TABLES"), "");
  for (const std::string& statement : *statements) Run(statement);
  EXPECT_THAT(*PlanMigrations(session(), Options()), IsEmpty());
  EXPECT_EQ(Version(), "20220408111504,0");
}

TEST_P(MigrationsTest, AMissingSchemaIsNamed) {
  MigrationOptions options = Options();
  options.schemas = {"no_such_schema"};
  const absl::Status status = Migrate(session(), options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("no_such_schema"));
}

TEST_P(MigrationsTest, AViewIsRefused) {
  Run(kVersion1);
  Run("RENAME TABLE kafka_outbox TO real_outbox");
  Run("CREATE VIEW kafka_outbox AS SELECT * FROM real_outbox");
  EXPECT_THAT(Migrate(session(), Options()).status().message(), HasSubstr("view"));
}

TEST_P(MigrationsTest, TellsWhenTheTableIsAnotherOne) {
  const OutboxSchema schema = MigrateOk();
  EXPECT_EQ(*ReadTableCreated(session(), this->schema(), "kafka_outbox"), schema.created);
  Select("SELECT SLEEP(1.1)");
  Run("TRUNCATE kafka_outbox");
  EXPECT_EQ(*ReadTableCreated(session(), this->schema(), "kafka_outbox"), schema.created) << "TRUNCATE does not show";
  Run("ALTER TABLE kafka_outbox COMMENT 'x'");
  EXPECT_NE(*ReadTableCreated(session(), this->schema(), "kafka_outbox"), schema.created);
  Run("DROP TABLE kafka_outbox");
  EXPECT_EQ(*ReadTableCreated(session(), this->schema(), "kafka_outbox"), "");
}

TEST_P(MigrationsTest, ATableThatCanNotBeAlteredIsNoCaseForWaiting) {
  Run("CREATE TABLE kafka_outbox (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, topic VARCHAR(255) NOT NULL, "
      "payload_json JSON NOT NULL, payload_headers JSON NOT NULL, push_attempts TINYINT NOT NULL DEFAULT 0, errored "
      "TINYINT NOT NULL DEFAULT 0, error_reason VARCHAR(255) NOT NULL DEFAULT '', note VARCHAR(15800) NOT NULL) "
      "DEFAULT "
      "CHARACTER SET utf8mb4");
  const absl::Status status = Migrate(session(), Options()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("error 1118"), HasSubstr("ALTER TABLE"), HasSubstr("SKIP_MIGRATIONS")));
}

TEST_P(MigrationsTest, AnAlterDoesNotQueueTheApplicationBehindALongTransaction) {
  Run(kVersion1);
  const std::unique_ptr<SqlSession> application = Connect();
  MigrationOptions options = Options();
  options.lock_wait = absl::Seconds(1);
  ASSERT_TRUE(application->Begin().ok());
  ASSERT_TRUE(application->Query(absl::StrCat("SELECT * FROM ", schema(), ".kafka_outbox")).ok());
  EXPECT_EQ(Migrate(session(), options).status().code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(application->Commit().ok());
  MigrateOk();
}

}  // namespace
}  // namespace relay
