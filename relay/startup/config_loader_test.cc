// SPDX-License-Identifier: Apache-2.0
#include "relay/startup/config_loader.h"

#include <cstdio>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kafka/client_properties.h"
#include "relay/config/settings.h"
#include "relay/startup/kafka_settings_from_config.h"

namespace relay {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

using Words = std::vector<std::string>;

// LoadConfig over words that stay readable as the process list would show them.
class CommandLineAndEnvironment {
 public:
  CommandLineAndEnvironment(Words flags, Words environment)
      : words_(std::move(flags)), environment_(std::move(environment)) {
    words_.insert(words_.begin(), "outbox-relay");
    for (std::string& word : words_) argv_.push_back(word.data());
    argv_.push_back(nullptr);
    for (const std::string& entry : environment_) envp_.push_back(entry.c_str());
    envp_.push_back(nullptr);
  }

  absl::StatusOr<Config> Load() { return LoadConfig(static_cast<int>(words_.size()), argv_.data(), envp_.data()); }
  const Words& words() const { return words_; }

 private:
  Words words_, environment_;
  std::vector<char*> argv_;
  std::vector<const char*> envp_;
};

absl::StatusOr<Config> Load(Words flags, Words environment = {}) {
  return CommandLineAndEnvironment(std::move(flags), std::move(environment)).Load();
}

const Words kNeeded = {"DB_HOST=db", "DB_USER=relay", "DB_NAME=shop", "KAFKA_HOST=kafka"};

Words With(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::string Fault(Words flags, Words environment = kNeeded) {
  const auto config = Load(std::move(flags), std::move(environment));
  return config.ok() ? "" : std::string(config.status().message());
}

TEST(ConfigLoaderTest, TakesThePollingRelaysVariables) {
  const auto config =
      Load({}, {"DB_HOST=db", "DB_PORT=3307", "DB_USER=relay", "DB_PASS=pass word", "DB_NAME=shop,billing",
                "DB_DRIVER=mysql", "DB_OUTBOX_TABLE=outbox", "KAFKA_HOST=k1:9092,k2", "KAFKA_PUBLISH_ATTEMPTS=5",
                "SKIP_MIGRATIONS=true", "POLLING_DISABLED=false", "SIDECAR_PROXY_URL=http://127.0.0.1:15000",
                "LOG_LEVEL=warning"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->command, Command::kRun);
  EXPECT_THAT(config->database.hosts, ElementsAre(HostPort{"db", 3307}));
  EXPECT_EQ(config->database.user, "relay");
  EXPECT_EQ(config->database.password, "pass word");
  EXPECT_THAT(config->database.schemas, ElementsAre("shop", "billing"));
  EXPECT_EQ(config->database.state_schema, "shop");
  EXPECT_EQ(config->database.outbox_table, "outbox");
  EXPECT_EQ(config->database.tls, DbTls::kDisabled);
  EXPECT_THAT(config->kafka.brokers, ElementsAre("k1:9092", "k2:9092"));
  EXPECT_EQ(config->poison.publish_attempts, 5);
  EXPECT_TRUE(config->database.skip_migrations);
  EXPECT_EQ(config->cleanup.sidecar_proxy_url, "http://127.0.0.1:15000");
  EXPECT_EQ(config->log.level, LogLevel::kWarning);
  EXPECT_THAT(config->notices, IsEmpty());
}

TEST(ConfigLoaderTest, TakesThePollingRelaysFlags) {
  const auto config = Load({"--db-host",
                            "db",
                            "--db-port",
                            "3307",
                            "--db-user=relay",
                            "--db-pass",
                            "secret",
                            "--db-name",
                            "shop",
                            "billing",
                            "--db-driver",
                            "mysql",
                            "--dboutboxtable",
                            "outbox",
                            "--kafka-host",
                            "k1:9092",
                            "k2:9093",
                            "--kafka-publish-attempts=5",
                            "--kafka-tls",
                            "--kafka-tls-verify-peer",
                            "--skip-migrations",
                            "--polling-disabled=false",
                            "--write-concurrency",
                            "4",
                            "--poll-frequency-ms=100",
                            "--batch-size",
                            "10"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->database.hosts, ElementsAre(HostPort{"db", 3307}));
  EXPECT_THAT(config->database.schemas, ElementsAre("shop", "billing"));
  EXPECT_EQ(config->database.outbox_table, "outbox");
  EXPECT_THAT(config->kafka.brokers, ElementsAre("k1:9092", "k2:9093"));
  EXPECT_TRUE(config->kafka.tls);
  EXPECT_TRUE(config->kafka.tls_skip_verify);
  EXPECT_EQ(config->database.tls, DbTls::kRequired);
  EXPECT_THAT(config->notices, SizeIs(3));
}

TEST(ConfigLoaderTest, EverySettingHasAFlagAndAVariableOfItsOwn) {
  std::set<absl::string_view> flags, variables;
  for (const Setting& setting : AllSettings()) {
    EXPECT_TRUE(flags.insert(setting.flag).second) << setting.flag;
    EXPECT_TRUE(variables.insert(setting.variable).second) << setting.variable;
    EXPECT_FALSE(setting.help.empty()) << setting.flag;
    EXPECT_FALSE(setting.placeholder.empty()) << setting.flag;
    // The rule that docs/configuration.md states for settings of our own.
    const std::string capitals = absl::AsciiStrToUpper(absl::StrReplaceAll(setting.flag, {{"-", "_"}}));
    const std::set<std::string> polling_relay = {"SKIP_MIGRATIONS",  "DB_OUTBOX_TABLE",      "TLS_ENABLE",
                                                 "POLLING_DISABLED", "TLS_SKIP_VERIFY_PEER", "SIDECAR_PROXY_URL",
                                                 "RUN_CLEANUP",      "RUN_OPTIMIZE",         "WRITE_CONCURRENCY",
                                                 "BATCH_SIZE",       "POLL_FREQUENCY_MS"};
    if (polling_relay.contains(std::string(setting.variable))) continue;
    const bool has_family = absl::StartsWith(capitals, "DB_") || absl::StartsWith(capitals, "KAFKA_") ||
                            absl::StartsWith(capitals, "HTTP_") || absl::StartsWith(capitals, "LOG_") ||
                            absl::StartsWith(capitals, "RELAY_");
    EXPECT_EQ(setting.variable, has_family ? capitals : "RELAY_" + capitals);
  }
}

TEST(ConfigLoaderTest, EveryDefaultIsValid) {
  for (const Setting& setting : AllSettings()) {
    if (setting.default_value.empty()) continue;
    Config config;
    EXPECT_TRUE(setting.apply(setting.default_value, config).ok()) << setting.flag;
  }
}

TEST(ConfigLoaderTest, DefaultsAreThoseOfTheDesign) {
  const Config config = DefaultConfig();
  EXPECT_EQ(config.database.port, 3306);
  EXPECT_EQ(config.database.outbox_table, "kafka_outbox");
  EXPECT_EQ(config.binlog.transaction_buffer_bytes, uint64_t{32} << 20);
  EXPECT_TRUE(config.binlog.verify_checksum);
  EXPECT_EQ(config.binlog.heartbeat_period, config.binlog.read_timeout / 4);
  EXPECT_EQ(config.poison.publish_attempts, 3);
  EXPECT_EQ(config.poison.limit_per_minute, 100);
  EXPECT_EQ(config.poison.topic_error_grace, absl::Minutes(5));
  EXPECT_EQ(config.poison.on_poison, OnPoison::kSkip);
  EXPECT_EQ(config.poison.on_topic_error, OnTopicError::kPoison);
  EXPECT_EQ(config.cleanup.retention, absl::Hours(1));
  EXPECT_EQ(config.cleanup.mark_completed, MarkCompleted::kAuto);
  EXPECT_EQ(config.checkpoint.interval, absl::Seconds(1));
  EXPECT_EQ(config.http.port, 80);
  EXPECT_EQ(config.log.level, LogLevel::kInfo);
  EXPECT_EQ(config.start.kind, StartPosition::Kind::kAuto);
}

TEST(ConfigLoaderTest, AFlagWinsOverTheVariable) {
  const auto config = Load({"--db-port=3308"}, With(kNeeded, {"DB_PORT=3307"}));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->database.hosts[0].port, 3308);
}

TEST(ConfigLoaderTest, AnEmptyVariableIsAnUnsetOne) {
  const auto config = Load({}, With(kNeeded, {"DB_PORT=", "TLS_ENABLE="}));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->database.hosts[0].port, 3306);
}

TEST(ConfigLoaderTest, ALoadLeavesNoTraceInTheNext) {
  ASSERT_TRUE(Load({"--db-port=3308"}, kNeeded).ok());
  EXPECT_EQ(Load({}, kNeeded)->database.hosts[0].port, 3306);
}

TEST(ConfigLoaderTest, MissingSettingsAreNamedAllAtOnce) {
  const std::string fault = Fault({}, {});
  EXPECT_THAT(Words(absl::StrSplit(fault, '\n')), SizeIs(4)) << fault;
  for (const char* name : {"DB_HOST", "DB_USER", "DB_NAME", "KAFKA_HOST", "--db-host", "--kafka-host"}) {
    EXPECT_THAT(fault, HasSubstr(name));
  }
}

TEST(ConfigLoaderTest, AMalformedValueNamesTheVariableAndTheCure) {
  EXPECT_EQ(Fault({}, With(kNeeded, {"DB_PORT=abc"})),
            "DB_PORT=abc is no whole number from 1 to 65535 (flag --db-port)");
  EXPECT_EQ(Fault({"--retention=5"}),
            "--retention=5 is no duration: write 500ms, 30s, 5m or 1h "
            "(variable RELAY_RETENTION)");
}

TEST(ConfigLoaderTest, AnUnknownFlagGetsASuggestion) {
  EXPECT_EQ(Fault({"--db-hots=x"}), "unknown flag --db-hots, did you mean --db-host? (--help lists all)");
  EXPECT_EQ(Fault({"--qqqqqqqqq"}), "unknown flag --qqqqqqqqq (--help lists all)");
  EXPECT_THAT(Fault({"chekc"}), HasSubstr("unknown command \"chekc\", did you mean check?"));
}

TEST(ConfigLoaderTest, WhatIsPlannedIsNotUnknown) {
  for (const char* command : {"checkpoint", "poison", "where-is", "replay", "hand-back", "shadow"}) {
    EXPECT_EQ(Fault({command, "show"}), absl::StrCat(command, " is not available yet"));
  }
  EXPECT_THAT(Fault({"--delivery=exactly-once"}), HasSubstr("--delivery is not available yet"));
  EXPECT_THAT(Fault({"--on-poison=park-key"}), HasSubstr("is not available yet"));
  EXPECT_EQ(Fault({"decode", "poison"}), "") << "a file may have such a name";
}

TEST(ConfigLoaderTest, AMistypedWordIsNotFollowedByWhatItLeavesMissing) {
  EXPECT_EQ(Fault({"--db-hots=x"}, {}), "unknown flag --db-hots, did you mean --db-host? (--help lists all)");
  EXPECT_EQ(Fault({"decode", "--bogus", "binlog.1"}, {}), "unknown flag --bogus (--help lists all)");
  EXPECT_THAT(Fault({"chekc"}, {}), AllOf(HasSubstr("did you mean check?"), Not(HasSubstr("is not set"))));
  // A value that is malformed is one more fault, wherever it stands.
  EXPECT_THAT(Fault({"--db-hots=x"}, {"DB_PORT=abc"}), AllOf(HasSubstr("--db-hots"), HasSubstr("DB_PORT=abc")));
}

TEST(ConfigLoaderTest, PostgresIsRefused) {
  EXPECT_THAT(Fault({}, With(kNeeded, {"DB_DRIVER=postgres"})), HasSubstr("DB_DRIVER=postgres is not served"));
}

TEST(ConfigLoaderTest, AFlagWithoutItsValueIsAnError) {
  EXPECT_EQ(Fault({"--db-port", "--kafka-tls"}), "--db-port needs a value: --db-port=PORT");
  EXPECT_EQ(Fault({"--db-port"}), "--db-port needs a value: --db-port=PORT");
}

TEST(ConfigLoaderTest, BooleansNeedNoValue) {
  EXPECT_TRUE(Load({"--skip-migrations"}, kNeeded)->database.skip_migrations);
  EXPECT_FALSE(Load({"--skip-migrations=F"}, kNeeded)->database.skip_migrations);
  EXPECT_FALSE(Load({"--skip-migrations", "false"}, kNeeded)->database.skip_migrations);
  EXPECT_FALSE(Load({"--no-verify-checksum"}, kNeeded)->binlog.verify_checksum);
  EXPECT_FALSE(Load({"--noverify_checksum"}, kNeeded)->binlog.verify_checksum);
  EXPECT_THAT(Fault({"--skip-migrations=maybe"}), HasSubstr("is no boolean"));
}

TEST(ConfigLoaderTest, TheProcessListShowsNoSecret) {
  CommandLineAndEnvironment line({"--db-pass", "hunter2", "--db-pass=hunter2", "--kafka-config",
                                  "sasl.password=hunter3", "--kafka-config=security.protocol=sasl_ssl",
                                  "--kafka-config=sasl.mechanism=PLAIN", "--kafka-config=sasl.username=relay"},
                                 kNeeded);
  const auto config = line.Load();
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->database.password, "hunter2");
  EXPECT_THAT(config->kafka.properties,
              ElementsAre(std::pair("sasl.password", "hunter3"), std::pair("security.protocol", "sasl_ssl"),
                          std::pair("sasl.mechanism", "PLAIN"), std::pair("sasl.username", "relay")));
  EXPECT_THAT(config->secrets, ElementsAre("hunter2", "hunter3"));
  for (const std::string& word : line.words()) {
    EXPECT_THAT(word, Not(HasSubstr("hunter")));
  }
  EXPECT_EQ(line.words()[3], "--db-pass=xxxxxxx");
}

TEST(ConfigLoaderTest, NoErrorRepeatsASecret) {
  // Behind a flag that is misspelt, and as MySQL's own clients take it.
  for (const Words& words : {Words{"--db-password", "hunter2"}, Words{"--db-password", "hunter2", "check"},
                             Words{"--db-password=hunter2"}, Words{"-phunter2"}}) {
    CommandLineAndEnvironment line(words, kNeeded);
    const absl::Status status = line.Load().status();
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("unknown flag -"), Not(HasSubstr("hunter2"))));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("unknown command")));
    for (const std::string& word : line.words()) EXPECT_THAT(word, Not(HasSubstr("hunter2")));
  }
  EXPECT_THAT(Fault({"--kafka-config=hunter3"}), HasSubstr("--kafka-config is no librdkafka property"));
  EXPECT_THAT(Fault({"--kafka-config=hunter3"}), Not(HasSubstr("hunter3")));
}

