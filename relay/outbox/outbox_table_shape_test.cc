// SPDX-License-Identifier: Apache-2.0
#include "relay/outbox/outbox_table_shape.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace relay {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

OutboxColumnInfo Info(const std::string& name, const std::string& column_type) {
  OutboxColumnInfo info;
  info.name = name;
  info.column_type = column_type;
  info.data_type = column_type.substr(0, column_type.find_first_of("( "));
  return info;
}

// As the polling relay's last version leaves it.
OutboxSchema Complete() {
  OutboxSchema schema;
  schema.schema = "shop";
  schema.table = "kafka_outbox";
  schema.exists = true;
  schema.engine = "InnoDB";
  for (const absl::string_view name : kOutboxColumnNames) {
    schema.columns.push_back(Info(std::string(name), "varchar(255)"));
  }
  for (const OutboxColumn column : {kId, kErrored, kPushAttempts}) {
    schema.columns[column] = Info(schema.columns[column].name, "bigint");
  }
  schema.primary_key = {"id"};
  schema.indexes = {{"a", "push_completed_at"}, {"b", "batch_id,created_at"}};
  schema.has_migrations_table = true;
  schema.migration_version = kLastMigrationVersion;
  return schema;
}

void Drop(OutboxSchema* schema, OutboxColumn column) {
  std::erase_if(schema->columns, [&](const OutboxColumnInfo& info) { return info.name == kOutboxColumnNames[column]; });
}

TEST(OutboxTableShape, ACompleteTableIsLeftAlone) {
  EXPECT_THAT(PlanOutboxMigration(Complete()), IsEmpty());
  EXPECT_TRUE(CheckOutboxSchema(Complete()).ok()) << CheckOutboxSchema(Complete());
}

TEST(OutboxTableShape, AMissingTableIsCreatedWithItsVersion) {
  OutboxSchema schema;
  schema.schema = "shop";
  schema.table = "kafka_outbox";
  EXPECT_THAT(PlanOutboxMigration(schema),
              ElementsAre(AllOf(HasSubstr("CREATE TABLE IF NOT EXISTS `shop`.`kafka_outbox`"),
                                HasSubstr("`id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY"),
                                HasSubstr("outbox_batch_query (batch_id, created_at)")),
                          HasSubstr("COMMENT 'made by outbox-relay'"), HasSubstr("VALUES (20220408111504, 0)")));
}

TEST(OutboxTableShape, OnlyWhatIsMissingIsAddedInOneStatement) {
  OutboxSchema schema = Complete();
  Drop(&schema, kKey);
  Drop(&schema, kPartitionKey);
  schema.indexes = {{"a", "push_completed_at,id"}};
  schema.migration_version = 20210422155402;
  EXPECT_THAT(PlanOutboxMigration(schema),
              ElementsAre("ALTER TABLE `shop`.`kafka_outbox` ADD COLUMN `partition_key` VARCHAR(255) NOT NULL DEFAULT "
                          "'', ADD COLUMN `key` VARCHAR(255) NOT NULL DEFAULT '', ADD INDEX outbox_batch_query "
                          "(batch_id, created_at)",
                          "UPDATE `shop`.`kafka_outbox_schema_migrations` SET version = 20220408111504, dirty = 0"));
}

TEST(OutboxTableShape, ANewerPollingRelaysVersionStays) {
  OutboxSchema schema = Complete();
  schema.migration_version = kLastMigrationVersion + 1;
  schema.migration_dirty = true;
  EXPECT_THAT(PlanOutboxMigration(schema), IsEmpty());
}

TEST(OutboxTableShape, AnInterruptedLastMigrationIsMadeWhole) {
  OutboxSchema schema = Complete();
  schema.migration_dirty = true;
  schema.indexes = {{"a", "push_completed_at"}};
  EXPECT_THAT(PlanOutboxMigration(schema),
              ElementsAre(HasSubstr("ADD INDEX outbox_batch_query"), HasSubstr("dirty = 0")));
}

TEST(OutboxTableShape, ATableOfAnotherNameHasNoVersion) {
  OutboxSchema schema;
  schema.schema = "shop";
  schema.table = "events";
  EXPECT_THAT(PlanOutboxMigration(schema), ElementsAre(HasSubstr("`shop`.`events`")));
}

