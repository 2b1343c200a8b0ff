// SPDX-License-Identifier: Apache-2.0
#include "relay/check/setup_sql.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "relay/sql/grants.h"
#include "relay/state/relay_identity.h"

namespace relay {
namespace {

using Flavor = SqlSession::Flavor;

std::string QuotedUser(absl::string_view user) {
  return absl::StrCat("'", absl::StrReplaceAll(user, {{"'", "''"}, {"\\", "\\\\"}}), "'@'%'");
}

bool SplitsMonitoring(const ServerInfo& info) {
  return info.flavor == Flavor::kMariadb && info.version_number >= 100502;
}

// As comments: they are recommended, not needed, and each step waits for something that no script can wait for.
void AppendGtidSteps(const ServerInfo& info, std::vector<std::string>* statements) {
  if (info.gtids_decide() || info.gtid_mode.empty()) return;
  std::vector<std::string> steps;
  if (info.gtid_mode == "OFF") {
    steps.push_back(absl::StrCat(SetGlobalStatement(info, "enforce_gtid_consistency", "'WARN'"),
                                 " Then read the error log for as long as every statement of the application takes to "
                                 "come by, and mend those that it warns of."));
  }
  steps.push_back(SetGlobalStatement(info, "enforce_gtid_consistency", "'ON'"));
  if (info.gtid_mode == "OFF") steps.push_back(SetGlobalStatement(info, "gtid_mode", "'OFF_PERMISSIVE'"));
  if (info.gtid_mode != "ON_PERMISSIVE") steps.push_back(SetGlobalStatement(info, "gtid_mode", "'ON_PERMISSIVE'"));
  steps.push_back("Wait until SHOW GLOBAL STATUS LIKE 'ONGOING_ANONYMOUS_TRANSACTION_COUNT' is 0.");
  steps.push_back(
      "Wait until the replicas and the relay have read everything that was committed before (the relay's "
      "metric outbox_relay_source_ahead_bytes is 0).");
  steps.push_back(SetGlobalStatement(info, "gtid_mode", "'ON'"));
  statements->push_back(
      "-- Recommended, not needed: GTIDs, by which the relay goes on after a failover to another server. Do each step "
      "on every server of the replication before the next step:");
  for (size_t i = 0; i < steps.size(); ++i) statements->push_back(absl::StrCat("-- ", i + 1, ". ", steps[i]));
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
  AppendGtidSteps(info, statements);
}

}  // namespace

std::vector<std::string> GrantStatements(const ServerInfo& info, const PreconditionOptions& options,
                                         const SetupAccount& account) {
  const std::string who = QuotedUser(account.user);
  std::vector<std::string> statements = {
      "-- '%' is any host; name the relay's own instead where you can, as '10.0.0.%'.",
      absl::StrCat("CREATE USER IF NOT EXISTS ", who, " IDENTIFIED BY '<password>'",
                   account.over_tls ? " REQUIRE SSL;" : ";")};
  if (!account.over_tls) {
    statements.push_back(
        absl::StrCat("-- ALTER USER ", who, " REQUIRE SSL;  once DB_TLS is required, verify-ca or verify-identity"));
  }
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
                                      QuoteSchemaPattern(schema), ".* TO ", who, ";"));
  }
  return statements;
}

std::vector<std::string> SetupStatements(const ServerInfo& info, const PreconditionOptions& options,
                                         const SetupAccount& account) {
  std::vector<std::string> statements = GrantStatements(info, options, account);
  if (options.reads_binlog) AppendSettings(info, &statements);
  return statements;
}

}  // namespace relay