TEST(ConfigLoaderTest, ThePasswordFileIsTriedAtOnce) {
  const std::string path = ::testing::TempDir() + "/password";
  std::ofstream(path) << "hunter2\n";
  const auto config = Load({}, With(kNeeded, {"DB_PASS_FILE=" + path}));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->database.password_file, path);
  EXPECT_THAT(config->secrets, ElementsAre("hunter2"));
  EXPECT_THAT(Fault({"--db-pass-file=" + path, "--db-pass=x"}), HasSubstr("both set"));
  std::ofstream(path) << "\n";
  EXPECT_THAT(Fault({"--db-pass-file=" + path}), AllOf(HasSubstr(path + " is empty"), HasSubstr("DB_PASS_FILE")));
  EXPECT_EQ(Fault({}), "") << "an account may have no password";
  std::remove(path.c_str());
  EXPECT_THAT(Fault({"--db-pass-file=" + path}), AllOf(HasSubstr(path), HasSubstr("DB_PASS_FILE")));
}

TEST(ConfigLoaderTest, KafkaPropertiesAreTriedAtOnce) {
  const std::string path = ::testing::TempDir() + "/client.properties";
  std::ofstream(path) << "# a comment\n\nssl.key.password = hunter2\n";
  const auto config = Load({"--kafka-config-file=" + path, "--kafka-config=client.id=flag"}, kNeeded);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->secrets, ElementsAre("hunter2"));
  std::ofstream(path) << "linger.ms=7\nnonsense\n";
  EXPECT_THAT(Fault({"--kafka-config-file=" + path}), HasSubstr("--kafka-config-file"));
  EXPECT_THAT(Fault({"--kafka-config-file=/no/such/file"}), HasSubstr("/no/such/file"));
  EXPECT_THAT(Fault({"--kafka-config", "acks=1"}), HasSubstr("acks"));
}

