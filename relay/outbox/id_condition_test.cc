// SPDX-License-Identifier: Apache-2.0
#include "relay/outbox/id_condition.h"

#include "gtest/gtest.h"

namespace relay {
namespace {

OutboxSchema Schema(const char* id_type, bool errored_nullable) {
  OutboxSchema schema;
  schema.schema = "shop";
  schema.table = "kafka_outbox";
  schema.exists = true;
  OutboxColumnInfo id;
  id.name = "id";
  id.column_type = id_type;
  OutboxColumnInfo errored;
  errored.name = "errored";
  errored.nullable = errored_nullable;
  schema.columns = {id, errored};
  return schema;
}

TEST(IdCondition, NeighboursBecomeRangesAndTheRestAList) {
  EXPECT_EQ(IdCondition(Schema("bigint", false), {1, 2, 3, 4, 7, 8, 10, 20, 21, 22}),
            "(`id` BETWEEN 1 AND 4 OR `id` BETWEEN 20 AND 22 OR `id` IN (7, 8, 10))");
  EXPECT_EQ(IdCondition(Schema("bigint", false), {5}), "(`id` IN (5))");
  EXPECT_EQ(IdCondition(Schema("bigint", false), {5, 6, 7}), "(`id` BETWEEN 5 AND 7)");
}

TEST(IdCondition, RangesOfSignedIdsDoNotCrossTheBorderToNegativeOnes) {
  const uint64_t border = uint64_t{1} << 63;
  EXPECT_EQ(IdCondition(Schema("bigint", false), {border - 3, border - 2, border - 1, border, border + 1, border + 2}),
            "(`id` BETWEEN 9223372036854775805 AND 9223372036854775807 OR `id` BETWEEN -9223372036854775808 AND "
            "-9223372036854775806)");
  EXPECT_EQ(IdCondition(Schema("bigint unsigned", false), {~uint64_t{0}}), "(`id` IN (18446744073709551615))");
}

TEST(IdCondition, TheIndexOfTheIdsIsNamedWhereItIsTheTablesKey) {
  OutboxSchema schema = Schema("bigint", false);
  EXPECT_EQ(IdIndexHint(schema), "");
  schema.primary_key = {"tenant", "id"};
  EXPECT_EQ(IdIndexHint(schema), "");
  schema.primary_key = {"ID"};
  EXPECT_EQ(IdIndexHint(schema), " FORCE INDEX (PRIMARY)");
}

TEST(IdCondition, AnErroredColumnThatAllowsNullCountsNullAsNotErrored) {
  EXPECT_EQ(NotErroredCondition(Schema("bigint", false)), "`errored` = 0");
  EXPECT_EQ(NotErroredCondition(Schema("bigint", true)), "(`errored` = 0 OR `errored` IS NULL)");
}

}  // namespace
}  // namespace relay
