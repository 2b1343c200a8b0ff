// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/declared_type.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace cdc {
namespace {

TEST(DeclaredTypeTest, ReadsNamesArgumentsAndAttributes) {
  DeclaredType type = DeclaredType::Parse("decimal(10,2) unsigned zerofill");
  EXPECT_EQ(type.name, "decimal");
  EXPECT_EQ(type.arguments, (std::vector<uint32_t>{10, 2}));
  EXPECT_TRUE(type.is_unsigned);
  EXPECT_TRUE(type.zerofill);
  type = DeclaredType::Parse("bigint unsigned");
  EXPECT_EQ(type.name, "bigint");
  EXPECT_TRUE(type.arguments.empty());
  EXPECT_TRUE(type.is_unsigned);
  EXPECT_FALSE(type.zerofill);
  EXPECT_FALSE(DeclaredType::Parse("int(11)").is_unsigned);
}

TEST(DeclaredTypeTest, ReadsMembersAsTheServerQuotesThem) {
  EXPECT_EQ(DeclaredType::Parse("enum('a','it''s','x,y','b)c','d\\\\e','unsigned')").members,
            (std::vector<std::string>{"a", "it's", "x,y", "b)c", "d\\e", "unsigned"}));
  EXPECT_FALSE(DeclaredType::Parse("set('unsigned')").is_unsigned);
  EXPECT_EQ(DeclaredType::Parse("set('')").members, (std::vector<std::string>{""}));
}

TEST(DeclaredTypeTest, ReadsMariaDbsOwnTimes) {
  DeclaredType type = DeclaredType::Parse("time(3) /* mariadb-5.3 */");
  EXPECT_EQ(type.name, "time");
  EXPECT_EQ(type.arguments, (std::vector<uint32_t>{3}));
}

TEST(DeclaredTypeTest, TakesWhatItCanOfAMalformedType) {
  struct {
    const char* text;
    const char* name;
    std::vector<uint32_t> arguments;
    std::vector<std::string> members;
  } const cases[] = {
      {"", "", {}, {}},
      {"(", "", {}, {}},
      {")", ")", {}, {}},
      {"enum(", "enum", {}, {}},
      {"enum('", "enum", {}, {""}},
      {"enum('a", "enum", {}, {"a"}},
      {"enum('a\\", "enum", {}, {"a\\"}},
      {"enum('a',", "enum", {}, {"a"}},
      {"enum(a)", "enum", {}, {}},
      {"decimal(,)", "decimal", {}, {}},
      {"decimal(10", "decimal", {10}, {}},
      {"decimal(99999999999,3)", "decimal", {3}, {}},
  };
  for (const auto& expected : cases) {
    const DeclaredType type = DeclaredType::Parse(expected.text);
    EXPECT_EQ(type.name, expected.name) << expected.text;
    EXPECT_EQ(type.arguments, expected.arguments) << expected.text;
    EXPECT_EQ(type.members, expected.members) << expected.text;
    EXPECT_FALSE(type.is_unsigned || type.zerofill) << expected.text;
  }
}

}  // namespace
}  // namespace cdc
