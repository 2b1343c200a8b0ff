// SPDX-License-Identifier: Apache-2.0

#include "kafka/client_properties.h"

#include <algorithm>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

ClientSettings Minimal() {
  ClientSettings settings;
  settings.brokers = "k1:9092,k2:9093";
  return settings;
}

std::string Value(const std::vector<Property>& properties, absl::string_view name) {
  int found = 0;
  std::string value = "(none)";
  for (const Property& property : properties) {
    if (property.first == name) {
      ++found;
      value = property.second;
    }
  }
  return found > 1 ? "(twice)" : value;
}

std::string FileWith(const std::string& name, const std::string& text) {
  const std::string path = ::testing::TempDir() + "/" + name;
  std::ofstream(path) << text;
  return path;
}

TEST(ClientPropertiesTest, PromisesAreFixed) {
  const auto properties = ClientProperties(Minimal());
  ASSERT_TRUE(properties.ok()) << properties.status();
  EXPECT_EQ(Value(*properties, "bootstrap.servers"), "k1:9092,k2:9093");
  EXPECT_EQ(Value(*properties, "acks"), "all");
  EXPECT_EQ(Value(*properties, "enable.idempotence"), "true");
  EXPECT_EQ(Value(*properties, "enable.gapless.guarantee"), "true");
  EXPECT_EQ(Value(*properties, "message.timeout.ms"), "0");
  EXPECT_EQ(Value(*properties, "compression.type"), "lz4");
  EXPECT_EQ(Value(*properties, "security.protocol"), "(none)");
  EXPECT_NE(Value(*properties, "client.id"), "(none)");
}

TEST(ClientPropertiesTest, OperatorsPropertiesReplaceDefaultsUnderAnyName) {
  ClientSettings settings = Minimal();
  settings.client_id = "mine";
  settings.properties = {
      {"compression.codec", "zstd"}, {"queue.buffering.max.ms", "7"}, {"batch.size", "1000"}, {"batch.size", "2000"}};
  const auto properties = ClientProperties(settings);
  ASSERT_TRUE(properties.ok()) << properties.status();
  EXPECT_EQ(Value(*properties, "compression.type"), "zstd");
  EXPECT_EQ(Value(*properties, "compression.codec"), "(none)");
  EXPECT_EQ(Value(*properties, "linger.ms"), "7");
  EXPECT_EQ(Value(*properties, "batch.size"), "2000");
  EXPECT_EQ(Value(*properties, "client.id"), "mine");
}

TEST(ClientPropertiesTest, RefusesWhatPromisesStandOnAndSaysWhy) {
  for (const char* name : {"acks", "request.required.acks", "enable.idempotence", "enable.gapless.guarantee",
                           "message.timeout.ms", "delivery.timeout.ms", "request.timeout.ms", "retries",
                           "message.send.max.retries", "partitioner", "transactional.id", "queuing.strategy",
                           "queue.buffering.max.kbytes", "queue.buffering.max.messages", "test.mock.num.brokers",
                           "test.mock.broker.rtt", "delivery.report.only.error", "dr_msg_cb", "plugin.library.paths"}) {
    ClientSettings settings = Minimal();
    settings.properties = {{name, "s3cret"}};
    const absl::Status status = ClientProperties(settings).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << name << " " << status;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(name), Not(HasSubstr("s3cret"))));
  }
  EXPECT_TRUE(CheckPassThrough("linger.ms").ok());
}

TEST(ClientPropertiesTest, CommandLineWinsOverFile) {
  ClientSettings settings = Minimal();
  settings.properties_file = FileWith("wins.properties",
                                      "# comment\n\n ! another\nlinger.ms = 3\nsasl.password= a=b # c\n"
                                      "sasl.mechanism=PLAIN\nsecurity.protocol=SASL_SSL\r\n");
  settings.properties = {{"linger.ms", "4"}};
  const auto properties = ClientProperties(settings);
  ASSERT_TRUE(properties.ok()) << properties.status();
  EXPECT_EQ(Value(*properties, "linger.ms"), "4");
  EXPECT_EQ(Value(*properties, "sasl.password"), "a=b # c");
  EXPECT_EQ(Value(*properties, "security.protocol"), "SASL_SSL");
}

TEST(ClientPropertiesTest, FileIsReadAtEachCall) {
  ClientSettings settings = Minimal();
  settings.properties_file = FileWith("again.properties", "linger.ms=1\n");
  EXPECT_EQ(Value(*ClientProperties(settings), "linger.ms"), "1");
  FileWith("again.properties", "linger.ms=2\n");
  EXPECT_EQ(Value(*ClientProperties(settings), "linger.ms"), "2");
}

