// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_SQL_SERVER_INFO_H_
#define RELAY_SQL_SERVER_INFO_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cdc/event/binlog_position.h"
#include "cdc/event/gtid_set.h"
#include "relay/sql/sql_session.h"

namespace relay {

struct BinaryLog {
  std::string name;
  uint64_t size = 0;  // bytes
};

// Where a server's log ends.
struct LogEnd {
  cdc::BinlogPosition position;
  // MySQL: @@gtid_executed, read before the position; MariaDB: @@gtid_binlog_pos. Empty without GTIDs.
  cdc::GtidSet gtids;
  // The lists of binlog-do-db and binlog-ignore-db.
  std::vector<std::string> do_db;
  std::vector<std::string> ignore_db;
};

// What a server says of itself, asked in one round.
struct ServerInfo {
  SqlSession::Flavor flavor = SqlSession::Flavor::kMysql;
  std::string version;
  uint32_t version_number = 0;  // 90704, 101119
  std::string server_uuid;      // empty on MariaDB
  uint32_t server_id = 0;
  absl::Time server_time;  // its clock, when it answered

  bool log_bin = false;
  std::string binlog_format;             // ROW, MIXED, STATEMENT: of new sessions
  std::string binlog_row_image;          // FULL, MINIMAL, NOBLOB
  std::string binlog_row_metadata;       // FULL, MINIMAL; MariaDB: also NO_LOG; empty: the version lacks it
  std::string binlog_row_value_options;  // PARTIAL_JSON or empty
  std::string gtid_mode;                 // MySQL: OFF, OFF_PERMISSIVE, ON_PERMISSIVE, ON; empty: it has none
  int64_t sync_binlog = 0;
  int64_t innodb_flush_log_at_trx_commit = 0;
  bool encrypted_log = false;  // irrelevant to a dump, decisive for decoding files
  int64_t max_allowed_packet = 0;
  int lower_case_table_names = 0;
  // How long a log is kept; nullopt: until someone deletes it. RDS and Aurora: their own setting.
  std::optional<absl::Duration> log_retention;
  // Bytes of all logs together past which the oldest is deleted, whatever its age; 0: no such limit (MySQL has none,
  // Percona Server has binlog_space_limit, MariaDB since 11.4 max_binlog_total_size and both names).
  uint64_t log_space_limit = 0;
  bool managed_by_rds = false;

  bool read_only = false;    // read_only or super_read_only
  bool replicating = false;  // applies another server's transactions

  cdc::GtidSet gtid_executed;  // MariaDB: gtid_binlog_pos
  cdc::GtidSet gtid_purged;    // MySQL only

  // They take REPLICATION CLIENT (MariaDB: BINLOG MONITOR and REPLICA MONITOR); OK when it was there. Without it
  // `logs` and `log_end` are empty and `replicating` is false.
  absl::Status monitoring;
  std::vector<BinaryLog> logs;
  LogEnd log_end;

  // Whether rows of an application are written here: neither read only nor a replica.
  bool primary() const { return !read_only && !replicating; }
  // Whether GTIDs decide where to go on: MariaDB always, MySQL with gtid_mode=ON.
  bool gtids_decide() const { return flavor == SqlSession::Flavor::kMariadb || gtid_mode == "ON"; }
  // How SHOW MASTER STATUS and its like are called here.
  absl::string_view LogEndStatement() const;
};

// What a checkpoint calls the server: its UUID, on MariaDB its id.
std::string ServerName(const ServerInfo& server);
// The same, asked.
absl::StatusOr<std::string> AskServerName(SqlSession* session);

// Asks on `session`, in its thread. Errors are the session's; a missing privilege is none (`monitoring`).
absl::StatusOr<ServerInfo> AskServerInfo(SqlSession* session);

// Only the log's end. PermissionDenied without REPLICATION CLIENT; FailedPrecondition when log_bin is off.
absl::StatusOr<LogEnd> AskLogEnd(SqlSession* session);

// The binary logs, oldest first. Errors as AskLogEnd's.
absl::StatusOr<std::vector<BinaryLog>> AskBinaryLogs(SqlSession* session);

// Who reads the log and said so when it came (COM_REGISTER_SLAVE): a replica, a relay.
struct RegisteredReader {
  uint32_t server_id = 0;
  std::string host;  // as it calls itself; may be empty
};

// SHOW REPLICAS. PermissionDenied without REPLICATION SLAVE, on MariaDB since 10.5 without REPLICATION MASTER ADMIN.
absl::StatusOr<std::vector<RegisteredReader>> AskRegisteredReaders(SqlSession* session);

}  // namespace relay

#endif  // RELAY_SQL_SERVER_INFO_H_