TEST(ConfigLoaderTest, WhatLibrdkafkaRefusesIsFoundBeforeAnythingIsDone) {
  EXPECT_THAT(Fault({"--kafka-config=linger.mss=3"}), AllOf(HasSubstr("linger.mss"), HasSubstr("KAFKA_CONFIG")));
  EXPECT_THAT(Fault({"--kafka-config=linger.ms=soon"}), HasSubstr("linger.ms"));
  EXPECT_THAT(Fault({"--kafka-config=ssl.ca.location=/no/such.pem", "--kafka-tls"}), HasSubstr("/no/such.pem"));
  // With all other faults, and no secret in any.
  const std::string fault = Fault({"--kafka-config=ssl.key.pem=hunter2", "--kafka-tls", "--db-port=abc"});
  EXPECT_THAT(fault, AllOf(HasSubstr("ssl.key"), HasSubstr("--db-port"), Not(HasSubstr("hunter2"))));
}

TEST(ConfigLoaderTest, BrokersMayComeAsAProperty) {
  const Words database = {"DB_HOST=db", "DB_USER=relay", "DB_NAME=shop"};
  const auto config = Load({"--kafka-config=bootstrap.servers=k:9092, SSL://l:9093,m,[::1]:9094"}, database);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->kafka.addresses, ElementsAre("k:9092", "l:9093", "m:9092", "[::1]:9094"));
  EXPECT_THAT(Load({}, kNeeded)->kafka.addresses, ElementsAre("kafka:9092"));
  EXPECT_THAT(Fault({"--kafka-config=bootstrap.servers=k:9092"}), HasSubstr("twice"));
}

