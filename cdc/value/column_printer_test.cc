// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/column_printer.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cdc/event/byte_reader.h"
#include "cdc/value/column_storage.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

MappedColumn Column(ColumnType type, uint32_t length = 0, uint8_t scale = 0) {
  MappedColumn column;
  column.type = type;
  column.length = length;
  column.scale = scale;
  return column;
}

std::string Printed(Dialect dialect, const MappedColumn& column, const std::string& declared, absl::string_view charset,
                    const std::string& hex) {
  const DeclaredType type = DeclaredType::Parse(declared);
  absl::StatusOr<ColumnPrinter> printer = ColumnPrinter::Create(dialect, column, declared.empty() ? nullptr : &type,
                                                                charset, ColumnPrinter::Unknown::kRefuse);
  if (!printer.ok()) return absl::StrCat("error: ", printer.status().message());
  TextBuffer out;
  absl::Status status = printer->Append(absl::HexStringToBytes(hex), &out);
  return status.ok() ? std::string(out.view()) : absl::StrCat("error: ", status.message());
}

std::string Printed(const MappedColumn& column, const std::string& declared, const std::string& hex) {
  return Printed(Dialect::kMySql, column, declared, "", hex);
}

TEST(ColumnPrinterTest, IntegersAreSignedAsTheMapOrElseTheLayoutSays) {
  MappedColumn column = Column(ColumnType::kInt24);
  EXPECT_EQ(Printed(column, "mediumint", "ffffff"), "-1");
  EXPECT_EQ(Printed(column, "mediumint unsigned", "ffffff"), "16777215");
  column.is_unsigned = true;
  EXPECT_EQ(Printed(column, "mediumint", "ffffff"), "16777215");
  column.is_unsigned.reset();
  EXPECT_NE(Printed(column, "", "ffffff").find("UNSIGNED"), std::string::npos);
}

TEST(ColumnPrinterTest, ZerofillPads) {
  EXPECT_EQ(Printed(Column(ColumnType::kLong), "int(8) unsigned zerofill", "07000000"), "00000007");
}

TEST(ColumnPrinterTest, FloatingPointHasTheDeclaredDecimals) {
  EXPECT_EQ(Printed(Column(ColumnType::kDouble, 8), "double", "9a9999999999b93f"), "0.1");
  EXPECT_EQ(Printed(Column(ColumnType::kDouble, 8), "double(20,4)", "9a9999999999b93f"), "0.1000");
  EXPECT_EQ(Printed(Column(ColumnType::kFloat, 4), "", "cdcccc3d"), "0.1");
}

// As SELECT prints them on MySQL 9.7 and MariaDB 10.11.
TEST(ColumnPrinterTest, ZerofillPadsFloatingPointToItsDisplayWidth) {
  EXPECT_EQ(Printed(Column(ColumnType::kFloat, 4), "float unsigned zerofill", "0000c03f"), "0000000001.5");
  EXPECT_EQ(Printed(Column(ColumnType::kFloat, 4), "float unsigned zerofill", "ec78ad60"), "000000001e20");
  EXPECT_EQ(Printed(Column(ColumnType::kFloat, 4), "float(8,2) unsigned zerofill", "0000c03f"), "00001.50");
  EXPECT_EQ(Printed(Column(ColumnType::kDouble, 8), "double unsigned zerofill", "000000000000f83f"),
            "00000000000000000001.5");
  EXPECT_EQ(Printed(Column(ColumnType::kDouble, 8), "double(12,3) unsigned zerofill", "000000000000f83f"),
            "00000001.500");
}

TEST(ColumnPrinterTest, YearOfTwoDigits) {
  const MappedColumn column = Column(ColumnType::kYear);
  EXPECT_EQ(Printed(Dialect::kMariaDb, column, "year(2)", "", "46"), "70");
  EXPECT_EQ(Printed(Dialect::kMariaDb, column, "year(2)", "", "a9"), "69");
  EXPECT_EQ(Printed(Dialect::kMariaDb, column, "year(2)", "", "00"), "00");
  EXPECT_EQ(Printed(Dialect::kMariaDb, column, "year(4)", "", "46"), "1970");
  EXPECT_EQ(Printed(Dialect::kMySql, column, "year", "", "46"), "1970");
}