TEST(OutboxTableShape, AnAddedColumnNeverBreaksAnInsertThatDoesNotKnowIt) {
  for (size_t i = 0; i < kOutboxColumnCount; ++i) {
    const OutboxColumn column = static_cast<OutboxColumn>(i);
    if (column == kId || column == kTopic || column == kPayloadJson) continue;
    OutboxSchema schema = Complete();
    Drop(&schema, column);
    const std::vector<std::string> plan = PlanOutboxMigration(schema);
    ASSERT_EQ(plan.size(), 1) << i;
    EXPECT_TRUE(absl::StrContains(plan[0], "DEFAULT") || absl::StrContains(plan[0], " NULL")) << plan[0];
    EXPECT_TRUE(!absl::StrContains(plan[0], "NOT NULL") || absl::StrContains(plan[0], "DEFAULT")) << plan[0];
  }
}

TEST(OutboxTableShape, ATableThatIsNoOutboxIsNotTouched) {
  for (const OutboxColumn column : {kId, kTopic, kPayloadJson}) {
    OutboxSchema schema = Complete();
    Drop(&schema, column);
    EXPECT_THAT(PlanOutboxMigration(schema), IsEmpty());
    EXPECT_EQ(CheckOutboxSchema(schema).code(), absl::StatusCode::kFailedPrecondition);
  }
}

TEST(OutboxTableShape, AMissingNeededColumnIsNamedWithItsCure) {
  for (const OutboxColumn column : kNeededColumns) {
    OutboxSchema schema = Complete();
    Drop(&schema, column);
    const absl::Status status = CheckOutboxSchema(schema);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(status.message(), AllOf(HasSubstr("`shop`.`kafka_outbox`"),
                                        HasSubstr(absl::StrCat("column '", kOutboxColumnNames[column], "' is missing")),
                                        HasSubstr(absl::StrCat("ADD COLUMN `", kOutboxColumnNames[column], "`"))));
  }
}

TEST(OutboxTableShape, KeysAndClaimsMayBeMissing) {
  OutboxSchema schema = Complete();
  for (const OutboxColumn column : {kKey, kPartitionKey, kBatchId, kPushStartedAt, kCreatedAt}) Drop(&schema, column);
  EXPECT_TRUE(CheckOutboxSchema(schema).ok());
}

TEST(OutboxTableShape, UnusableTablesAreNamedWithTheirCure) {
  OutboxSchema schema = Complete();
  schema.is_view = true;
  EXPECT_THAT(CheckOutboxSchema(schema).message(), HasSubstr("view"));
  schema = Complete();
  schema.columns[kId] = Info("id", "char(36)");
  EXPECT_THAT(CheckOutboxSchema(schema).message(), HasSubstr("char(36), not an integer"));
  schema = Complete();
  schema.columns[kErrored] = Info("errored", "varchar(5)");
  EXPECT_THAT(CheckOutboxSchema(schema).message(), HasSubstr("MODIFY `errored`"));
  schema = Complete();
  schema.primary_key.clear();
  EXPECT_THAT(CheckOutboxSchema(schema).message(), HasSubstr("ADD UNIQUE INDEX"));
  schema.indexes.push_back({"c", "ID,topic"});
  EXPECT_TRUE(CheckOutboxSchema(schema).ok());
  schema.exists = false;
  EXPECT_THAT(CheckOutboxSchema(schema).message(), AllOf(HasSubstr("SKIP_MIGRATIONS"), HasSubstr("migrate --print")));
}

TEST(OutboxTableShape, NamesAreComparedWithoutCaseAndKeepTheirSpelling) {
  OutboxSchema schema = Complete();
  schema.columns[kId].name = "ID";
  schema.columns[kTopic].name = "Topic";
  EXPECT_TRUE(CheckOutboxSchema(schema).ok());
  EXPECT_EQ(schema.NameOf(kTopic), "Topic");
}

TEST(OutboxTableShape, IdsAreWrittenAsTheColumnHasThem) {
  OutboxSchema schema = Complete();
  EXPECT_EQ(schema.IdLiteral(~uint64_t{0}), "-1");
  schema.columns[kId] = Info("id", "bigint unsigned");
  EXPECT_EQ(schema.IdLiteral(~uint64_t{0}), "18446744073709551615");
}

}  // namespace
}  // namespace relay
