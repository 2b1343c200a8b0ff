// SPDX-License-Identifier: Apache-2.0
#include "relay/setup_sql.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "relay/relay_identity.h"
#include "relay/sql_param.h"

namespace relay {
namespace {

using Flavor = SqlSession::Flavor;

std::string QuotedUser(absl::string_view user) {
  return absl::StrCat("'", absl::StrReplaceAll(user, {{"'", "''"}, {"\\", "\\\\"}}), "'@'%'");
}

bool SplitsMonitoring(const ServerInfo& info) {
  return info.flavor == Flavor::kMariadb && info.version_number >= 100502;
}

void AppendSettings(const ServerInfo& info, std::vector<std::string>* statements) {
  const auto set = [&](bool as_it_should_be, absl::string_view variable, absl::string_view value) {
    if (as_it_should_be) return;
    statements->push_back(absl::StrCat(info.managed_by_rds ? "-- " : "", SetGlobalStatement(info, variable, value)));
  };
  if (!info.log_bin) {
    statements->push_back("-- log_bin is OFF: put log_bin=binlog and server_id=1 into the configuration and restart");
  }
  set(info.binlog_format == "ROW", "binlog_format", "'ROW'");
  set(info.binlog_row_image == "FULL" || info.binlog_row_image.empty(), "binlog_row_image", "'FULL'");
  set(info.binlog_row_metadata == "FULL" || info.binlog_row_metadata.empty(), "binlog_row_metadata", "'FULL'");
  set(info.sync_binlog == 1, "sync_binlog", "1");
  set(info.innodb_flush_log_at_trx_commit == 1, "innodb_flush_log_at_trx_commit", "1");
  if (info.managed_by_rds) {
    statements->push_back("CALL mysql.rds_set_configuration('binlog retention hours', 168);");
  } else if (info.log_retention.has_value()) {
    set(*info.log_retention >= absl::Hours(24), "binlog_expire_logs_seconds", "604800");
  }
  if (!info.gtids_decide() && !info.gtid_mode.empty()) {
    statements->push_back(SetGlobalStatement(info, "enforce_gtid_consistency", "'ON'"));
    for (absl::string_view mode : {"OFF_PERMISSIVE", "ON_PERMISSIVE", "ON"}) {
      if (mode == info.gtid_mode) continue;
      if (mode == "OFF_PERMISSIVE" && info.gtid_mode == "ON_PERMISSIVE") continue;
      statements->push_back(SetGlobalStatement(info, "gtid_mode", absl::StrCat("'", mode, "'")));
    }
  }
}

}  // namespace

std::vector<std::string> SetupStatements(const ServerInfo& info, const PreconditionOptions& options,
                                         absl::string_view user) {
  const std::string who = QuotedUser(user);
  std::vector<std::string> statements = {
      absl::StrCat("CREATE USER IF NOT EXISTS ", who, " IDENTIFIED BY '<password>';")};
  if (options.reads_binlog) {
    statements.push_back(absl::StrCat("GRANT REPLICATION SLAVE, ",
                                      SplitsMonitoring(info) ? "BINLOG MONITOR, SLAVE MONITOR" : "REPLICATION CLIENT",
                                      " ON *.* TO ", who, ";"));
  }
  std::vector<std::string> schemas = options.relay.schemas;
  const std::string state_schema = NewStateSchema(options.relay);
  if (options.keeps_state && std::find(schemas.begin(), schemas.end(), state_schema) == schemas.end()) {
    schemas.push_back(state_schema);
  }
  for (const std::string& schema : schemas) {
    statements.push_back(absl::StrCat("GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON ",
                                      QuoteIdentifier(schema), ".* TO ", who, ";"));
  }
  if (options.reads_binlog) AppendSettings(info, &statements);
  return statements;
}

}  // namespace relay