TEST(ConfigLoaderTest, TheProducersSettingsAreTheOperatorsOverOurs) {
  const auto config = Load({"--kafka-compression=zstd", "--kafka-config=linger.ms=3"}, kNeeded);
  ASSERT_TRUE(config.ok()) << config.status();
  const kafka::ClientSettings settings = KafkaSettingsFromConfig(config->kafka);
  EXPECT_EQ(settings.brokers, "kafka:9092");
  EXPECT_THAT(settings.properties, ElementsAre(std::pair("compression.type", "zstd"), std::pair("linger.ms", "3")));
}

TEST(ConfigLoaderTest, CompressionOfThePropertiesFileHoldsUnlessTheFlagSaysOtherwise) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/client.properties");
  std::ofstream(path) << "compression.type=zstd\n";
  const auto compression = [&](const Words& flags) -> std::string {
    const auto config = Load(flags, With(kNeeded, {absl::StrCat("KAFKA_CONFIG_FILE=", path)}));
    EXPECT_TRUE(config.ok()) << config.status();
    const auto properties = kafka::ClientProperties(KafkaSettingsFromConfig(config->kafka));
    EXPECT_TRUE(properties.ok()) << properties.status();
    for (const auto& [name, value] : *properties) {
      if (name == "compression.type") return value;
    }
    return "";
  };
  EXPECT_EQ(compression({}), "zstd");
  EXPECT_EQ(compression({"--kafka-compression=gzip"}), "gzip");
}

