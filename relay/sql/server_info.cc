// SPDX-License-Identifier: Apache-2.0
#include "relay/sql/server_info.h"

#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "relay/base/status_macros.h"

namespace relay {
namespace {

using Flavor = SqlSession::Flavor;

constexpr char kVariables[] =
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid','server_id','log_bin','binlog_format',"
    "'binlog_row_image','binlog_row_metadata','binlog_row_value_options','gtid_mode','sync_binlog',"
    "'innodb_flush_log_at_trx_commit','binlog_encryption','encrypt_binlog','max_allowed_packet',"
    "'lower_case_table_names','binlog_expire_logs_seconds','expire_logs_days','binlog_expire_logs_auto_purge',"
    "'read_only','super_read_only','basedir','binlog_space_limit','max_binlog_total_size')";

class Variables {
 public:
  explicit Variables(const SqlRows& rows) {
    for (const SqlRow& row : rows.rows) values_.emplace(row.at(0).value_or(""), row.at(1).value_or(""));
  }
  std::string Text(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? "" : found->second;
  }
  // MariaDB's read_only can be NO_LOCK and its like: anything but OFF counts.
  bool On(const std::string& name) const {
    const std::string text = Text(name);
    return !text.empty() && text != "OFF" && text != "0";
  }
  int64_t Number(const std::string& name) const {
    double number = 0;  // MariaDB prints expire_logs_days as 10.000000
    return absl::SimpleAtod(Text(name), &number) ? static_cast<int64_t>(number) : 0;
  }
  uint64_t Bytes(const std::string& name) const {
    uint64_t number = 0;
    return absl::SimpleAtoi(Text(name), &number) ? number : 0;
  }

