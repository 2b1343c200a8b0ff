// SPDX-License-Identifier: Apache-2.0
#include "relay/config/kafka_settings.h"

#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "relay/config/config.h"
#include "relay/config/setting_store.h"
#include "relay/config/setting_values.h"

namespace relay {
namespace {

using Value = absl::string_view;
using Group = SettingGroup;
using Kind = SettingKind;

absl::Status StoreBrokers(Value value, std::vector<std::string>& target) {
  std::vector<HostPort> brokers;
  absl::Status status = StoreHosts(value, brokers);
  target.clear();
  for (HostPort& broker : brokers) {
    if (broker.port == 0) broker.port = 9092;
    target.push_back(broker.ToString());
  }
  return status;
}

absl::Status StoreAddHeaders(Value value, RecordConfig& record) {
  record.add_id = record.add_gtid = record.add_commit_time = false;
  for (const std::string& name : ParseListValue(value)) {
    if (name == "id") {
      record.add_id = true;
    } else if (name == "gtid") {
      record.add_gtid = true;
    } else if (name == "commit-time") {
      record.add_commit_time = true;
    } else {
      return absl::InvalidArgumentError("names an unknown header: choose of id, gtid, commit-time");
    }
  }
  return absl::OkStatus();
}

absl::Status StoreOnPoison(Value value, OnPoison& target) {
  if (value == "park-key") {
    return absl::InvalidArgumentError("is not available yet: write skip or halt");
  }
  return StoreWord<OnPoison>(value, {{"skip", OnPoison::kSkip}, {"halt", OnPoison::kHalt}}, target);
}

// The polling relay took any number.
absl::Status StorePublishAttempts(Value value, Config& config) {
  constexpr int kMost = 127;
  constexpr int kAny = std::numeric_limits<int>::max();
  int& attempts = config.poison.publish_attempts;
  absl::Status status = StoreInteger(value, -kAny, kAny, attempts);
  if (status.ok() && (attempts < 1 || attempts > kMost)) {
    const bool few = attempts < 1;
    attempts = few ? 1 : kMost;
    config.notices.push_back(
        absl::StrCat("KAFKA_PUBLISH_ATTEMPTS (--kafka-publish-attempts) of ", value, " is taken as ", attempts,
                     few ? ": a row is sent before Kafka can refuse it" : ": push_attempts holds no more"));
  }
  return status;
}

}  // namespace

std::vector<Setting> KafkaSettings() {
  return {
      {Group::kKafka, "kafka-host", "", "KAFKA_HOST", Kind::kList, "HOST[:PORT],...", "",
       "required unless --polling-disabled", "Brokers to start from.", false,
       [](Value v, Config& c) { return StoreBrokers(v, c.kafka.brokers); }},
      {Group::kKafka, "kafka-tls", "", "TLS_ENABLE", Kind::kBoolean, "BOOL", "false", "",
       "TLS to Kafka and, unless --db-tls is given, to the database.", false,
       [](Value v, Config& c) { return StoreBoolean(v, c.kafka.tls); }},
      {Group::kKafka, "kafka-tls-verify-peer", "", "TLS_SKIP_VERIFY_PEER", Kind::kBoolean, "BOOL", "false", "",
       "Despite its name, which is the polling relay's: true SKIPS the check of "
       "certificates, of Kafka's and, unless --db-tls is given, of the database's.",
       false, [](Value v, Config& c) { return StoreBoolean(v, c.kafka.tls_skip_verify); }},
      {Group::kKafka, "kafka-compression", "", "KAFKA_COMPRESSION", Kind::kValue, "CODEC", "",
       "`compression.type` of the Kafka properties, else `lz4`", "none, gzip, snappy, lz4 or zstd.", false,
       [](Value v, Config& c) {
         return StoreWord<std::string>(
             v, {{"none", "none"}, {"gzip", "gzip"}, {"snappy", "snappy"}, {"lz4", "lz4"}, {"zstd", "zstd"}},
             c.kafka.compression);
       }},
      {Group::kKafka, "kafka-queue-bytes", "", "KAFKA_QUEUE_BYTES", Kind::kValue, "SIZE", "16MiB", "",
       "Bound of the producer's queue. When it is full, reading pauses: the "
       "binlog is the buffer.",
       false,
       [](Value v, Config& c) { return Store(ParseBytesValue(v, 1 * kMiB, 2 * kGiB - kKiB), c.kafka.queue_bytes); }},
      {Group::kKafka, "unacknowledged-bytes", "", "RELAY_UNACKNOWLEDGED_BYTES", Kind::kValue, "SIZE", "16MiB", "",
       "Memory for bookkeeping of rows that wait behind a held topic or partition (payloads not counted). When it is "
       "full, reading stops.",
       false,
       [](Value v, Config& c) {
         return Store(ParseBytesValue(v, 1 * kMiB, 2 * kGiB - kKiB), c.kafka.unacknowledged_bytes);
       }},
      {Group::kKafka, "kafka-config", "", "KAFKA_CONFIG", Kind::kRepeatable, "NAME=VALUE", "", "",
       "A librdkafka property, as sasl.mechanism=PLAIN; the flag is repeated for "
       "each, the variable has one a line. Those that guard delivery (acks, "
       "idempotence, timeouts, retries, partitioner, transactional id) are refused.",
       true, [](Value v, Config& c) { return Store(ParsePropertiesValue(v), c.kafka.properties); }},
      {Group::kKafka, "kafka-config-file", "", "KAFKA_CONFIG_FILE", Kind::kValue, "FILE", "", "",
       "client.properties with more of them, a name=value a line; the place for "
       "passwords.",
       false, [](Value v, Config& c) { return StoreText(v, c.kafka.properties_file); }},

      {Group::kRecords, "partitioner", "", "RELAY_PARTITIONER", Kind::kValue, "NAME", "auto", "",
       "murmur2 (Java clients), fnv1a (the polling relay) or crc32. auto: fnv1a "
       "on a table the polling relay has used, else murmur2. The choice is "
       "stored.",
       false,
       [](Value v, Config& c) {
         return StoreWord<PartitionerChoice>(v,
                                             {{"auto", PartitionerChoice::kAuto},
                                              {"murmur2", PartitionerChoice::kMurmur2},
                                              {"fnv1a", PartitionerChoice::kFnv1a},
                                              {"crc32", PartitionerChoice::kCrc32}},
                                             c.record.partitioner);
       }},
      {Group::kRecords, "force-partitioner", "", "RELAY_FORCE_PARTITIONER", Kind::kBoolean, "BOOL", "false", "",
       "Accept a partitioner other than the stored one: keys move to other "
       "partitions, their order is lost once.",
       false, [](Value v, Config& c) { return StoreBoolean(v, c.record.force_partitioner); }},
      {Group::kRecords, "timestamp", "", "RELAY_TIMESTAMP", Kind::kValue, "sent|commit", "sent", "",
       "A record's timestamp: when it is sent, or when its transaction "
       "committed (a backlog older than the topic's retention is then deleted "
       "unread).",
       false,
       [](Value v, Config& c) {
         return StoreWord<bool>(v, {{"sent", false}, {"commit", true}}, c.record.commit_timestamp);
       }},
      {Group::kRecords, "add-headers", "", "RELAY_ADD_HEADERS", Kind::kList, "id,gtid,commit-time", "", "",
       "Headers added to each record, for consumers that drop repeats by them.", false,
       [](Value v, Config& c) { return StoreAddHeaders(v, c.record); }},

      {Group::kPoison, "kafka-publish-attempts", "", "KAFKA_PUBLISH_ATTEMPTS", Kind::kValue, "NUMBER", "3", "",
       "Attempts of a row that Kafka will never take, before it is poison "
       "(errored=1). Outages do not count. Less than 1 is taken as 1, more than 127 as 127, which is what "
       "push_attempts "
       "holds.",
       false, [](Value v, Config& c) { return StorePublishAttempts(v, c); }},
      {Group::kPoison, "on-poison", "", "RELAY_ON_POISON", Kind::kValue, "skip|halt", "skip", "",
       "A poison row is recorded, and the rest goes on (skip) or stops (halt).", false,
       [](Value v, Config& c) { return StoreOnPoison(v, c.poison.on_poison); }},
      {Group::kPoison, "poison-limit", "", "RELAY_POISON_LIMIT", Kind::kValue, "NUMBER", "100", "",
       "Rows a minute that one error code may poison; more is an outage, and "
       "reading is held.",
       false, [](Value v, Config& c) { return StoreInteger(v, 1, 1000000, c.poison.limit_per_minute); }},
      {Group::kPoison, "topic-error-grace", "", "RELAY_TOPIC_ERROR_GRACE", Kind::kValue, "DURATION", "5m", "",
       "How long rows of a topic that is unknown or not authorised are held.", false,
       [](Value v, Config& c) {
         return StoreDuration(v, absl::ZeroDuration(), absl::Hours(24 * 30), c.poison.topic_error_grace);
       }},
      {Group::kPoison, "on-topic-error", "", "RELAY_ON_TOPIC_ERROR", Kind::kValue, "poison|hold", "poison", "",
       "After that grace: its rows are poison, or reading is held.", false,
       [](Value v, Config& c) {
         return StoreWord<OnTopicError>(v, {{"poison", OnTopicError::kPoison}, {"hold", OnTopicError::kHold}},
                                        c.poison.on_topic_error);
       }},
  };
}

}  // namespace relay