TEST(ConfigLoaderTest, TlsEnableReachesTheDatabaseToo) {
  EXPECT_EQ(Load({}, With(kNeeded, {"TLS_ENABLE=true"}))->database.tls, DbTls::kVerifyIdentity);
  EXPECT_EQ(Load({}, With(kNeeded, {"TLS_ENABLE=1", "TLS_SKIP_VERIFY_PEER=1"}))->database.tls, DbTls::kRequired);
  EXPECT_EQ(Load({"--db-tls=disabled"}, With(kNeeded, {"TLS_ENABLE=true"}))->database.tls, DbTls::kDisabled);
}

TEST(ConfigLoaderTest, CertificatesThatNobodyChecksAreSaid) {
  const auto cautions = [](const Words& words) { return Load({}, With(kNeeded, words))->cautions; };
  EXPECT_THAT(
      cautions({"TLS_ENABLE=true", "TLS_SKIP_VERIFY_PEER=true"}),
      ElementsAre(AllOf(HasSubstr("TLS_SKIP_VERIFY_PEER"), HasSubstr("the certificates of Kafka and the database are"),
                        HasSubstr("ssl.ca.location in KAFKA_CONFIG, DB_TLS_CA"))));
  EXPECT_THAT(cautions({"TLS_ENABLE=true", "TLS_SKIP_VERIFY_PEER=true", "DB_TLS=verify-identity"}),
              ElementsAre(AllOf(HasSubstr("the certificates of Kafka are"), Not(HasSubstr("DB_TLS_CA")))));
  EXPECT_THAT(cautions({"KAFKA_CONFIG=security.protocol=SSL", "TLS_SKIP_VERIFY_PEER=true"}),
              ElementsAre(HasSubstr("the certificates of Kafka are")));
  EXPECT_THAT(cautions({"TLS_ENABLE=true", "TLS_SKIP_VERIFY_PEER=true", "RUN_CLEANUP=true"}),
              ElementsAre(AllOf(HasSubstr("the certificates of the database are"), HasSubstr("(DB_TLS_CA)"))));
  EXPECT_THAT(cautions({"TLS_ENABLE=true"}), IsEmpty());
}

