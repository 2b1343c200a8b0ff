// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CONFIG_CONFIG_H_
#define RELAY_CONFIG_CONFIG_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace relay {

// What the process was asked to do. kCleanup and kOptimize are one-shot jobs
// (`--cleanup`, `--optimize`), as cron jobs of the polling relay ask for them.
enum class Command {
  kRun,
  kCheck,
  kMigrate,
  kStatus,
  kDecode,
  kCleanup,
  kOptimize,
  kVersion,
  kHelp,
};

// The word a user types for it: "run", "check", "--cleanup" ...
absl::string_view CommandName(Command command);

struct HostPort {
  std::string host;  // a name, an IPv4 or an IPv6 address without brackets
  uint16_t port = 0;

  bool operator==(const HostPort& other) const { return host == other.host && port == other.port; }
  std::string ToString() const;  // "host:port", "[v6]:port"
};

enum class DbTls {
  kDisabled,
  kPreferred,       // encrypted when the server offers it, certificate not checked
  kRequired,        // encrypted or no connection, certificate not checked
  kVerifyCa,        // and the certificate is signed by a trusted CA
  kVerifyIdentity,  // and names the host
};

struct DatabaseConfig {
  std::vector<HostPort> hosts;  // --db-host; empty with a socket
  uint16_t port = 0;            // --db-port, of the hosts given without one
  std::string unix_socket;      // --db-socket; empty = TCP
  std::string user;
  std::string password;              // read once; see password_file
  std::string password_file;         // if not empty: read it again at each connect
  std::vector<std::string> schemas;  // --db-name, at least one, no duplicates
  std::string outbox_table;          // --outbox-table
  std::string state_schema;          // --state-schema, default schemas[0]
  std::vector<std::string> columns;  // --columns; empty = proven by metadata
  bool skip_migrations = false;
  DbTls tls = DbTls::kDisabled;
  std::string tls_ca;    // file
  std::string tls_cert;  // file
  std::string tls_key;   // file
  absl::Duration connect_timeout;
  absl::Duration query_timeout;   // of one ordinary statement
  absl::Duration failover_grace;  // for a host that has all that was read
};

struct BinlogConfig {
  uint32_t server_id = 0;            // --relay-server-id, 0 = derived
  absl::Duration read_timeout;       // a connection silent for longer is dead
  absl::Duration heartbeat_period;   // a quarter of read_timeout unless given
  absl::Duration net_write_timeout;  // the server's patience with backpressure
  bool verify_checksum = true;
  uint64_t transaction_buffer_bytes = 0;
  std::string spill_directory;  // for transactions past the buffer
};

struct StartPosition {
  enum class Kind { kAuto, kEarliest, kLatest, kGtid, kFile };
  Kind kind = Kind::kAuto;
  std::string gtid_set;  // kGtid, as given
  std::string file;      // kFile
  uint64_t offset = 0;   // kFile
};

struct KafkaConfig {
  std::vector<std::string> brokers;                             // --kafka-host: "host:port", port 9092 filled in
  std::vector<std::string> addresses;                           // the same, or those of bootstrap.servers: to probe
  bool tls = false;                                             // --kafka-tls (TLS_ENABLE)
  bool tls_skip_verify = false;                                 // --kafka-tls-verify-peer (sic), its old sense
  std::string compression;                                      // none, gzip, snappy, lz4, zstd; empty: not given
  uint64_t queue_bytes = 0;                                     // bound of the producer's queue
  uint64_t unacknowledged_bytes = 0;                            // bound of what is known beyond the low-water mark
  std::vector<std::pair<std::string, std::string>> properties;  // --kafka-config
  std::string properties_file;                                  // --kafka-config-file, may hold secrets
};

enum class PartitionerChoice {
  kAuto,  // fnv1a on a table that the polling relay has used, else murmur2
  kMurmur2,
  kFnv1a,
  kCrc32,
};

struct RecordConfig {
  PartitionerChoice partitioner = PartitionerChoice::kAuto;
  bool force_partitioner = false;  // accept a change of the stored choice
  bool commit_timestamp = false;   // --timestamp=commit; else when it is sent
  bool add_id = false;             // --add-headers=id,gtid,commit-time
  bool add_gtid = false;
  bool add_commit_time = false;
};

enum class OnPoison { kSkip, kHalt };
enum class OnTopicError { kPoison, kHold };

struct PoisonConfig {
  int publish_attempts = 0;  // of a row that Kafka will never take
  OnPoison on_poison = OnPoison::kSkip;
  int limit_per_minute = 0;  // of one error code; above it we hold
  absl::Duration topic_error_grace;
  OnTopicError on_topic_error = OnTopicError::kPoison;
};

struct CheckpointConfig {
  absl::Duration interval;  // at most one save in it
  std::string file;         // --checkpoint-file; empty = the state schema
};

enum class MarkCompleted { kAuto, kOn, kOff };

struct CleanupConfig {
  bool enabled = true;       // false: --retention=off
  absl::Duration retention;  // after publication
  uint32_t chunk_rows = 0;
  absl::Duration pause;  // between chunks
  MarkCompleted mark_completed = MarkCompleted::kAuto;
  bool dry_run = false;
  bool then_optimize = false;     // --cleanup and --optimize: both, in this order
  std::string sidecar_proxy_url;  // after a one-shot job, POST /quitquitquit
};

struct HttpConfig {
  bool enabled = true;  // false: --http-port=off
  std::string address;  // empty = every address
  uint16_t port = 0;    // 0 = any free one, which is logged
};

enum class LogLevel { kTrace, kDebug, kInfo, kWarning, kError, kFatal };
enum class LogFormat { kText, kJson };

struct LogConfig {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
};

// Flags of single commands.
struct MigrateOptions {
  bool print = false;  // migrate --print
};
struct CheckOptions {
  bool print_sql = false;  // check --print-sql
};
struct DecodeOptions {
  bool summary = false;
  std::string table;     // "table" or "schema.table"; empty = all
  std::string from, to;  // as given; empty = from the start, to the end
};

// Everything a user can set, typed and validated. Made by LoadConfig only, from
// the flags, then the environment, then the defaults of relay/config/settings.cc. The
// parts of the relay never see it: each takes a small struct of its own, made
// from this one where the relay is assembled.
struct Config {
  Command command = Command::kRun;
  std::vector<std::string> arguments;  // after the command: files, a URL

  DatabaseConfig database;
  BinlogConfig binlog;
  StartPosition start;
  KafkaConfig kafka;
  RecordConfig record;
  PoisonConfig poison;
  CheckpointConfig checkpoint;
  CleanupConfig cleanup;
  HttpConfig http;
  LogConfig log;
  bool polling_disabled = false;    // table and HTTP only, never Kafka
  absl::Duration shutdown_timeout;  // to flush at SIGTERM
  absl::Duration sweep_interval;    // of the sweep alongside the stream

  MigrateOptions migrate;
  CheckOptions check;
  DecodeOptions decode;

  // Lines to log once at start: settings that are accepted but mean nothing.
  std::vector<std::string> notices;
  // Lines to log once at start: settings that leave a connection unprotected.
  std::vector<std::string> cautions;
  // Secret texts, so that the log can mask them wherever they turn up.
  std::vector<std::string> secrets;
};

}  // namespace relay

#endif  // RELAY_CONFIG_CONFIG_H_