TEST(ColumnPrinterTest, ACollationOfAMySqlAdministratorIsTheLayoutsOrRefused) {
  MappedColumn column = Column(ColumnType::kVarchar, 20);
  column.collation = 1032;  // MariaDB's latin1_swedish_nopad_ci
  EXPECT_EQ(Printed(Dialect::kMariaDb, column, "", "", "e9"), "é");
  EXPECT_NE(Printed(Dialect::kMySql, column, "", "", "e9").find("collation number 1032"), std::string::npos);
  EXPECT_EQ(Printed(Dialect::kMySql, column, "varchar(20)", "cp1251", "e9"), "й");
  EXPECT_NE(Printed(Dialect::kMySql, column, "varchar(20)", "", "e9").find("collation number"), std::string::npos);
  auto guessed = ColumnPrinter::Create(Dialect::kMySql, column, nullptr, "", ColumnPrinter::Unknown::kGuess);
  ASSERT_TRUE(guessed.ok()) << guessed.status();
  EXPECT_TRUE(guessed->IsText("\xe9")) << "the stored bytes";

  MappedColumn names = Column(ColumnType::kEnum, 1);
  names.members = {"\xe9"};
  names.collation = 1032;
  EXPECT_NE(Printed(Dialect::kMySql, names, "", "", "01").find("collation number"), std::string::npos);
  EXPECT_EQ(Printed(Dialect::kMySql, names, "enum('й')", "cp1251", "01"), "й");
}

TEST(ColumnPrinterTest, MariaDbPrintsNegativeZeroWithoutItsSign) {
  const MappedColumn column = Column(ColumnType::kDouble, 8);
  EXPECT_EQ(Printed(Dialect::kMySql, column, "", "", "0000000000000080"), "-0");
  EXPECT_EQ(Printed(Dialect::kMariaDb, column, "", "", "0000000000000080"), "0");
  EXPECT_EQ(Printed(Dialect::kMariaDb, Column(ColumnType::kFloat, 4), "", "", "00000080"), "0");
}

TEST(ColumnPrinterTest, BinaryIsFilledUpAndCharIsNot) {
  MappedColumn column = Column(ColumnType::kString, 4);
  column.collation = 63;
  EXPECT_EQ(Printed(column, "", "0102"), std::string("\x01\x02\0\0", 4));
  column.collation = 255;
  EXPECT_EQ(Printed(column, "", "6162"), "ab");
}

TEST(ColumnPrinterTest, TextIsConvertedFromTheMapsOrElseTheLayoutsCharset) {
  MappedColumn column = Column(ColumnType::kVarchar, 20);
  EXPECT_EQ(Printed(Dialect::kMySql, column, "varchar(20)", "latin1", "e9"), "é");
  EXPECT_EQ(Printed(Dialect::kMySql, column, "varbinary(20)", "", "e9"), "\xe9") << "no charset: binary";
  EXPECT_NE(Printed(column, "", "e9").find("character set"), std::string::npos);
  column.collation = 8;
  EXPECT_EQ(Printed(Dialect::kMySql, column, "varchar(20)", "utf8mb4", "e9"), "é");
  column.collation = 17;
  EXPECT_NE(Printed(column, "", "e9").find("collation number 17"), std::string::npos);
}

TEST(ColumnPrinterTest, Utf32HoldsSurrogatesThatTheServerWritesAsCharacters) {
  EXPECT_EQ(Printed(Dialect::kMariaDb, Column(ColumnType::kVarchar, 20), "varchar(5)", "utf32", "0000d9b8"),
            "\xed\xa6\xb8");
}