TEST(ConfigLoaderTest, SkippingTheCheckOfNoCertificateIsSaid) {
  const auto config = Load({}, With(kNeeded, {"TLS_SKIP_VERIFY_PEER=true"}));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->cautions, IsEmpty());
  EXPECT_THAT(config->notices, ElementsAre(AllOf(HasSubstr("TLS_SKIP_VERIFY_PEER"), HasSubstr("has no effect"),
                                                 HasSubstr("TLS_ENABLE=true"))));
  EXPECT_THAT(Load({"decode", "binlog.1"}, {"TLS_SKIP_VERIFY_PEER=true"})->notices, IsEmpty());
}

TEST(ConfigLoaderTest, SettingsThatContradictEachOtherAreErrors) {
  EXPECT_THAT(Fault({"--db-heartbeat=30s"}), HasSubstr("--db-read-timeout"));
  EXPECT_THAT(Fault({"--db-socket=/run/mysqld.sock"}), HasSubstr("both set"));
  EXPECT_THAT(Fault({"--dry-run"}), HasSubstr("--cleanup"));
  EXPECT_THAT(Fault({"--dry-run", "--cleanup", "--optimize"}), HasSubstr("--cleanup only"));
  EXPECT_THAT(Fault({"--db-tls-cert=/dev/null", "--db-tls=required"}), HasSubstr("--db-tls-key"));
  EXPECT_THAT(Fault({"--db-tls-ca=/dev/null"}), HasSubstr("has no effect"));
  for (const char* mode : {"preferred", "required"}) {
    EXPECT_THAT(Fault({"--db-tls-ca=/dev/null", absl::StrCat("--db-tls=", mode)}),
                AllOf(HasSubstr(absl::StrCat("(DB_TLS) is ", mode, ": set --db-tls=verify-identity")),
                      Not(HasSubstr("SKIP_VERIFY"))));
  }
  EXPECT_THAT(Fault({"--db-tls-ca=/dev/null"}, With(kNeeded, {"TLS_ENABLE=true", "TLS_SKIP_VERIFY_PEER=true"})),
              HasSubstr("is required, which TLS_SKIP_VERIFY_PEER makes of it"));
  for (const char* mode : {"verify-ca", "verify-identity"}) {
    EXPECT_EQ(Fault({"--db-tls-ca=/dev/null", absl::StrCat("--db-tls=", mode)}), "");
  }
  EXPECT_EQ(Fault({"--db-tls-ca=/dev/null"}, With(kNeeded, {"TLS_ENABLE=true"})), "");
  EXPECT_THAT(Fault({"--db-tls-ca=/no/such.pem", "--db-tls=verify-ca"}), HasSubstr("can not be read"));
}

