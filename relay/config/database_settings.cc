// SPDX-License-Identifier: Apache-2.0
#include "relay/config/database_settings.h"

#include <limits>

#include "absl/status/status.h"
#include "absl/strings/match.h"
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

}  // namespace

std::vector<Setting> DatabaseSettings() {
  return {
      {Group::kMysql, "db-host", "", "DB_HOST", Kind::kList, "HOST[:PORT],...", "", "required, or --db-socket",
       "The MySQL or MariaDB server. Of several, the one that is the primary is "
       "read.",
       false, [](Value v, Config& c) { return StoreHosts(v, c.database.hosts); }},
      {Group::kMysql, "db-port", "", "DB_PORT", Kind::kValue, "PORT", "3306", "",
       "Port of the hosts that are given without one.", false,
       [](Value v, Config& c) { return StoreInteger(v, 1, 65535, c.database.port); }},
      {Group::kMysql, "db-socket", "", "DB_SOCKET", Kind::kValue, "PATH", "", "",
       "Unix socket of the server, instead of --db-host.", false,
       [](Value v, Config& c) { return StoreText(v, c.database.unix_socket); }},
      {Group::kMysql, "db-user", "", "DB_USER", Kind::kValue, "NAME", "", "required",
       "The account; outbox-relay check --print-sql prints its grants.", false,
       [](Value v, Config& c) { return StoreText(v, c.database.user); }},
      {Group::kMysql, "db-pass", "", "DB_PASS", Kind::kValue, "PASSWORD", "", "",
       "The user's password; none without it. Prefer DB_PASS or --db-pass-file to the flag.", true,
       [](Value v, Config& c) { return StoreText(v, c.database.password); }},
      {Group::kMysql, "db-pass-file", "", "DB_PASS_FILE", Kind::kValue, "FILE", "", "",
       "File that holds the password and nothing else but a line end; an empty one is refused. It is read "
       "again at each connect, so a rotated secret needs no restart.",
       false, [](Value v, Config& c) { return StoreText(v, c.database.password_file); }},
      {Group::kMysql, "db-driver", "", "DB_DRIVER", Kind::kValue, "mysql", "mysql", "",
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
      {Group::kMysql, "db-tls-ca", "", "DB_TLS_CA", Kind::kValue, "FILE", "", "the system's",
       "PEM file of the CAs that may sign the database's certificate. The system's are those of SSL_CERT_FILE, or of "
       "its bundle (/etc/ssl/certs/ca-certificates.crt).",
       false, [](Value v, Config& c) { return StoreText(v, c.database.tls_ca); }},
      {Group::kMysql, "db-tls-cert", "", "DB_TLS_CERT", Kind::kValue, "FILE", "", "",
       "PEM file of the client certificate.", false,
       [](Value v, Config& c) { return StoreText(v, c.database.tls_cert); }},
      {Group::kMysql, "db-tls-key", "", "DB_TLS_KEY", Kind::kValue, "FILE", "", "",
       "PEM file of the client certificate's key.", false,
       [](Value v, Config& c) { return StoreText(v, c.database.tls_key); }},
      {Group::kMysql, "db-connect-timeout", "", "DB_CONNECT_TIMEOUT", Kind::kValue, "DURATION", "10s", "",
       "How long one attempt to connect may take.", false,
       [](Value v, Config& c) {
         return StoreDuration(v, absl::Seconds(1), absl::Minutes(10), c.database.connect_timeout);
       }},
      {Group::kMysql, "db-query-timeout", "", "DB_QUERY_TIMEOUT", Kind::kValue, "DURATION", "30s", "",
       "How long an ordinary statement may take; OPTIMIZE and migrations are "
       "not bounded by it.",
       false,
       [](Value v, Config& c) { return StoreDuration(v, absl::Seconds(1), absl::Hours(1), c.database.query_timeout); }},
      {Group::kMysql, "db-read-timeout", "", "DB_READ_TIMEOUT", Kind::kValue, "DURATION", "30s", "",
       "A dump connection that is silent for longer, heartbeats included, is "
       "dead and is replaced.",
       false,
       [](Value v, Config& c) { return StoreDuration(v, absl::Seconds(1), absl::Hours(1), c.binlog.read_timeout); }},
      {Group::kMysql, "db-heartbeat", "", "DB_HEARTBEAT", Kind::kValue, "DURATION", "",
       "a quarter of --db-read-timeout", "How often the server sends a heartbeat when the binlog is idle.", false,
       [](Value v, Config& c) {
         return StoreDuration(v, absl::Milliseconds(10), absl::Hours(1), c.binlog.heartbeat_period);
       }},
      {Group::kMysql, "db-net-write-timeout", "", "DB_NET_WRITE_TIMEOUT", Kind::kValue, "DURATION", "10m", "",
       "How long the server waits for us while Kafka holds us up, before it "
       "drops the dump connection (which costs a reconnect, no row).",
       false,
       [](Value v, Config& c) {
         return StoreDuration(v, absl::Seconds(1), absl::Hours(24), c.binlog.net_write_timeout);
       }},
      {Group::kMysql, "failover-grace", "", "RELAY_FAILOVER_GRACE", Kind::kValue, "DURATION", "60s", "",
       "Of several hosts: how long one that has every transaction we have read is waited for, before the writable one "
       "with most of them is taken.",
       false,
       [](Value v, Config& c) {
         return StoreDuration(v, absl::ZeroDuration(), absl::Hours(24), c.database.failover_grace);
       }},
      {Group::kMysql, "relay-server-id", "", "RELAY_SERVER_ID", Kind::kValue, "NUMBER", "0",
       "`0`: derived from the relay's id",
       "server_id of the dump connection. One that a replica or another relay has is refused; MariaDB shows them only "
       "to a "
       "user with REPLICATION MASTER ADMIN.",
       false,
       [](Value v, Config& c) { return StoreInteger(v, 0, std::numeric_limits<uint32_t>::max(), c.binlog.server_id); }},
      {Group::kMysql, "verify-checksum", "", "RELAY_VERIFY_CHECKSUM", Kind::kBoolean, "BOOL", "true", "",
       "Verify the CRC32 of each binlog event.", false,
       [](Value v, Config& c) { return StoreBoolean(v, c.binlog.verify_checksum); }},
      {Group::kMysql, "transaction-buffer-bytes", "", "RELAY_TRANSACTION_BUFFER_BYTES", Kind::kValue, "SIZE", "32MiB",
       "",
       "Memory for the outbox rows of one transaction; past it they spill to a "
       "temporary file.",
       false,
       [](Value v, Config& c) {
         return Store(ParseBytesValue(v, 64 * kKiB, 64 * kGiB), c.binlog.transaction_buffer_bytes);
       }},
      {Group::kMysql, "spill-directory", "", "RELAY_SPILL_DIRECTORY", Kind::kValue, "PATH", "", "`TMPDIR`, or `/tmp`",
       "Directory of that temporary file, which is unlinked at once.", false,
       [](Value v, Config& c) { return StoreText(v, c.binlog.spill_directory); }},

      {Group::kOutbox, "db-name", "", "DB_NAME", Kind::kList, "SCHEMA,...", "", "required",
       "The schemas that have an outbox table.", false,
       [](Value v, Config& c) { return StoreIdentifiers(v, c.database.schemas); }},
      {Group::kOutbox, "outbox-table", "dboutboxtable", "DB_OUTBOX_TABLE", Kind::kValue, "TABLE", "kafka_outbox", "",
       "Name of the outbox table.", false,
       [](Value v, Config& c) { return StoreIdentifier(v, c.database.outbox_table); }},
      {Group::kOutbox, "columns", "", "RELAY_COLUMNS", Kind::kList, "NAME,...", "", "",
       "The outbox table's columns in their order, for servers without "
       "binlog_row_metadata=FULL on which the order can not be proven, and for MariaDB's mysql56_temporal_format=OFF.",
       false, [](Value v, Config& c) { return StoreIdentifiers(v, c.database.columns); }},
      {Group::kOutbox, "skip-migrations", "", "SKIP_MIGRATIONS", Kind::kBoolean, "BOOL", "false", "",
       "Take the outbox table as it is: what it lacks is an error. The relay's own tables are made all the same, "
       "unless "
       "--checkpoint-file keeps their content.",
       false, [](Value v, Config& c) { return StoreBoolean(v, c.database.skip_migrations); }},
      {Group::kOutbox, "state-schema", "", "RELAY_STATE_SCHEMA", Kind::kValue, "SCHEMA", "", "the first of --db-name",
       "Where the checkpoint, the ledger and dead rows are kept.", false,
       [](Value v, Config& c) { return StoreIdentifier(v, c.database.state_schema); }},
      {Group::kOutbox, "checkpoint-file", "", "RELAY_CHECKPOINT_FILE", Kind::kValue, "FILE", "", "",
       "Keep the checkpoint in a file, where the user may not create tables.", false,
       [](Value v, Config& c) { return StoreText(v, c.checkpoint.file); }},
      {Group::kOutbox, "checkpoint-interval", "", "RELAY_CHECKPOINT_INTERVAL", Kind::kValue, "DURATION", "1s", "",
       "The checkpoint is saved at most once in it. A crash repeats what was "
       "sent since.",
       false,
       [](Value v, Config& c) {
         return StoreDuration(v, absl::Milliseconds(10), absl::Minutes(10), c.checkpoint.interval);
       }},
      {Group::kOutbox, "start", "", "RELAY_START", Kind::kValue, "WHERE", "auto", "",
       "Where to start when there is no checkpoint: auto (pending rows of the "
       "table, then the stream), earliest, latest, gtid:SET or file:NAME:POS.",
       false, [](Value v, Config& c) { return Store(ParseStartValue(v), c.start); }},
      {Group::kOutbox, "sweep-interval", "", "RELAY_SWEEP_INTERVAL", Kind::kValue, "DURATION", "24h", "",
       "How often the table is compared with what the binlog brought.", false,
       [](Value v, Config& c) { return StoreDuration(v, absl::Seconds(1), absl::Hours(24 * 365), c.sweep_interval); }},
  };
}

}  // namespace relay
