// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/table_map.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

// MySQL 9.7, binlog_row_metadata=FULL:
//   CREATE TABLE alltypes (y YEAR, u INT UNSIGNED, v VECTOR(3), j JSON, c CHAR(3) CHARACTER SET latin1,
//     e ENUM('a','b') CHARACTER SET latin1, g GEOMETRY, s SET('x','y'), f FLOAT UNSIGNED, d DECIMAL(5,2) UNSIGNED,
//     bt BIT(9), b BLOB, t TEXT, bin BINARY(3), vb VARBINARY(300), vc VARCHAR(300), vis INT INVISIBLE, pt POINT,
//     ts TIMESTAMP(3) NULL, PRIMARY KEY (u, vc(10)))
constexpr char kMySql[] =
    "6e00000000000100017400"
    "08616c6c747970657300"
    "130d03f2f5fefefffe04f610fcfcfe0f0f03ff1118"
    "0404fe03f70104f8010405020101"
    "0202fe032c01b0040403fd7f07"
    "0101f0"
    "020b3f010803fcff0006fcff00"
    "07020001"
    "0d0103"
    "042f0179017501760"
    "16a01630165016701730166016402627401620174036269"
    "6e0276620276630376697302707402747"
    "3"
    "0b0408fcff00"
    "050502017801"
    "79"
    "06050201610162"
    "090401000f0a"
    "0c03ffff60";

// MariaDB 10.11, the same table with INET6, INET4, UUID and compressed columns in place of VECTOR and JSON.
constexpr char kMariaDb[] =
    "160000000000010001740008616c6c747970657300170d03fefefffe04f610fcfcfe0f0f03ff11fefefefc8d8c20"
    "fe03f70104f80104050201010202fe032c01b0040403fe10fe04fe1004b10402fddf7f"
    "0101f0020b3f0008032d062d0b2e0c2d07020001";

TableMap Parsed(const char* hex, Dialect dialect) {
  absl::StatusOr<TableMap> map = TableMap::Parse(absl::HexStringToBytes(hex), 8, dialect);
  EXPECT_TRUE(map.ok()) << map.status();
  return map.ok() ? *map : TableMap();
}

TEST(TableMapTest, ReadsTypesAndTheirMetadata) {
  const TableMap map = Parsed(kMySql, Dialect::kMySql);
  EXPECT_EQ(map.table_id, 0x6eu);
  EXPECT_EQ(map.schema, "t");
  EXPECT_EQ(map.table, "alltypes");
  ASSERT_EQ(map.columns.size(), 19u);
  EXPECT_EQ(map.columns[2].type, ColumnType::kVector);
  EXPECT_EQ(map.columns[4].type, ColumnType::kString);
  EXPECT_EQ(map.columns[4].length, 3u);
  EXPECT_EQ(map.columns[5].type, ColumnType::kEnum);
  EXPECT_EQ(map.columns[5].length, 1u);
  EXPECT_EQ(map.columns[7].type, ColumnType::kSet);
  EXPECT_EQ(map.columns[9].length, 5u);
  EXPECT_EQ(map.columns[9].scale, 2u);
  EXPECT_EQ(map.columns[10].length, 9u) << "BIT(9)";
  EXPECT_EQ(map.columns[15].length, 1200u);
  EXPECT_EQ(map.columns[18].length, 3u) << "TIMESTAMP(3)";
  EXPECT_FALSE(map.columns[1].nullable);
  EXPECT_TRUE(map.columns[0].nullable);
}