TEST(ClientPropertiesTest, BadFileIsNamedByLineWithoutItsText) {
  ClientSettings settings = Minimal();
  settings.properties_file = FileWith("bad.properties", "linger.ms=1\nsasl.password s3cret\n");
  const absl::Status status = ClientProperties(settings).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("bad.properties"), HasSubstr("line 2"), Not(HasSubstr("s3cret"))));
  settings.properties_file = "/nonexistent/client.properties";
  EXPECT_TRUE(absl::IsNotFound(ClientProperties(settings).status()));
}

TEST(ClientPropertiesTest, TlsVariablesChooseTheProtocol) {
  ClientSettings settings = Minimal();
  settings.tls = true;
  EXPECT_EQ(Value(*ClientProperties(settings), "security.protocol"), "ssl");
  EXPECT_EQ(Value(*ClientProperties(settings), "enable.ssl.certificate.verification"), "(none)");
  settings.tls_skip_verify_peer = true;
  EXPECT_EQ(Value(*ClientProperties(settings), "enable.ssl.certificate.verification"), "false");
  settings.properties = {{"sasl.mechanisms", "SCRAM-SHA-512"}, {"sasl.username", "u"}};
  EXPECT_EQ(Value(*ClientProperties(settings), "security.protocol"), "sasl_ssl");
}

TEST(ClientPropertiesTest, ContradictionsAreRefused) {
  ClientSettings tls = Minimal();
  tls.tls = true;
  tls.properties = {{"security.protocol", "sasl_plaintext"}};
  EXPECT_THAT(std::string(ClientProperties(tls).status().message()),
              AllOf(HasSubstr("TLS_ENABLE"), HasSubstr("security.protocol")));
  ClientSettings sasl = Minimal();
  sasl.properties = {{"sasl.mechanism", "PLAIN"}};
  EXPECT_THAT(std::string(ClientProperties(sasl).status().message()), HasSubstr("security.protocol"));
  ClientSettings brokers = Minimal();
  brokers.properties = {{"metadata.broker.list", "other:9092"}};
  EXPECT_THAT(std::string(ClientProperties(brokers).status().message()),
              AllOf(HasSubstr("KAFKA_HOST"), HasSubstr("bootstrap.servers")));
}

TEST(ClientPropertiesTest, BrokersMayComeFromTheFileAlone) {
  ClientSettings settings;
  settings.properties = {{"bootstrap.servers", "k1:9092"}};
  const auto properties = ClientProperties(settings);
  ASSERT_TRUE(properties.ok()) << properties.status();
  EXPECT_EQ(Value(*properties, "bootstrap.servers"), "k1:9092");
}

TEST(ClientPropertiesTest, BadBrokerAddressesAreNamed) {
  for (const char* brokers : {"", ":9092", "k1:", "k1:abc", "k1:0", "k1:70000", "k1:9092,,k2"}) {
    ClientSettings settings;
    settings.brokers = brokers;
    const absl::Status status = ClientProperties(settings).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << brokers;
    EXPECT_THAT(std::string(status.message()), HasSubstr("KAFKA_HOST"));
  }
  for (const char* brokers : {"k1", "k1:9092, k2:9092", "[::1]:9092", "[::1]"}) {
    ClientSettings settings;
    settings.brokers = brokers;
    EXPECT_TRUE(ClientProperties(settings).ok()) << brokers;
  }
}

TEST(ClientPropertiesTest, KnowsWhatIsSecret) {
  for (const char* name : {"sasl.password", "ssl.key.password", "ssl.key.pem", "sasl.oauthbearer.client.secret",
                           "sasl.oauthbearer.config", "sasl.oauthbearer.assertion.private.key.passphrase"}) {
    EXPECT_TRUE(IsSecretProperty(name)) << name;
  }
  for (const char* name : {"sasl.username", "linger.ms", "sasl.oauthbearer.token.endpoint.url", "ssl.key.location"}) {
    EXPECT_FALSE(IsSecretProperty(name)) << name;
  }
}

TEST(ClientPropertiesTest, PropertyNeedsNameAndEquals) {
  EXPECT_EQ(*ParseProperty(" linger.ms = 5 "), Property("linger.ms", "5"));
  EXPECT_EQ(*ParseProperty("sasl.password=a=b="), Property("sasl.password", "a=b="));
  EXPECT_EQ(*ParseProperty("client.rack="), Property("client.rack", ""));
  EXPECT_TRUE(absl::IsInvalidArgument(ParseProperty("linger.ms").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ParseProperty("=5").status()));
  EXPECT_THAT(std::string(ParseProperty("s3cret").status().message()), Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace kafka