TEST(ColumnPrinterTest, EnumAndSetHaveTheirNames) {
  MappedColumn column = Column(ColumnType::kEnum, 1);
  EXPECT_EQ(Printed(column, "enum('a','it''s')", "02"), "it's");
  EXPECT_EQ(Printed(column, "enum('a','it''s')", "00"), "") << "the server's mark of a wrong value";
  EXPECT_EQ(Printed(column, "enum('a','it''s')", "03").substr(0, 5), "error");
  EXPECT_NE(Printed(column, "", "01").find("names"), std::string::npos);
  column.members = {"\xe9"};
  column.collation = 8;
  EXPECT_EQ(Printed(column, "", "01"), "é");
  EXPECT_EQ(Printed(Column(ColumnType::kSet, 1), "set('x','y','z')", "05"), "x,z");
  EXPECT_EQ(Printed(Column(ColumnType::kSet, 1), "set('x','y','z')", "00"), "");
  EXPECT_EQ(Printed(Column(ColumnType::kSet, 1), "set('x','y','z')", "08").substr(0, 5), "error");
}

TEST(ColumnPrinterTest, EnumIsANumberWhereGuessingIsAllowed) {
  absl::StatusOr<ColumnPrinter> printer =
      ColumnPrinter::Create(Dialect::kMySql, Column(ColumnType::kEnum, 1), nullptr, "", ColumnPrinter::Unknown::kGuess);
  ASSERT_TRUE(printer.ok());
  TextBuffer out;
  ASSERT_TRUE(printer->Append("\x02", &out).ok());
  EXPECT_EQ(out.view(), "2");
}

TEST(ColumnPrinterTest, MariaDbsAddressesAreText) {
  const MappedColumn column = Column(ColumnType::kString, 16);
  EXPECT_EQ(Printed(Dialect::kMariaDb, column, "inet6", "", "00000000000000000000000000000001"), "::1");
  EXPECT_EQ(Printed(Dialect::kMariaDb, column, "uuid", "", "123e4567e89b12d3a456426655440000"),
            "123e4567-e89b-12d3-a456-426655440000");
  EXPECT_EQ(Printed(Dialect::kMariaDb, Column(ColumnType::kString, 4), "inet4", "", "0a"), "10.0.0.0");
}

// information_schema shows ENUM('😀','😁') as enum('?','?').
TEST(ColumnPrinterTest, AMemberThatTheSchemaCannotShowIsNotPrinted) {
  const MappedColumn column = Column(ColumnType::kEnum, 1);
  for (const char* charset : {"utf8mb4", "utf16", "utf16le", "utf32", "gb18030"}) {
    const std::string printed = Printed(Dialect::kMySql, column, "enum('a','b?')", charset, "01");
    EXPECT_NE(printed.find("its names (information_schema shows \"b?\" also for"), std::string::npos) << printed;
    EXPECT_NE(printed.find("binlog_row_metadata=FULL"), std::string::npos) << printed;
    EXPECT_EQ(Printed(Dialect::kMySql, column, "enum('a','b')", charset, "01"), "a");
  }
  for (const char* charset : {"latin1", "utf8mb3", "utf8", "gbk", ""}) {
    EXPECT_EQ(Printed(Dialect::kMySql, column, "enum('a','b?')", charset, "02"), "b?") << charset;
  }
  MappedColumn named = column;
  named.members = {"a", "\xF0\x9F\x98\x80"};
  named.collation = 255;
  EXPECT_EQ(Printed(Dialect::kMySql, named, "enum('a','?')", "utf8mb4", "02"), "\xF0\x9F\x98\x80");
}

