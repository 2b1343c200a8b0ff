// SPDX-License-Identifier: Apache-2.0
#include "relay/config/setting_values.h"

#include "gtest/gtest.h"

namespace relay {
namespace {

TEST(SettingValuesTest, BooleansAreThoseOfThePollingRelay) {
  for (const char* text : {"1", "t", "T", "TRUE", "true", "True", "yes", "on"}) {
    EXPECT_TRUE(ParseBooleanValue(text).value()) << text;
  }
  for (const char* text : {"0", "f", "F", "FALSE", "false", "False", "no", "off"}) {
    EXPECT_FALSE(ParseBooleanValue(text).value()) << text;
  }
  for (const char* text : {"", "2", "tRUE", "enabled"}) {
    EXPECT_FALSE(ParseBooleanValue(text).ok()) << text;
  }
}

TEST(SettingValuesTest, IntegersKeepTheirRange) {
  EXPECT_EQ(ParseIntegerValue("3306", 1, 65535).value(), 3306);
  for (const char* text : {"", "0", "65536", "3306x", "1e3", "-1"}) {
    EXPECT_FALSE(ParseIntegerValue(text, 1, 65535).ok()) << text;
  }
}

TEST(SettingValuesTest, AServiceLinkIsRecognised) {
  const auto port = ParseIntegerValue("tcp://10.0.0.1:3306", 1, 65535);
  ASSERT_FALSE(port.ok());
  EXPECT_NE(port.status().message().find("enableServiceLinks"), absl::string_view::npos);
}

TEST(SettingValuesTest, DurationsHaveUnits) {
  const auto parse = [](absl::string_view text) {
    return ParseDurationValue(text, absl::Milliseconds(1), absl::Hours(2));
  };
  EXPECT_EQ(parse("500ms").value(), absl::Milliseconds(500));
  EXPECT_EQ(parse("1h30m").value(), absl::Minutes(90));
  for (const char* text : {"", "5", "1 hour", "-1s", "0", "3h", "inf"}) {
    EXPECT_FALSE(parse(text).ok()) << text;
  }
}

TEST(SettingValuesTest, SizesHaveUnitsOf1000And1024) {
  const auto parse = [](absl::string_view text) { return ParseBytesValue(text, 1, uint64_t{1} << 40); };
  EXPECT_EQ(parse("32MiB").value(), uint64_t{32} << 20);
  EXPECT_EQ(parse("32M").value(), uint64_t{32} << 20);
  EXPECT_EQ(parse("2 MB").value(), 2000000u);
  EXPECT_EQ(parse("4096").value(), 4096u);
  EXPECT_EQ(parse("1g").value(), uint64_t{1} << 30);
  for (const char* text : {"", "MiB", "-1", "0", "1.5GiB", "1TiB", "99999999999999999999GiB"}) {
    EXPECT_FALSE(parse(text).ok()) << text;
  }
}

TEST(SettingValuesTest, ListsDropSpacesAndEmptyParts) {
  EXPECT_EQ(ParseListValue(" a, b ,,c,"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(ParseListValue("").empty());
}

TEST(SettingValuesTest, HostsHaveOptionalPorts) {
  EXPECT_EQ(ParseHostPortValue("db").value(), (HostPort{"db", 0}));
  EXPECT_EQ(ParseHostPortValue("db:3307").value(), (HostPort{"db", 3307}));
  EXPECT_EQ(ParseHostPortValue("[::1]:3307").value(), (HostPort{"::1", 3307}));
  EXPECT_EQ(ParseHostPortValue("[::1]").value(), (HostPort{"::1", 0}));
  EXPECT_EQ(ParseHostPortValue("fe80::1").value(), (HostPort{"fe80::1", 0}));
  for (const char* text :
       {"", ":3306", "db:", "db:0", "db:65536", "db:x", "[::1", "[::1]3306", "[::1]:", "a b", "u@db"}) {
    EXPECT_FALSE(ParseHostPortValue(text).ok()) << text;
  }
}

TEST(SettingValuesTest, StartsAreRead) {
  EXPECT_EQ(ParseStartValue("auto")->kind, StartPosition::Kind::kAuto);
  EXPECT_EQ(ParseStartValue("earliest")->kind, StartPosition::Kind::kEarliest);
  EXPECT_EQ(ParseStartValue("latest")->kind, StartPosition::Kind::kLatest);
  EXPECT_EQ(ParseStartValue("gtid:a-b:1-5")->gtid_set, "a-b:1-5");
  const auto file = ParseStartValue("file:binlog.000007:1234");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->file, "binlog.000007");
  EXPECT_EQ(file->offset, 1234u);
  for (const char* text : {"", "now", "gtid:", "file:", "file:binlog.000007", "file::4", "file:a:-1"}) {
    EXPECT_FALSE(ParseStartValue(text).ok()) << text;
  }
}

TEST(SettingValuesTest, OnePropertyStandsOnALineAndMayHoldAnything) {
  const auto properties = ParsePropertiesValue(
      "sasl.oauthbearer.extensions=logicalCluster=a,identityPoolId=b\n\n  sasl.password = p,w=x;y#z "
      "\r\nclient.id=a=b\n");
  ASSERT_TRUE(properties.ok()) << properties.status();
  EXPECT_EQ(*properties, (std::vector<std::pair<std::string, std::string>>{
                             {"sasl.oauthbearer.extensions", "logicalCluster=a,identityPoolId=b"},
                             {"sasl.password", "p,w=x;y#z"},
                             {"client.id", "a=b"}}));
  EXPECT_FALSE(ParsePropertiesValue("linger.ms").ok());
  EXPECT_FALSE(ParsePropertiesValue("=5").ok());
}

TEST(SettingValuesTest, NamesNeedNoQuoting) {
  EXPECT_TRUE(CheckIdentifierValue("kafka_outbox").ok());
  EXPECT_TRUE(CheckIdentifierValue("bestellungen-ä").ok());
  EXPECT_FALSE(CheckIdentifierValue("").ok());
  EXPECT_FALSE(CheckIdentifierValue("a`b").ok());
  EXPECT_FALSE(CheckIdentifierValue(std::string(65, 'a')).ok());
}

}  // namespace
}  // namespace relay