TEST(TableMapTest, GivesEachOptionalFieldToItsColumns) {
  const TableMap map = Parsed(kMySql, Dialect::kMySql);
  ASSERT_EQ(map.columns.size(), 19u);
  EXPECT_TRUE(map.has_names());
  EXPECT_EQ(map.columns[0].name, "y");
  EXPECT_EQ(map.columns[18].name, "ts");
  EXPECT_EQ(map.columns[0].is_unsigned, true) << "YEAR counts among the numeric columns";
  EXPECT_EQ(map.columns[1].is_unsigned, true);
  EXPECT_EQ(map.columns[16].is_unsigned, false);
  EXPECT_EQ(map.columns[2].collation, 63u) << "VECTOR counts among the character columns";
  EXPECT_EQ(map.columns[4].collation, 8u);
  EXPECT_EQ(map.columns[5].collation, 8u) << "ENUM has its own default";
  EXPECT_EQ(map.columns[7].collation, 255u);
  EXPECT_EQ(map.columns[12].collation, 255u);
  EXPECT_EQ(map.columns[13].collation, 63u);
  EXPECT_EQ(map.columns[15].collation, 255u);
  EXPECT_EQ(map.columns[5].members, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(map.columns[7].members, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(map.columns[2].vector_dimensions, 3u);
  EXPECT_EQ(map.columns[6].geometry_type, 0u);
  EXPECT_EQ(map.columns[17].geometry_type, 1u);
  EXPECT_EQ(map.columns[16].visible, false);
  EXPECT_EQ(map.columns[15].visible, true);
  EXPECT_EQ(map.primary_key, (std::vector<PrimaryKeyPart>{{1, 0}, {15, 10}}));
}

TEST(TableMapTest, CountsGeometryAmongMariaDbsCharacterColumns) {
  const TableMap map = Parsed(kMariaDb, Dialect::kMariaDb);
  ASSERT_EQ(map.columns.size(), 23u);
  EXPECT_EQ(map.columns[10].collation, 45u) << "TEXT behind a GEOMETRY";
  EXPECT_EQ(map.columns[13].collation, 45u);
  EXPECT_EQ(map.columns[17].collation, 63u) << "INET6";
  EXPECT_EQ(map.columns[20].collation, 46u) << "JSON is a LONGTEXT with utf8mb4_bin";
  EXPECT_EQ(map.columns[21].type, ColumnType::kVarcharCompressed);
  EXPECT_EQ(map.columns[21].collation, 45u);
}

TEST(TableMapTest, ReadsTheNameAlone) {
  const std::string body = absl::HexStringToBytes(kMySql);
  absl::StatusOr<TableMapName> name = TableMap::ParseName(body, 8);
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(name->table_id, 0x6eu);
  EXPECT_EQ(name->schema, "t");
  EXPECT_EQ(name->table, "alltypes");
  EXPECT_EQ(TableMap::ParseName(body.substr(0, 18), 8).status().code(), absl::StatusCode::kDataLoss);
}

TEST(TableMapTest, ReadsOldServersShortTableIds) {
  absl::StatusOr<TableMap> map = TableMap::Parse(absl::HexStringToBytes("070000000100017400016100010300"
                                                                        "01"),
                                                 6, Dialect::kMySql);
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(map->table_id, 7u);
  EXPECT_EQ(map->table, "a");
  EXPECT_EQ(map->columns[0].type, ColumnType::kLong);
  EXPECT_FALSE(map->has_names());
}

TEST(TableMapTest, HasNoCountItCannotHold) {
  EXPECT_EQ(
      TableMap::Parse(absl::HexStringToBytes("0700000000000100017400016100feffffffffffffffff"), 8, Dialect::kMySql)
          .status()
          .code(),
      absl::StatusCode::kDataLoss);
}

TEST(TableMapTest, EveryPrefixIsAnErrorOrALesserMap) {
  const std::string whole = absl::HexStringToBytes(kMySql);
  for (size_t length = 0; length < whole.size(); ++length) {
    absl::StatusOr<TableMap> map = TableMap::Parse(whole.substr(0, length), 8, Dialect::kMySql);
    EXPECT_TRUE(map.ok() || map.status().code() == absl::StatusCode::kDataLoss) << length;
  }
}

}  // namespace
}  // namespace cdc