TEST(ColumnPrinterTest, MariaDbsOwnTimesAreToldByTheLayout) {
  const auto storage = [](Dialect dialect, ColumnType type, const char* declared) {
    const DeclaredType parsed = DeclaredType::Parse(declared);
    absl::StatusOr<ColumnStorage> storage =
        ColumnStorage::Of(dialect, Column(type), *declared == '\0' ? nullptr : &parsed);
    EXPECT_TRUE(storage.ok()) << storage.status();
    return storage.ok() ? *storage : ColumnStorage();
  };
  struct {
    ColumnType type;
    const char* plain;
    const char* digits;
    uint32_t mysql_bytes;
    uint32_t bytes;
  } const cases[] = {
      {ColumnType::kTime, "time /* mariadb-5.3 */", "time(3) /* mariadb-5.3 */", 3, 5},
      {ColumnType::kDatetime, "datetime /* mariadb-5.3 */", "datetime(3) /* mariadb-5.3 */", 8, 7},
      {ColumnType::kTimestamp, "timestamp /* mariadb-5.3 */", "timestamp(5) /* mariadb-5.3 */", 4, 7},
  };
  for (const auto& expected : cases) {
    SCOPED_TRACE(expected.plain);
    EXPECT_EQ(storage(Dialect::kMariaDb, expected.type, expected.digits).fixed_bytes, expected.bytes);
    EXPECT_EQ(storage(Dialect::kMariaDb, expected.type, expected.plain).fixed_bytes, expected.mysql_bytes);
    EXPECT_FALSE(storage(Dialect::kMariaDb, expected.type, "").is_told());
    EXPECT_FALSE(storage(Dialect::kMariaDb, expected.type, "date").is_told()) << "of another type since";
    EXPECT_EQ(storage(Dialect::kMySql, expected.type, "").fixed_bytes, expected.mysql_bytes);
    EXPECT_EQ(storage(Dialect::kMySql, expected.type, "datetime(3)").fixed_bytes, expected.mysql_bytes);
  }
}

// A rebuild gives a column the new format and leaves its digits: information_schema does not mark it any more.
TEST(ColumnPrinterTest, MariaDbsOwnTimesAreReadWhenTheirTableWasRebuiltSince) {
  const DeclaredType declared = DeclaredType::Parse("datetime(3)");
  EXPECT_EQ(ColumnStorage::Of(Dialect::kMariaDb, Column(ColumnType::kDatetime), &declared)->fixed_bytes, 7u);
  EXPECT_EQ(Printed(Dialect::kMariaDb, Column(ColumnType::kTime), "time(1)", "", "01ccbd6d"),
            Printed(Dialect::kMariaDb, Column(ColumnType::kTime), "time(1) /* mariadb-5.3 */", "", "01ccbd6d"));
}

TEST(ColumnPrinterTest, AnUntoldLengthReadsNothing) {
  const ColumnStorage storage = *ColumnStorage::Of(Dialect::kMariaDb, Column(ColumnType::kDatetime), nullptr);
  ByteReader reader("12345678");
  EXPECT_EQ(storage.Read(reader), "");
  EXPECT_FALSE(reader.ok());
}

TEST(ColumnPrinterTest, MetadataThatNoServerWritesIsRefused) {
  EXPECT_FALSE(ColumnStorage::Of(Dialect::kMySql, Column(ColumnType::kDouble, 7), nullptr).ok());
  EXPECT_FALSE(ColumnStorage::Of(Dialect::kMySql, Column(ColumnType::kBlob, 5), nullptr).ok());
  EXPECT_FALSE(ColumnStorage::Of(Dialect::kMySql, Column(ColumnType::kDatetime2, 7), nullptr).ok());
  EXPECT_FALSE(ColumnStorage::Of(Dialect::kMySql, Column(ColumnType::kNewDecimal, 5, 6), nullptr).ok());
  EXPECT_FALSE(ColumnStorage::Of(Dialect::kMySql, Column(ColumnType::kSet, 9), nullptr).ok());
  EXPECT_EQ(ColumnStorage::Of(Dialect::kMySql, Column(ColumnType::kTypedArray), nullptr).status().code(),
            absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace cdc