TEST(ConfigLoaderTest, ASidecarsUrlIsRefusedBeforeTheJobRuns) {
  const Words job = {"DB_HOST=db", "DB_USER=relay", "DB_NAME=shop", "RUN_CLEANUP=true"};
  EXPECT_THAT(Fault({}, With(job, {"SIDECAR_PROXY_URL=https://127.0.0.1:15020"})),
              AllOf(HasSubstr("SIDECAR_PROXY_URL"), HasSubstr("http://host:port")));
  EXPECT_THAT(Fault({}, With(job, {"SIDECAR_PROXY_URL=http://127.0.0.1:x"})), HasSubstr("SIDECAR_PROXY_URL"));
  EXPECT_TRUE(Load({}, With(kNeeded, {"SIDECAR_PROXY_URL=https://127.0.0.1"})).ok()) << "it means nothing to run";
}

TEST(ConfigLoaderTest, MoreAttemptsThanTheColumnHoldsAreTakenAsTheMost) {
  const auto config = Load({}, With(kNeeded, {"KAFKA_PUBLISH_ATTEMPTS=500"}));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->poison.publish_attempts, 127);
  EXPECT_THAT(config->notices, ElementsAre(AllOf(HasSubstr("KAFKA_PUBLISH_ATTEMPTS"), HasSubstr("127"))));
  EXPECT_THAT(Load({}, With(kNeeded, {"KAFKA_PUBLISH_ATTEMPTS=127"}))->notices, IsEmpty());
}

TEST(ConfigLoaderTest, FewerAttemptsThanOneAreTakenAsOne) {
  for (const char* few : {"KAFKA_PUBLISH_ATTEMPTS=0", "KAFKA_PUBLISH_ATTEMPTS=-1"}) {
    const auto config = Load({}, With(kNeeded, {few}));
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->poison.publish_attempts, 1);
    EXPECT_THAT(config->notices, ElementsAre(AllOf(HasSubstr("KAFKA_PUBLISH_ATTEMPTS"), HasSubstr("is taken as 1:"))));
  }
  EXPECT_THAT(Load({}, With(kNeeded, {"KAFKA_PUBLISH_ATTEMPTS=1"}))->notices, IsEmpty());
  EXPECT_THAT(Fault({}, With(kNeeded, {"KAFKA_PUBLISH_ATTEMPTS=few"})), HasSubstr("KAFKA_PUBLISH_ATTEMPTS=few is no"));
}

TEST(ConfigLoaderTest, EachCommandNeedsOnlyWhatItUses) {
  const Words database = {"DB_HOST=db", "DB_USER=relay", "DB_NAME=shop"};
  EXPECT_EQ(Load({"--cleanup", "--dry-run"}, database)->command, Command::kCleanup);
  EXPECT_EQ(Load({}, With(database, {"RUN_OPTIMIZE=true"}))->command, Command::kOptimize);
  EXPECT_EQ(Load({"migrate", "--print"}, database)->command, Command::kMigrate);
  EXPECT_EQ(Load({"--polling-disabled"}, database)->command, Command::kRun);
  EXPECT_EQ(Load({"status"})->command, Command::kStatus);
  EXPECT_EQ(Load({"--help", "--nonsense"})->command, Command::kHelp);
  EXPECT_EQ(Load({"version"})->command, Command::kVersion);
  const auto decode = Load({"decode", "--summary", "binlog.1", "--", "-odd"});
  ASSERT_TRUE(decode.ok()) << decode.status();
  EXPECT_THAT(decode->arguments, ElementsAre("binlog.1", "-odd"));
  EXPECT_THAT(Fault({"decode"}, {}), HasSubstr("names of binlog files"));
}

TEST(ConfigLoaderTest, ACommandAfterAListIsNoPartOfIt) {
  const auto config = Load({"--db-name", "shop", "billing", "check"}, kNeeded);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->command, Command::kCheck);
  EXPECT_THAT(config->database.schemas, ElementsAre("shop", "billing"));
}

