// SPDX-License-Identifier: Apache-2.0
#include "relay/settings.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "relay/setting_values.h"

namespace relay {
namespace {

using Value = absl::string_view;
using Group = SettingGroup;
using Kind = SettingKind;

constexpr uint64_t kKiB = 1 << 10;
constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kGiB = 1 << 30;

template <typename Parsed, typename Target>
absl::Status Store(absl::StatusOr<Parsed> parsed, Target& target) {
  if (!parsed.ok()) return parsed.status();
  target = static_cast<Target>(*std::move(parsed));
  return absl::OkStatus();
}

absl::Status StoreBoolean(Value value, bool& target) { return Store(ParseBooleanValue(value), target); }

template <typename Integer>
absl::Status StoreInteger(Value value, int64_t least, int64_t most, Integer& target) {
  return Store(ParseIntegerValue(value, least, most), target);
}

absl::Status StoreDuration(Value value, absl::Duration least, absl::Duration most, absl::Duration& target) {
  return Store(ParseDurationValue(value, least, most), target);
}

absl::Status StoreText(Value value, std::string& target) {
  target = std::string(value);
  return absl::OkStatus();
}

absl::Status StoreIdentifier(Value value, std::string& target) {
  absl::Status status = CheckIdentifierValue(value);
  if (status.ok()) target = std::string(value);
  return status;
}

absl::Status StoreIdentifiers(Value value, std::vector<std::string>& target) {
  target.clear();
  for (std::string& name : ParseListValue(value)) {
    absl::Status status = CheckIdentifierValue(name);
    if (!status.ok()) return status;
    if (std::find(target.begin(), target.end(), name) == target.end()) {
      target.push_back(std::move(name));
    }
  }
  return absl::OkStatus();
}

template <typename Enum>
absl::Status StoreWord(Value value, std::initializer_list<std::pair<Value, Enum>> words, Enum& target) {
  for (const auto& [word, meaning] : words) {
    if (absl::EqualsIgnoreCase(value, word)) {
      target = meaning;
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "is none of ",
      absl::StrJoin(words, ", ", [](std::string* out, const auto& word) { absl::StrAppend(out, word.first); })));
}

absl::Status StoreHosts(Value value, std::vector<HostPort>& target) {
  target.clear();
  for (const std::string& host : ParseListValue(value)) {
    absl::StatusOr<HostPort> parsed = ParseHostPortValue(host);
    if (!parsed.ok()) return parsed.status();
    target.push_back(*std::move(parsed));
  }
  return absl::OkStatus();
}

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

absl::Status StoreDriver(Value value) {
  if (absl::EqualsIgnoreCase(value, "mysql") || absl::EqualsIgnoreCase(value, "mariadb")) {
    return absl::OkStatus();
  }
  if (absl::EqualsIgnoreCase(value, "postgres")) {
    return absl::InvalidArgumentError(
        "is not served: outbox-relay reads the binlog of MySQL and MariaDB; "
        "stay with the polling relay for PostgreSQL");
  }
  return absl::InvalidArgumentError("is no driver: leave it out or write mysql");
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

absl::Status StoreRetention(Value value, CleanupConfig& cleanup) {
  cleanup.enabled = value != "off";
  if (!cleanup.enabled) return absl::OkStatus();
  return StoreDuration(value, absl::ZeroDuration(), absl::Hours(24 * 365), cleanup.retention);
}

absl::Status StoreHttpPort(Value value, HttpConfig& http) {
  http.enabled = value != "off";
  if (!http.enabled) return absl::OkStatus();
  return StoreInteger(value, 0, 65535, http.port);
}

absl::Status StoreLogLevel(Value value, LogLevel& level) {
  return StoreWord<LogLevel>(value,
                             {{"trace", LogLevel::kTrace},
                              {"debug", LogLevel::kDebug},
                              {"info", LogLevel::kInfo},
                              {"warning", LogLevel::kWarning},
                              {"warn", LogLevel::kWarning},
                              {"error", LogLevel::kError},
                              {"fatal", LogLevel::kFatal},
                              {"panic", LogLevel::kFatal}},
                             level);
}

absl::Status StoreCommand(Value value, Command command, Config& config) {
  bool asked = false;
  absl::Status status = StoreBoolean(value, asked);
  if (status.ok() && asked) config.command = command;
  return status;
}

absl::Status Ignore(Value, Config&) { return absl::OkStatus(); }

const std::vector<Setting>& Table() {
  static const auto* table = new std::vector<Setting>{
      // ------------------------------------------------------------- MySQL
      {Group::kMysql, "db-host", "", "DB_HOST", Kind::kList, "HOST[:PORT],...",
       "", "required, or --db-socket",
       "The MySQL or MariaDB server. Of several, the one that is the primary is "
       "read.",
       false,
       [](Value v, Config& c) { return StoreHosts(v, c.database.hosts); }},
      {Group::kMysql, "db-port", "", "DB_PORT", Kind::kValue, "PORT", "3306", "",
       "Port of the hosts that are given without one.", false,
       [](Value v, Config& c) {
         return StoreInteger(v, 1, 65535, c.database.port);
       }},
      {Group::kMysql, "db-socket", "", "DB_SOCKET", Kind::kValue, "PATH", "", "",
       "Unix socket of the server, instead of --db-host.", false,
       [](Value v, Config& c) { return StoreText(v, c.database.unix_socket); }},
      {Group::kMysql, "db-user", "", "DB_USER", Kind::kValue, "NAME", "",
       "required",
       "User with REPLICATION SLAVE and REPLICATION CLIENT, and SELECT, UPDATE, "
       "DELETE on the outbox table.",
       false,
       [](Value v, Config& c) { return StoreText(v, c.database.user); }},
      {Group::kMysql, "db-pass", "", "DB_PASS", Kind::kValue, "PASSWORD", "", "",
       "The user's password. Prefer DB_PASS or --db-pass-file to the flag.",
       true,
       [](Value v, Config& c) { return StoreText(v, c.database.password); }},
      {Group::kMysql, "db-pass-file", "", "DB_PASS_FILE", Kind::kValue, "FILE",
       "", "",
       "File whose first line is the password. It is read again at each "
       "connect, so a rotated secret needs no restart.",
       false,
       [](Value v, Config& c) {
         return StoreText(v, c.database.password_file);
       }},
      {Group::kMysql, "db-driver", "", "DB_DRIVER", Kind::kValue, "mysql",
       "mysql", "",
       "For compatibility with the polling relay: only mysql is served.", false,
       [](Value v, Config&) { return StoreDriver(v); }},
      {Group::kMysql, "db-tls", "", "DB_TLS", Kind::kValue, "MODE", "disabled",
       "`verify-identity` with --kafka-tls; `required` if "
       "--kafka-tls-verify-peer is on too",
       "TLS to the database: disabled, preferred, required, verify-ca or "
       "verify-identity.",
       false,
       [](Value v, Config& c) {
         return StoreWord<DbTls>(v,
                                 {{"disabled", DbTls::kDisabled},
                                  {"preferred", DbTls::kPreferred},
                                  {"required", DbTls::kRequired},
                                  {"verify-ca", DbTls::kVerifyCa},
                                  {"verify-identity", DbTls::kVerifyIdentity}},
                                 c.database.tls);
       }},
      {Group::kMysql, "db-tls-ca", "", "DB_TLS_CA", Kind::kValue, "FILE", "",
       "the system's",
       "PEM file of the CAs that may sign the database's certificate.", false,
       [](Value v, Config& c) { return StoreText(v, c.database.tls_ca); }},
      {Group::kMysql, "db-tls-cert", "", "DB_TLS_CERT", Kind::kValue, "FILE", "",
       "", "PEM file of the client certificate.", false,
       [](Value v, Config& c) { return StoreText(v, c.database.tls_cert); }},
      {Group::kMysql, "db-tls-key", "", "DB_TLS_KEY", Kind::kValue, "FILE", "",
       "", "PEM file of the client certificate's key.", false,
       [](Value v, Config& c) { return StoreText(v, c.database.tls_key); }},
      {Group::kMysql, "db-connect-timeout", "", "DB_CONNECT_TIMEOUT",
       Kind::kValue, "DURATION", "10s", "",
       "How long one attempt to connect may take.", false,
       [](Value v, Config& c) {
         return StoreDuration(v, absl::Seconds(1), absl::Minutes(10),
                              c.database.connect_timeout);
       }},
      {Group::kMysql, "db-query-timeout", "", "DB_QUERY_TIMEOUT", Kind::kValue,
       "DURATION", "30s", "",
       "How long an ordinary statement may take; OPTIMIZE and migrations are "
       "not bounded by it.",
       false,
       [](Value v, Config& c) {
         return StoreDuration(v, absl::Seconds(1), absl::Hours(1),
                              c.database.query_timeout);
       }},
      {Group::kMysql, "db-read-timeout", "", "DB_READ_TIMEOUT", Kind::kValue,
       "DURATION", "30s", "",
       "A dump connection that is silent for longer, heartbeats included, is "
       "dead and is replaced.",
       false,
       [](Value v, Config& c) {
         return StoreDuration(v, absl::Seconds(1), absl::Hours(1),
                              c.binlog.read_timeout);
       }},
      {Group::kMysql, "db-heartbeat", "", "DB_HEARTBEAT", Kind::kValue,
       "DURATION", "", "a quarter of --db-read-timeout",
       "How often the server sends a heartbeat when the binlog is idle.", false,
       [](Value v, Config& c) {
         return StoreDuration(v, absl::Milliseconds(10), absl::Hours(1),
                              c.binlog.heartbeat_period);
       }},
      {Group::kMysql, "db-net-write-timeout", "", "DB_NET_WRITE_TIMEOUT",
       Kind::kValue, "DURATION", "10m", "",
       "How long the server waits for us while Kafka holds us up, before it "
       "drops the dump connection (which costs a reconnect, no row).",
       false,
       [](Value v, Config& c) {
         return StoreDuration(v, absl::Seconds(1), absl::Hours(24),
                              c.binlog.net_write_timeout);
       }},
      {Group::kMysql, "relay-server-id", "", "RELAY_SERVER_ID", Kind::kValue,
       "NUMBER", "0", "`0`: derived from the relay's id",
       "server_id of the dump connection; no replica may have the same.", false,
       [](Value v, Config& c) {
         return StoreInteger(v, 0, std::numeric_limits<uint32_t>::max(),
                             c.binlog.server_id);
       }},
      {Group::kMysql, "verify-checksum", "", "RELAY_VERIFY_CHECKSUM",
       Kind::kBoolean, "BOOL", "true", "",
       "Verify the CRC32 of each binlog event.", false,
       [](Value v, Config& c) {
         return StoreBoolean(v, c.binlog.verify_checksum);
       }},
      {Group::kMysql, "transaction-buffer-bytes", "",
       "RELAY_TRANSACTION_BUFFER_BYTES", Kind::kValue, "SIZE", "32MiB", "",
       "Memory for the outbox rows of one transaction; past it they spill to a "
       "temporary file.",
       false,
       [](Value v, Config& c) {
         return Store(ParseBytesValue(v, 64 * kKiB, 64 * kGiB),
                      c.binlog.transaction_buffer_bytes);
       }},
      {Group::kMysql, "spill-directory", "", "RELAY_SPILL_DIRECTORY",
       Kind::kValue, "PATH", "", "`TMPDIR`, or `/tmp`",
       "Directory of that temporary file, which is unlinked at once.", false,
       [](Value v, Config& c) {
         return StoreText(v, c.binlog.spill_directory);
       }},

      // ------------------------------------------------------------- Outbox
      {Group::kOutbox, "db-name", "", "DB_NAME", Kind::kList, "SCHEMA,...", "",
       "required", "The schemas that have an outbox table.", false,
       [](Value v, Config& c) {
         return StoreIdentifiers(v, c.database.schemas);
       }},
      {Group::kOutbox, "outbox-table", "dboutboxtable", "DB_OUTBOX_TABLE",
       Kind::kValue, "TABLE", "kafka_outbox", "", "Name of the outbox table.",
       false,
       [](Value v, Config& c) {
         return StoreIdentifier(v, c.database.outbox_table);
       }},
      {Group::kOutbox, "columns", "", "RELAY_COLUMNS", Kind::kList, "NAME,...",
       "", "",
       "The outbox table's columns in their order, for servers without "
       "binlog_row_metadata=FULL on which the order can not be proven.",
       false,
       [](Value v, Config& c) {
         return StoreIdentifiers(v, c.database.columns);
       }},
      {Group::kOutbox, "skip-migrations", "", "SKIP_MIGRATIONS", Kind::kBoolean,
       "BOOL", "false", "",
       "Create and change no table; what is missing is an error.", false,
       [](Value v, Config& c) {
         return StoreBoolean(v, c.database.skip_migrations);
       }},
      {Group::kOutbox, "state-schema", "", "RELAY_STATE_SCHEMA", Kind::kValue,
       "SCHEMA", "", "the first of --db-name",
       "Where the checkpoint, the ledger and dead rows are kept.", false,
       [](Value v, Config& c) {
         return StoreIdentifier(v, c.database.state_schema);
       }},
      {Group::kOutbox, "checkpoint-file", "", "RELAY_CHECKPOINT_FILE",
       Kind::kValue, "FILE", "", "",
       "Keep the checkpoint in a file, where the user may not create tables.",
       false,
       [](Value v, Config& c) { return StoreText(v, c.checkpoint.file); }},
      {Group::kOutbox, "checkpoint-interval", "", "RELAY_CHECKPOINT_INTERVAL",
       Kind::kValue, "DURATION", "1s", "",
       "The checkpoint is saved at most once in it. A crash repeats what was "
       "sent since.",
       false,
       [](Value v, Config& c) {
         return StoreDuration(v, absl::Milliseconds(10), absl::Minutes(10),
                              c.checkpoint.interval);
       }},
      {Group::kOutbox, "start", "", "RELAY_START", Kind::kValue, "WHERE", "auto",
       "",
       "Where to start when there is no checkpoint: auto (pending rows of the "
       "table, then the stream), earliest, latest, gtid:SET or file:NAME:POS.",
       false,
       [](Value v, Config& c) { return Store(ParseStartValue(v), c.start); }},
      {Group::kOutbox, "sweep-interval", "", "RELAY_SWEEP_INTERVAL",
       Kind::kValue, "DURATION", "24h", "",
       "How often the table is compared with what the binlog brought.", false,
       [](Value v, Config& c) {
         return StoreDuration(v, absl::Seconds(1), absl::Hours(24 * 365),
                              c.sweep_interval);
       }},

      // -------------------------------------------------------------- Kafka
      {Group::kKafka, "kafka-host", "", "KAFKA_HOST", Kind::kList,
       "HOST[:PORT],...", "", "required unless --polling-disabled",
       "Brokers to start from.", false,
       [](Value v, Config& c) { return StoreBrokers(v, c.kafka.brokers); }},
      {Group::kKafka, "kafka-tls", "", "TLS_ENABLE", Kind::kBoolean, "BOOL",
       "false", "", "TLS to Kafka and, unless --db-tls says more, the database.",
       false, [](Value v, Config& c) { return StoreBoolean(v, c.kafka.tls); }},
      {Group::kKafka, "kafka-tls-verify-peer", "", "TLS_SKIP_VERIFY_PEER",
       Kind::kBoolean, "BOOL", "false", "",
       "Despite its name, which is the polling relay's: true SKIPS the check of "
       "certificates, of Kafka's and of the database's.",
       false,
       [](Value v, Config& c) {
         return StoreBoolean(v, c.kafka.tls_skip_verify);
       }},
      {Group::kKafka, "kafka-compression", "", "KAFKA_COMPRESSION", Kind::kValue,
       "CODEC", "lz4", "", "none, gzip, snappy, lz4 or zstd.", false,
       [](Value v, Config& c) {
         return StoreWord<std::string>(v,
                                       {{"none", "none"},
                                        {"gzip", "gzip"},
                                        {"snappy", "snappy"},
                                        {"lz4", "lz4"},
                                        {"zstd", "zstd"}},
                                       c.kafka.compression);
       }},
      {Group::kKafka, "kafka-queue-bytes", "", "KAFKA_QUEUE_BYTES", Kind::kValue,
       "SIZE", "16MiB", "",
       "Bound of the producer's queue. When it is full, reading pauses: the "
       "binlog is the buffer.",
       false,
       [](Value v, Config& c) {
         return Store(ParseBytesValue(v, 1 * kMiB, 2 * kGiB - kKiB),
                      c.kafka.queue_bytes);
       }},
      {Group::kKafka, "kafka-config", "", "KAFKA_CONFIG", Kind::kRepeatable,
       "NAME=VALUE", "", "",
       "A librdkafka property, as sasl.mechanism=PLAIN; may be repeated. Those "
       "that guard delivery (acks, idempotence, timeouts, retries, partitioner, "
       "transactional id) are refused.",
       true,
       [](Value v, Config& c) {
         return Store(ParsePropertiesValue(v), c.kafka.properties);
       }},
      {Group::kKafka, "kafka-config-file", "", "KAFKA_CONFIG_FILE", Kind::kValue,
       "FILE", "", "",
       "client.properties with more of them, a name=value a line; the place for "
       "passwords.",
       false,
       [](Value v, Config& c) {
         return StoreText(v, c.kafka.properties_file);
       }},

      // ------------------------------------------------------------ Records
      {Group::kRecords, "partitioner", "", "RELAY_PARTITIONER", Kind::kValue,
       "NAME", "auto", "",
       "murmur2 (Java clients), fnv1a (the polling relay) or crc32. auto: fnv1a "
       "on a table the polling relay has used, else murmur2. The choice is "
       "stored.",
       false,
       [](Value v, Config& c) {
         return StoreWord<PartitionerChoice>(
             v,
             {{"auto", PartitionerChoice::kAuto},
              {"murmur2", PartitionerChoice::kMurmur2},
              {"fnv1a", PartitionerChoice::kFnv1a},
              {"crc32", PartitionerChoice::kCrc32}},
             c.record.partitioner);
       }},
      {Group::kRecords, "force-partitioner", "", "RELAY_FORCE_PARTITIONER",
       Kind::kBoolean, "BOOL", "false", "",
       "Accept a partitioner other than the stored one: keys move to other "
       "partitions, their order is lost once.",
       false,
       [](Value v, Config& c) {
         return StoreBoolean(v, c.record.force_partitioner);
       }},
      {Group::kRecords, "timestamp", "", "RELAY_TIMESTAMP", Kind::kValue,
       "sent|commit", "sent", "",
       "A record's timestamp: when it is sent, or when its transaction "
       "committed (a backlog older than the topic's retention is then deleted "
       "unread).",
       false,
       [](Value v, Config& c) {
         return StoreWord<bool>(v, {{"sent", false}, {"commit", true}},
                                c.record.commit_timestamp);
       }},
      {Group::kRecords, "add-headers", "", "RELAY_ADD_HEADERS", Kind::kList,
       "id,gtid,commit-time", "", "",
       "Headers added to each record, for consumers that drop repeats by them.",
       false,
       [](Value v, Config& c) { return StoreAddHeaders(v, c.record); }},

      // ------------------------------------------------------------- Poison
      {Group::kPoison, "kafka-publish-attempts", "", "KAFKA_PUBLISH_ATTEMPTS",
       Kind::kValue, "NUMBER", "3", "",
       "Attempts of a row that Kafka will never take, before it is poison "
       "(errored=1). Outages do not count.",
       false,
       [](Value v, Config& c) {
         return StoreInteger(v, 1, 127, c.poison.publish_attempts);
       }},
      {Group::kPoison, "on-poison", "", "RELAY_ON_POISON", Kind::kValue,
       "skip|halt", "skip", "",
       "A poison row is recorded, and the rest goes on (skip) or stops (halt).",
       false,
       [](Value v, Config& c) {
         return StoreOnPoison(v, c.poison.on_poison);
       }},
      {Group::kPoison, "poison-limit", "", "RELAY_POISON_LIMIT", Kind::kValue,
       "NUMBER", "100", "",
       "Rows a minute that one error code may poison; more is an outage, and "
       "reading is held.",
       false,
       [](Value v, Config& c) {
         return StoreInteger(v, 1, 1000000, c.poison.limit_per_minute);
       }},
      {Group::kPoison, "topic-error-grace", "", "RELAY_TOPIC_ERROR_GRACE",
       Kind::kValue, "DURATION", "5m", "",
       "How long rows of a topic that is unknown or not authorised are held.",
       false,
       [](Value v, Config& c) {
         return StoreDuration(v, absl::ZeroDuration(), absl::Hours(24 * 30),
                              c.poison.topic_error_grace);
       }},
      {Group::kPoison, "on-topic-error", "", "RELAY_ON_TOPIC_ERROR",
       Kind::kValue, "poison|hold", "poison", "",
       "After that grace: its rows are poison, or reading is held.", false,
       [](Value v, Config& c) {
         return StoreWord<OnTopicError>(v,
                                        {{"poison", OnTopicError::kPoison},
                                         {"hold", OnTopicError::kHold}},
                                        c.poison.on_topic_error);
       }},

      // ------------------------------------------------------------ Cleanup
      {Group::kCleanup, "retention", "", "RELAY_RETENTION", Kind::kValue,
       "DURATION|off", "1h", "",
       "Published rows are deleted so long after publication; off keeps them "
       "and implies --mark-completed=on.",
       false, [](Value v, Config& c) { return StoreRetention(v, c.cleanup); }},
      {Group::kCleanup, "cleanup-chunk-rows", "", "RELAY_CLEANUP_CHUNK_ROWS",
       Kind::kValue, "NUMBER", "1000", "", "Rows of one DELETE.", false,
       [](Value v, Config& c) {
         return StoreInteger(v, 1, 1000000, c.cleanup.chunk_rows);
       }},
      {Group::kCleanup, "cleanup-pause", "", "RELAY_CLEANUP_PAUSE", Kind::kValue,
       "DURATION", "50ms", "", "Pause between two of them.", false,
       [](Value v, Config& c) {
         return StoreDuration(v, absl::ZeroDuration(), absl::Minutes(1),
                              c.cleanup.pause);
       }},
      {Group::kCleanup, "mark-completed", "", "RELAY_MARK_COMPLETED",
       Kind::kValue, "auto|on|off", "auto", "",
       "Set push_completed_at on published rows, so that the polling relay can "
       "be put back. auto: on a table that it has used.",
       false,
       [](Value v, Config& c) {
         return StoreWord<MarkCompleted>(v,
                                         {{"auto", MarkCompleted::kAuto},
                                          {"on", MarkCompleted::kOn},
                                          {"off", MarkCompleted::kOff}},
                                         c.cleanup.mark_completed);
       }},
      {Group::kCleanup, "sidecar-proxy-url", "", "SIDECAR_PROXY_URL",
       Kind::kValue, "URL", "", "",
       "After --cleanup or --optimize, POST URL/quitquitquit so that a service "
       "mesh's sidecar ends.",
       false,
       [](Value v, Config& c) {
         return StoreText(v, c.cleanup.sidecar_proxy_url);
       }},

      // --------------------------------------------------------------- HTTP
      {Group::kHttp, "http-port", "", "HTTP_PORT", Kind::kValue, "PORT|off",
       "80", "",
       "Port of /healthz, /readyz, /livez, /metrics, /status and the page; 0 "
       "takes any free one.",
       false, [](Value v, Config& c) { return StoreHttpPort(v, c.http); }},
      {Group::kHttp, "http-address", "", "HTTP_ADDRESS", Kind::kValue, "ADDRESS",
       "", "every address", "Address to listen on, as 127.0.0.1.", false,
       [](Value v, Config& c) { return StoreText(v, c.http.address); }},

      // --------------------------------------------------------------- Logs
      {Group::kLogs, "log-level", "", "LOG_LEVEL", Kind::kValue, "LEVEL", "info",
       "",
       "trace, debug, info, warning, error, fatal or panic: lines below it are "
       "not written.",
       false, [](Value v, Config& c) { return StoreLogLevel(v, c.log.level); }},
      {Group::kLogs, "log-format", "", "LOG_FORMAT", Kind::kValue, "text|json",
       "text", "", "A line of text, or one JSON object a line, on stderr.",
       false,
       [](Value v, Config& c) {
         return StoreWord<LogFormat>(
             v, {{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
             c.log.format);
       }},

      // ------------------------------------------------------------ Process
      {Group::kProcess, "polling-disabled", "", "POLLING_DISABLED",
       Kind::kBoolean, "BOOL", "false", "",
       "Create the table and serve HTTP, touch neither Kafka nor the binlog: for "
       "development.",
       false,
       [](Value v, Config& c) { return StoreBoolean(v, c.polling_disabled); }},
      {Group::kProcess, "shutdown-timeout", "", "RELAY_SHUTDOWN_TIMEOUT",
       Kind::kValue, "DURATION", "20s", "",
       "How long SIGTERM waits for acknowledgements before it gives up (what "
       "was not acknowledged is sent again by the next start).",
       false,
       [](Value v, Config& c) {
         return StoreDuration(v, absl::ZeroDuration(), absl::Hours(1),
                              c.shutdown_timeout);
       }},

      // ----------------------------------------------------------- Commands
      {Group::kCommands, "cleanup", "", "RUN_CLEANUP", Kind::kBoolean, "BOOL",
       "false", "",
       "One pass of the cleanup over every schema, then exit: 0, or 1 after an "
       "error.",
       false,
       [](Value v, Config& c) { return StoreCommand(v, Command::kCleanup, c); }},
      {Group::kCommands, "dry-run", "", "RELAY_DRY_RUN", Kind::kBoolean, "BOOL",
       "false", "", "With --cleanup: say what would be deleted, delete nothing.",
       false,
       [](Value v, Config& c) { return StoreBoolean(v, c.cleanup.dry_run); }},
      {Group::kCommands, "optimize", "", "RUN_OPTIMIZE", Kind::kBoolean, "BOOL",
       "false", "", "OPTIMIZE TABLE in every schema, then exit.", false,
       [](Value v, Config& c) {
         return StoreCommand(v, Command::kOptimize, c);
       }},
      {Group::kCommands, "print", "", "RELAY_PRINT", Kind::kBoolean, "BOOL",
       "false", "", "With migrate: print the statements, execute none.", false,
       [](Value v, Config& c) { return StoreBoolean(v, c.migrate.print); }},
      {Group::kCommands, "print-sql", "", "RELAY_PRINT_SQL", Kind::kBoolean,
       "BOOL", "false", "",
       "With check: print the statements that set this server up.", false,
       [](Value v, Config& c) { return StoreBoolean(v, c.check.print_sql); }},
      {Group::kCommands, "summary", "", "RELAY_SUMMARY", Kind::kBoolean, "BOOL",
       "false", "", "With decode: counts by table and operation.", false,
       [](Value v, Config& c) { return StoreBoolean(v, c.decode.summary); }},
      {Group::kCommands, "table", "", "RELAY_TABLE", Kind::kValue,
       "[SCHEMA.]TABLE", "", "", "With decode: only this table's rows.", false,
       [](Value v, Config& c) { return StoreText(v, c.decode.table); }},
      {Group::kCommands, "from", "", "RELAY_FROM", Kind::kValue, "POS|TIME", "",
       "", "With decode: begin at this position or time.", false,
       [](Value v, Config& c) { return StoreText(v, c.decode.from); }},
      {Group::kCommands, "to", "", "RELAY_TO", Kind::kValue, "POS|TIME", "", "",
       "With decode: end before this position or time.", false,
       [](Value v, Config& c) { return StoreText(v, c.decode.to); }},

      // ------------------------------------------------------------ Ignored
      {Group::kIgnored, "write-concurrency", "", "WRITE_CONCURRENCY",
       Kind::kValue, "NUMBER", "", "",
       "Of the polling relay; means nothing here: one stream keeps the order.",
       false, Ignore},
      {Group::kIgnored, "poll-frequency-ms", "", "POLL_FREQUENCY_MS",
       Kind::kValue, "NUMBER", "", "",
       "Of the polling relay; means nothing here: the binlog is followed, not "
       "polled.",
       false, Ignore},
      {Group::kIgnored, "batch-size", "", "BATCH_SIZE", Kind::kValue, "NUMBER",
       "", "",
       "Of the polling relay; means nothing here: librdkafka makes the batches "
       "(--kafka-config batch.num.messages=N).",
       false, Ignore},
  };
  return *table;
}

}  // namespace

absl::string_view SettingGroupTitle(SettingGroup group) {
  switch (group) {
    case Group::kMysql:
      return "MySQL";
    case Group::kOutbox:
      return "Outbox table and state";
    case Group::kKafka:
      return "Kafka";
    case Group::kRecords:
      return "Records";
    case Group::kPoison:
      return "Rows that Kafka will not take";
    case Group::kCleanup:
      return "Cleanup";
    case Group::kHttp:
      return "HTTP";
    case Group::kLogs:
      return "Logs";
    case Group::kProcess:
      return "Process";
    case Group::kCommands:
      return "Jobs and flags of single commands";
    case Group::kIgnored:
      return "Accepted, without meaning";
  }
  return "";
}

absl::Span<const Setting> AllSettings() { return Table(); }

const Setting* FindSetting(absl::string_view flag) {
  const std::string name = absl::StrReplaceAll(flag, {{"_", "-"}});
  for (const Setting& setting : Table()) {
    if (setting.flag == name || (!setting.alias.empty() && setting.alias == name)) return &setting;
  }
  return nullptr;
}

}  // namespace relay