 private:
  std::map<std::string, std::string> values_;
};

std::optional<absl::Duration> LogRetention(const Variables& variables) {
  if (variables.Text("binlog_expire_logs_auto_purge") == "OFF") return std::nullopt;
  if (const int64_t seconds = variables.Number("binlog_expire_logs_seconds"); seconds > 0) {
    return absl::Seconds(seconds);
  }
  if (const int64_t days = variables.Number("expire_logs_days"); days > 0) return absl::Hours(24 * days);
  return std::nullopt;
}

absl::string_view LogEndStatementOf(Flavor flavor, uint32_t version) {
  return flavor == Flavor::kMysql && version >= 80200 ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS";
}

// By name, since versions add columns.
std::string Cell(const SqlRows& rows, size_t row, absl::string_view column) {
  for (size_t i = 0; i < rows.columns.size(); ++i) {
    if (rows.columns[i] == column) return rows.rows[row][i].value_or("");
  }
  return "";
}

std::vector<std::string> NamesOf(const std::string& list) { return absl::StrSplit(list, ',', absl::SkipEmpty()); }

absl::StatusOr<cdc::GtidSet> AskGtids(SqlSession* session, absl::string_view variable) {
  ASSIGN_OR_RETURN(const std::optional<std::string> text,
                   session->QueryValue(absl::StrCat("SELECT @@global.", variable)));
  return cdc::GtidSet::Parse(text.value_or(""));
}

absl::string_view ExecutedVariable(Flavor flavor) {
  return flavor == Flavor::kMariadb ? "gtid_binlog_pos" : "gtid_executed";
}

bool HasGtids(const SqlSession& session) {
  return session.flavor() == Flavor::kMariadb || session.server_version_number() >= 50605;
}

absl::Status AskMonitored(SqlSession* session, ServerInfo* info) {
  ASSIGN_OR_RETURN(info->replicating, IsReplica(session));
  if (!info->log_bin) return absl::OkStatus();
  ASSIGN_OR_RETURN(info->logs, AskBinaryLogs(session));
  ASSIGN_OR_RETURN(info->log_end, AskLogEnd(session));
  return absl::OkStatus();
}

}  // namespace

absl::string_view ServerInfo::LogEndStatement() const { return LogEndStatementOf(flavor, version_number); }

std::string ServerName(const ServerInfo& server) {
  return server.server_uuid.empty() ? absl::StrCat(server.server_id) : server.server_uuid;
}

absl::StatusOr<std::string> AskServerName(SqlSession* session) {
  ASSIGN_OR_RETURN(const std::optional<std::string> name,
                   session->QueryValue(session->flavor() == Flavor::kMariadb ? "SELECT @@global.server_id"
                                                                             : "SELECT @@global.server_uuid"));
  return name.value_or("");
}

absl::StatusOr<ServerInfo> AskServerInfo(SqlSession* session) {
  ServerInfo info;
  info.flavor = session->flavor();
  info.version = session->server_version();
  info.version_number = session->server_version_number();
  ASSIGN_OR_RETURN(const SqlRows rows, session->Query(kVariables));
  const Variables variables(rows);
  info.server_uuid = variables.Text("server_uuid");
  info.server_id = static_cast<uint32_t>(variables.Number("server_id"));
  info.log_bin = variables.On("log_bin");
  info.binlog_format = variables.Text("binlog_format");
  info.binlog_row_image = variables.Text("binlog_row_image");
  info.binlog_row_metadata = variables.Text("binlog_row_metadata");
  info.binlog_row_value_options = variables.Text("binlog_row_value_options");
  info.gtid_mode = variables.Text("gtid_mode");
  info.sync_binlog = variables.Number("sync_binlog");
  info.innodb_flush_log_at_trx_commit = variables.Number("innodb_flush_log_at_trx_commit");
  info.encrypted_log = variables.On("binlog_encryption") || variables.On("encrypt_binlog");
  info.max_allowed_packet = variables.Number("max_allowed_packet");
  info.lower_case_table_names = static_cast<int>(variables.Number("lower_case_table_names"));
  info.log_retention = LogRetention(variables);
  info.log_space_limit = variables.Bytes("binlog_space_limit");
  if (info.log_space_limit == 0) info.log_space_limit = variables.Bytes("max_binlog_total_size");
  info.read_only = variables.On("read_only") || variables.On("super_read_only");
  info.managed_by_rds = absl::StartsWith(variables.Text("basedir"), "/rdsdbbin");

  if (info.managed_by_rds) {
    // There the server's own variables mean nothing: a job deletes the logs. NULL: as soon as it can.
    const auto hours =
        session->QueryValue("SELECT value FROM mysql.rds_configuration WHERE name = 'binlog retention hours'");
    int64_t number = 0;
    if (hours.ok() && (!hours->has_value() || absl::SimpleAtoi(**hours, &number))) {
      info.log_retention = absl::Hours(number);
    }
  }
  if (HasGtids(*session)) {
    ASSIGN_OR_RETURN(info.gtid_executed, AskGtids(session, ExecutedVariable(info.flavor)));
    if (info.flavor == Flavor::kMysql) {
      ASSIGN_OR_RETURN(info.gtid_purged, AskGtids(session, "gtid_purged"));
    }
  }
  info.monitoring = AskMonitored(session, &info);
  if (!info.monitoring.ok() && info.monitoring.code() != absl::StatusCode::kPermissionDenied) return info.monitoring;

  ASSIGN_OR_RETURN(const std::optional<std::string> now,
                   session->QueryValue("SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)"));
  int64_t microseconds = 0;
  if (!absl::SimpleAtoi(now.value_or(""), &microseconds)) {
    return absl::UnknownError(absl::StrCat(session->host().ToString(), ": its clock reads ", now.value_or("NULL")));
  }
  info.server_time = absl::FromUnixMicros(microseconds);
  return info;
}

absl::StatusOr<LogEnd> AskLogEnd(SqlSession* session) {
  LogEnd end;
  if (HasGtids(*session)) {
    ASSIGN_OR_RETURN(end.gtids, AskGtids(session, ExecutedVariable(session->flavor())));
  }
  ASSIGN_OR_RETURN(const SqlRows rows,
                   session->Query(LogEndStatementOf(session->flavor(), session->server_version_number())));
  if (rows.rows.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(session->host().ToString(), ": binary logging is off; set log_bin and restart the server"));
  }
  end.position.file = Cell(rows, 0, "File");
  if (end.position.file.empty() || !absl::SimpleAtoi(Cell(rows, 0, "Position"), &end.position.offset)) {
    return absl::UnknownError(absl::StrCat(session->host().ToString(), ": it does not say where its log ends"));
  }
  end.do_db = NamesOf(Cell(rows, 0, "Binlog_Do_DB"));
  end.ignore_db = NamesOf(Cell(rows, 0, "Binlog_Ignore_DB"));
  return end;
}

absl::StatusOr<std::vector<BinaryLog>> AskBinaryLogs(SqlSession* session) {
  ASSIGN_OR_RETURN(const SqlRows rows, session->Query("SHOW BINARY LOGS"));
  std::vector<BinaryLog> logs;
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    BinaryLog& log = logs.emplace_back();
    log.name = Cell(rows, i, "Log_name");
    if (!absl::SimpleAtoi(Cell(rows, i, "File_size"), &log.size)) log.size = 0;
  }
  return logs;
}

absl::StatusOr<std::vector<RegisteredReader>> AskRegisteredReaders(SqlSession* session) {
  const bool renamed = session->flavor() == Flavor::kMysql && session->server_version_number() >= 80022;
  ASSIGN_OR_RETURN(const SqlRows rows, session->Query(renamed ? "SHOW REPLICAS" : "SHOW SLAVE HOSTS"));
  std::vector<RegisteredReader> readers;
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    RegisteredReader reader;
    // MySQL prints "Server_Id" or "Server_id", by version.
    if (absl::SimpleAtoi(Cell(rows, i, "Server_Id"), &reader.server_id) ||
        absl::SimpleAtoi(Cell(rows, i, "Server_id"), &reader.server_id)) {
      reader.host = Cell(rows, i, "Host");
      readers.push_back(std::move(reader));
    }
  }
  return readers;
}

}  // namespace relay
