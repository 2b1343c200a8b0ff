// SPDX-License-Identifier: Apache-2.0
#include "testing/property/random_columns.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "testing/property/random_json.h"

namespace testing_property {
namespace {

RandomColumn Integer(const std::string& declaration, int bits) {
  return {declaration,
          [bits](RandomSource& random) { return absl::StrCat(random.OneIn(3) ? "-" : "", random.SpreadBits(bits)); }};
}

RandomColumn Decimal(int precision, int scale, const std::string& attributes) {
  return {absl::StrCat("DECIMAL(", precision, ",", scale, ")", attributes), [precision, scale](RandomSource& random) {
            std::string digits = random.OneIn(3) ? "-" : "";
            const int integer = precision - scale;
            const uint64_t used = random.Below(static_cast<uint64_t>(integer) + 1);
            for (uint64_t i = 0; i < used; ++i)
              digits += random.OneIn(5) ? '9' : static_cast<char>('0' + random.Below(10));
            if (used == 0) digits += '0';
            digits += '.';
            for (int i = 0; i < scale; ++i) digits += random.OneIn(3) ? '0' : static_cast<char>('0' + random.Below(10));
            return absl::StrCat(digits, "0");
          }};
}

RandomColumn Floating(const std::string& declaration, double limit) {
  return {declaration, [limit](RandomSource& random) {
            double value = random.AnyDouble();
            if (std::fabs(value) > limit) value = std::fmod(value, limit);
            if (random.OneIn(4)) value = std::round(value);
            return absl::StrFormat("'%.17g'", value);
          }};
}

std::string DateText(RandomSource& random) {
  if (random.OneIn(20)) return "0000-00-00";
  if (random.OneIn(20)) return absl::StrFormat("%04d-00-00", random.Below(10000));
  return absl::StrFormat("%04d-%02d-%02d", random.Below(10000), random.Below(13), random.Below(29));
}

std::string ClockText(RandomSource& random, uint64_t hours) {
  return absl::StrFormat("%02d:%02d:%02d.%06d", random.Below(hours), random.Below(60), random.Below(60),
                         random.OneIn(4) ? 0 : random.Below(1000000));
}

void AddTemporal(const ServerTypes& server, std::vector<RandomColumn>* columns) {
  columns->push_back({"DATE", [](RandomSource& random) { return absl::StrCat("'", DateText(random), "'"); }});
  columns->push_back(
      {"YEAR", [](RandomSource& random) { return random.OneIn(10) ? "0" : absl::StrCat(1901 + random.Below(255)); }});
  // By four digits or two; the years of this type go from 1970 to 2069.
  if (server.mariadb) {
    columns->push_back({"YEAR(2)", [](RandomSource& random) {
                          return absl::StrCat(random.OneIn(2) ? random.Below(100) : 1970 + random.Below(100));
                        }});
  }
  for (int digits = 0; digits <= 6; ++digits) {
    columns->push_back({absl::StrCat("TIME(", digits, ")"), [](RandomSource& random) {
                          return absl::StrCat("'", random.OneIn(2) ? "-" : "",
                                              ClockText(random, random.OneIn(2) ? 839 : 30), "'");
                        }});
    columns->push_back({absl::StrCat("DATETIME(", digits, ")"), [](RandomSource& random) {
                          return absl::StrCat("'", DateText(random), " ", ClockText(random, 24), "'");
                        }});
    columns->push_back({absl::StrCat("TIMESTAMP(", digits, ") NULL"), [](RandomSource& random) {
                          if (random.OneIn(20)) return std::string("'0000-00-00 00:00:00'");
                          return absl::StrFormat("'%d-%02d-%02d %s'", 1970 + random.Below(69), 1 + random.Below(12),
                                                 1 + random.Below(28), ClockText(random, 24));
                        }});
  }
}

std::string EnumMembers(const std::string& prefix, int count) {
  std::string members;
  for (int i = 0; i < count; ++i) absl::StrAppend(&members, i == 0 ? "'" : ",'", prefix, i, "'");
  return members;
}

RandomColumn Enum(const std::string& members, const std::string& attributes, uint64_t count) {
  return {absl::StrCat("ENUM(", members, ")", attributes),
          [count](RandomSource& random) { return absl::StrCat(random.Below(count + 1)); }};
}

RandomColumn Set(const std::string& members, const std::string& attributes, uint64_t count) {
  return {absl::StrCat("SET(", members, ")", attributes), [count](RandomSource& random) {
            return absl::StrCat(random.SpreadBits(64) & (~uint64_t{0} >> (64 - count)));
          }};
}

RandomColumn Text(const std::string& declaration, size_t most) {
  return {declaration, [most](RandomSource& random) { return TextLiteral(random.Text(random.Length(most))); }};
}

RandomColumn Binary(const std::string& declaration, size_t most) {
  return {declaration, [most](RandomSource& random) { return HexLiteral(random.Bytes(random.Length(most))); }};
}

// Bytes as they come too, which the server takes where they are text of the character set.
RandomColumn InCharset(const std::string& declaration, const std::string& charset, size_t most) {
  return {declaration, [charset, most](RandomSource& random) {
            if (random.OneIn(2)) return TextLiteral(random.Text(random.Length(most)));
            std::string bytes;
            const size_t characters = random.Length(most);
            for (size_t i = 0; i < characters; ++i) bytes.push_back(static_cast<char>(0x80 | random.Bits()));
            return absl::StrCat("CONVERT(", HexLiteral(bytes), " USING ", charset, ")");
          }};
}

RandomTable Numbers() {
  RandomTable table{"numbers", {}};
  struct {
    const char* name;
    int bits;
  } const kIntegers[] = {{"TINYINT", 8}, {"SMALLINT", 16}, {"MEDIUMINT", 24}, {"INT", 32}, {"BIGINT", 64}};
  for (const auto& integer : kIntegers) {
    table.columns.push_back(Integer(integer.name, integer.bits));
    table.columns.push_back(Integer(absl::StrCat(integer.name, " UNSIGNED"), integer.bits));
    table.columns.push_back(Integer(absl::StrCat(integer.name, "(12) ZEROFILL"), integer.bits));
  }
  const int kDecimals[][2] = {{1, 0},   {1, 1},   {5, 2},  {9, 0},   {9, 9},  {10, 1},  {18, 9}, {19, 10},
                              {20, 20}, {30, 30}, {38, 0}, {40, 13}, {65, 0}, {65, 30}, {64, 1}, {37, 28}};
  for (const auto& decimal : kDecimals) table.columns.push_back(Decimal(decimal[0], decimal[1], ""));
  table.columns.push_back(Decimal(12, 5, " UNSIGNED"));
  table.columns.push_back(Decimal(12, 5, " ZEROFILL"));
  table.columns.push_back(Floating("FLOAT", 3e38));
  table.columns.push_back(Floating("FLOAT UNSIGNED", 3e38));
  table.columns.push_back(Floating("FLOAT(7,3)", 9999));
  table.columns.push_back(Floating("FLOAT(30,20)", 1e9));
  table.columns.push_back(Floating("DOUBLE", 1.7e308));
  table.columns.push_back(Floating("DOUBLE(10,0)", 1e9));
  table.columns.push_back(Floating("DOUBLE(40,2)", 1e30));
  table.columns.push_back(Floating("DOUBLE(50,30)", 1e15));
  table.columns.push_back(Floating("FLOAT ZEROFILL", 3e38));
  table.columns.push_back(Floating("FLOAT(9,4) ZEROFILL", 99999));
  table.columns.push_back(Floating("FLOAT(255,30) ZEROFILL", 3e38));
  table.columns.push_back(Floating("DOUBLE ZEROFILL", 1.7e308));
  table.columns.push_back(Floating("DOUBLE(20,6) ZEROFILL", 1e13));
  table.columns.push_back(Floating("DOUBLE(255,30) ZEROFILL", 1e200));
  for (int bits : {1, 7, 8, 9, 16, 33, 63, 64}) {
    table.columns.push_back({absl::StrCat("BIT(", bits, ")"),
                             [bits](RandomSource& random) { return absl::StrCat(random.SpreadBits(bits)); }});
  }
  return table;
}

RandomTable Strings(const ServerTypes& server) {
  RandomTable table{"strings", {}};
  auto& columns = table.columns;
  columns.push_back(Text("CHAR(0)", 0));
  columns.push_back(Text("CHAR(1)", 1));
  columns.push_back(Text("CHAR(63)", 63));
  columns.push_back(Text("CHAR(64)", 64));
  columns.push_back(Text("CHAR(255)", 255));
  columns.push_back(Text("VARCHAR(1)", 1));
  columns.push_back(Text("VARCHAR(63)", 63));
  columns.push_back(Text("VARCHAR(64)", 64));
  columns.push_back(Text("VARCHAR(1500)", 1500));
  columns.push_back(Text("TINYTEXT", 60));
  columns.push_back(Text("TEXT", 5000));
  columns.push_back(Text("MEDIUMTEXT", 30000));
  columns.push_back(Text("LONGTEXT", 30000));
  columns.push_back(Binary("BINARY(0)", 0));
  columns.push_back(Binary("BINARY(1)", 1));
  columns.push_back(Binary("BINARY(16)", 16));
  columns.push_back(Binary("BINARY(255)", 255));
  columns.push_back(Binary("VARBINARY(255)", 255));
  columns.push_back(Binary("VARBINARY(256)", 256));
  columns.push_back(Binary("TINYBLOB", 255));
  columns.push_back(Binary("BLOB", 20000));
  columns.push_back(Binary("MEDIUMBLOB", 80000));
  columns.push_back(Binary("LONGBLOB", 80000));
  columns.push_back(Enum("'a','b','it''s','with,comma','back\\\\slash','ü','日本'", "", 7));
  columns.push_back(Enum("'é','ä','plain'", " CHARACTER SET latin1", 3));
  columns.push_back(Enum(EnumMembers("member", 300), "", 300));
  columns.push_back(Set("'x','y','ß'", "", 3));
  columns.push_back(Set("'ö','ü'", " CHARACTER SET latin1", 2));
  columns.push_back(Set(EnumMembers("s", 9), "", 9));
  columns.push_back(Set(EnumMembers("s", 33), "", 33));
  columns.push_back(Set(EnumMembers("s", 64), "", 64));
  if (server.mariadb) {
    columns.push_back({"INET4", [](RandomSource& random) {
                         return absl::StrFormat("'%d.%d.%d.%d'", random.Below(256), random.Below(256), random.Below(3),
                                                random.OneIn(3) ? 0 : random.Below(256));
                       }});
    columns.push_back({"INET6", [](RandomSource& random) {
                         std::string address;
                         for (int i = 0; i < 8; ++i) {
                           const bool zero = random.OneIn(2);
                           absl::StrAppendFormat(&address, "%s%x", i == 0 ? "" : ":",
                                                 zero              ? 0
                                                 : random.OneIn(4) ? 0xffff
                                                                   : random.Below(0x10000));
                         }
                         if (random.OneIn(4)) address = absl::StrCat("::", random.OneIn(2) ? "ffff:" : "", "1.2.0.0");
                         return absl::StrCat("'", address, "'");
                       }});
    columns.push_back({"UUID", [](RandomSource& random) {
                         const uint64_t tail = random.OneIn(4) ? 0 : random.Bits();
                         return absl::StrFormat("'%08x-%04x-%04x-%04x-%012x'", random.Bits() & 0xffffffff,
                                                random.Below(65536), random.Below(65536), random.Below(65536),
                                                tail & 0xffffffffffff);
                       }});
    columns.push_back(Text("VARCHAR(900) COMPRESSED", 900));
    columns.push_back(Text("VARCHAR(50) COMPRESSED CHARACTER SET latin1", 50));
    columns.push_back(Text("TEXT COMPRESSED", 9000));
    columns.push_back(Binary("BLOB COMPRESSED", 20000));
    columns.push_back({"JSON", [](RandomSource& random) { return TextLiteral(RandomJsonText(random)); }});
  } else if (server.json) {
    columns.push_back({"JSON", RandomJsonExpression});
  }
  if (server.vectors) {
    columns.push_back({"VECTOR(20)", [mariadb = server.mariadb](RandomSource& random) {
                         std::string vector = mariadb ? "VEC_FromText('[" : "TO_VECTOR('[";
                         const uint64_t count = mariadb ? 20 : 1 + random.Below(20);
                         for (uint64_t i = 0; i < count; ++i) {
                           absl::StrAppendFormat(&vector, "%s%.9f", i == 0 ? "" : ",",
                                                 std::fmod(random.AnyDouble(), 1e9));
                         }
                         return vector + "]')";
                       }});
  }
  auto point = [](RandomSource& random) {
    return absl::StrFormat("ST_GeomFromText('POINT(%d %d)')", random.Below(180), random.Below(90));
  };
  columns.push_back({"POINT", point});
  columns.push_back({"GEOMETRY", [point](RandomSource& random) {
                       if (random.OneIn(2)) return point(random);
                       return absl::StrFormat("ST_GeomFromText('LINESTRING(0 0, %d 1, 2 %d)', 0)", random.Below(100),
                                              random.Below(100));
                     }});
  return table;
}

RandomTable Charsets(const ServerTypes& server) {
  RandomTable table{"charsets", {}};
  std::vector<std::string> charsets = {
      "armscii8", "ascii",  "big5",    "cp1250", "cp1251", "cp1256",  "cp1257",  "cp850", "cp852",    "cp866",
      "cp932",    "dec8",   "eucjpms", "euckr",  "gb2312", "gbk",     "geostd8", "greek", "hebrew",   "hp8",
      "keybcs2",  "koi8r",  "koi8u",   "latin1", "latin2", "latin5",  "latin7",  "macce", "macroman", "sjis",
      "swe7",     "tis620", "ucs2",    "ujis",   "utf16",  "utf16le", "utf32",   "utf8"};
  if (server.gb18030) charsets.push_back("gb18030");
  // Members stand in a table map in the column's own character set, in which a character may end in the byte of a
  // backslash or a quote.
  struct {
    const char* charset;
    std::vector<const char*> members;
  } const kMembers[] = {
      {"gbk", {"誠", "乗", "中文", "a\\\\b", "it''s"}},
      {"sjis", {"ソ", "表能", "カタカナ", "ｱ", "it''s"}},
      {"cp932", {"ソ", "表能", "①", "it''s"}},
      {"big5", {"功", "許蓋", "中文", "it''s"}},
      {"gb18030", {"誠", "ü", "it''s"}},
      {"utf16", {"a", "日本", "it''s", "\\\\"}},
      {"utf16le", {"a", "日本", "it''s", "\\\\"}},
      {"utf32", {"a", "日本", "it''s"}},
      {"ucs2", {"a", "日本", "é", "it''s", "\\\\"}},
      {"ujis", {"日本", "ｱ", "a"}},
      {"euckr", {"한국", "a"}},
      {"latin2", {"ř", "a"}},
      {"cp1251", {"ж", "a"}},
      {"utf8", {"日本", "é", "it''s"}},
      {"binary", {"a", "日本", "é", "it''s", "\\\\"}},
  };
  for (const auto& of : kMembers) {
    if (of.charset == std::string("gb18030") && !server.gb18030) continue;
    const std::string members = absl::StrCat("'", absl::StrJoin(of.members, "','"), "'");
    const std::string attributes = absl::StrCat(" CHARACTER SET ", of.charset);
    table.columns.push_back(Enum(members, attributes, of.members.size()));
    table.columns.push_back(Set(members, attributes, of.members.size()));
  }
  for (const std::string& charset : charsets) {
    table.columns.push_back(InCharset(absl::StrCat("VARCHAR(40) CHARACTER SET ", charset), charset, 20));
    table.columns.push_back(InCharset(absl::StrCat("CHAR(20) CHARACTER SET ", charset), charset, 10));
    table.columns.push_back(InCharset(absl::StrCat("TEXT CHARACTER SET ", charset), charset, 60));
  }
  return table;
}

// More columns than a one-byte count and a machine word's bits hold.
RandomTable Wide() {
  RandomTable table{"wide", {}};
  for (int i = 0; i < 300; ++i) table.columns.push_back(Integer(i % 2 == 0 ? "TINYINT" : "TINYINT UNSIGNED", 8));
  return table;
}

}  // namespace

std::vector<RandomTable> AllTypes(const ServerTypes& server) {
  return {Numbers(), TemporalTypes(server), Strings(server), Charsets(server), Wide()};
}

RandomTable TemporalTypes(const ServerTypes& server) {
  RandomTable table{"times", {}};
  AddTemporal(server, &table.columns);
  return table;
}

}  // namespace testing_property