TEST(ConfigLoaderTest, SettingsWithoutMeaningAreSaidOnceEach) {
  const auto config =
      Load({}, With(kNeeded, {"WRITE_CONCURRENCY=4", "NEW_RELIC_ENABLED=true", "NEW_RELIC_LICENSE_KEY=hunter2"}));
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_THAT(config->notices, SizeIs(2));
  EXPECT_THAT(config->notices[0], HasSubstr("WRITE_CONCURRENCY is accepted and ignored"));
  EXPECT_THAT(config->notices[1], HasSubstr("/metrics"));
  EXPECT_THAT(config->notices[1], Not(HasSubstr("hunter2")));
}

TEST(ConfigLoaderTest, AMistypedVariableOfOursIsSaid) {
  const auto config = Load({}, With(kNeeded, {"RELAY_RETENTON=2h", "RELAY_SERVICE_HOST=10.0.0.1",
                                              "RELAY_PORT_80_TCP=tcp://10.0.0.1:80", "RELAY_START=auto"}));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->notices,
              ElementsAre("RELAY_RETENTON is no setting of this version, did you mean RELAY_RETENTION?"));
}

TEST(ConfigLoaderTest, AVariableThatMeansASettingOfOursIsSaid) {
  const std::pair<const char*, const char*> taken_for[] = {
      {"DB_TSL=verify-identity", "DB_TLS"}, {"DB_TLS_MODE=verify-ca", "DB_TLS"},
      {"TLS_ENABLED=true", "TLS_ENABLE"},   {"KAFKA_TLS=true", "TLS_ENABLE"},
      {"DB_PASSWORD=hunter2", "DB_PASS"},   {"SKIP_MIGRATION=true", "SKIP_MIGRATIONS"},
      {"HTTP_PROT=8080", "HTTP_PORT"},      {"LOG_LEVLE=debug", "LOG_LEVEL"},
      {"RUN_CLEANUPS=1", "RUN_CLEANUP"},    {"DB_OUTBOXTABLE=o", "DB_OUTBOX_TABLE"},
      {"DB_NAMES=shop", "DB_NAME"},         {"KAFKA_CONFIGS=a=b", "KAFKA_CONFIG"},
  };
  for (const auto& [given, meant] : taken_for) {
    const auto config = Load({}, With(kNeeded, {given}));
    ASSERT_TRUE(config.ok()) << config.status();
    const std::string name = std::string(given).substr(0, std::string(given).find('='));
    EXPECT_THAT(config->notices,
                ElementsAre(absl::StrCat(name, " is no setting of this version, did you mean ", meant, "?")));
  }
}

TEST(ConfigLoaderTest, VariablesOfOtherSoftwareAreLeftAlone) {
  const auto config = Load(
      {}, With(kNeeded, {"KAFKA_HOME=/opt/kafka", "KAFKA_OPTS=-Xmx1g", "KAFKA_PORT=9092", "DB_HOST2=other",
                         "DB_PORT_3306_TCP=tcp://10.0.0.1:3306", "DB_SERVICE_HOST=10.0.0.1", "DB_CONNECTION=mysql",
                         "HTTP_PROXY=http://proxy:3128", "HTTPS_PORT=443", "LOG_DIR=/var/log", "LOG_LEVEL_ROOT=info",
                         "RUN_AS=nobody", "TLS_CERT=x", "PATH=/bin", "DB_PASS_FILE=", "DB_PASS=secret",
                         // The application's own, beside ours.
                         "DB_PASSWORD=secret", "DB_USERNAME=relay", "DB_DATABASE=shop", "KAFKA_BROKERS=kafka:9092"}));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->notices, IsEmpty());
}

TEST(ConfigLoaderTest, RetentionOffMarksRowsInstead) {
  const auto config = Load({"--retention=off"}, kNeeded);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_FALSE(config->cleanup.enabled);
  EXPECT_EQ(config->cleanup.mark_completed, MarkCompleted::kOn);
}

}  // namespace
}  // namespace relay
