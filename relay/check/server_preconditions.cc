// SPDX-License-Identifier: Apache-2.0
#include "relay/check/server_preconditions.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

namespace relay {
namespace {

using Flavor = SqlSession::Flavor;

// An outage of Kafka or of the relay that is longer than this is repaired by a sweep, with repeats.
constexpr absl::Duration kShortRetention = absl::Hours(24);

// A setting that needs a restart or its file.
std::string FileSetting(absl::string_view line) {
  return absl::StrCat("put ", line, " into the server's configuration and restart it");
}

void CheckLog(const ServerInfo& info, std::vector<Finding>* findings) {
  if (!info.log_bin) {
    findings->push_back(Finding::Fail("log_bin is OFF: the server writes no binary log",
                                      FileSetting("log_bin=binlog and server_id=1")));
    return;
  }
  findings->push_back(Finding::Ok("log_bin is ON"));
  if (info.server_id == 0) {
    findings->push_back(Finding::Fail("server_id is 0: the server lets nobody read its log",
                                      SetGlobalStatement(info, "server_id", "1")));
  }
  if (info.binlog_format == "ROW") {
    findings->push_back(Finding::Ok("binlog_format is ROW"));
  } else {
    findings->push_back(Finding::Fail(
        absl::StrCat("binlog_format is ", info.binlog_format, ": rows don't stand in the log"),
        absl::StrCat(SetGlobalStatement(info, "binlog_format", "'ROW'"), " and let the application connect anew")));
  }
}

void CheckRows(const ServerInfo& info, const PreconditionOptions& options, std::vector<Finding>* findings) {
  if (info.binlog_row_image == "FULL" || info.binlog_row_image.empty()) {
    findings->push_back(Finding::Ok("binlog_row_image is FULL"));
  } else {
    findings->push_back(Finding::Warn(
        absl::StrCat("binlog_row_image is ", info.binlog_row_image,
                     ": columns that an INSERT leaves out are taken from the table's definition, and a requeued row "
                     "is read from the table"),
        SetGlobalStatement(info, "binlog_row_image", "'FULL'")));
  }
  if (info.binlog_row_metadata == "FULL") {
    findings->push_back(Finding::Ok("binlog_row_metadata is FULL: the log names the columns"));
  } else if (!info.binlog_row_metadata.empty()) {
    findings->push_back(Finding::Warn(
        absl::StrCat("binlog_row_metadata is ", info.binlog_row_metadata,
                     ": column names come from information_schema, and the relay stops where an ALTER of the outbox "
                     "table leaves them unproven"),
        SetGlobalStatement(info, "binlog_row_metadata", "'FULL'")));
  } else if (!options.columns_given) {
    findings->push_back(Finding::Warn(
        "this version's log can't name columns: they come from information_schema, and the relay stops where an ALTER "
        "of the outbox table leaves them unproven",
        "give the table's columns in their order by --columns/RELAY_COLUMNS before the next ALTER"));
  }
}

void CheckGtids(const ServerInfo& info, const PreconditionOptions& options, std::vector<Finding>* findings) {
  if (info.gtids_decide()) {
    findings->push_back(Finding::Ok(info.flavor == Flavor::kMariadb ? "GTIDs are there (MariaDB)" : "gtid_mode is ON"));
    return;
  }
  findings->push_back(Finding::Warn(
      absl::StrCat("gtid_mode is ", info.gtid_mode.empty() ? "not known to this version" : info.gtid_mode,
                   ": the relay goes on by file and position, which hold for this one server only",
                   options.hosts > 1 ? ", so another of the hosts can be taken up only by a sweep with repeats" : ""),
      "set enforce_gtid_consistency=ON and gtid_mode=ON (step by step: OFF_PERMISSIVE, ON_PERMISSIVE, ON)"));
}

void CheckRetention(const ServerInfo& info, std::vector<Finding>* findings) {
  if (info.log_space_limit > 0) {
    findings->push_back(Finding::Warn(
        absl::StrCat("binary logs are deleted, the oldest first, past ", info.log_space_limit,
                     " bytes in all (binlog_space_limit, max_binlog_total_size): how long an outage may last depends "
                     "on what is written meanwhile, and no metric can foretell it"),
        "set that limit to 0 and binlog_expire_logs_seconds instead, or alert where "
        "outbox_relay_source_ahead_bytes comes near to it"));
  }
  if (!info.log_retention.has_value()) {
    findings->push_back(Finding::Ok("binary logs are kept until someone deletes them"));
    return;
  }
  const std::string kept = absl::StrCat("binary logs are kept for ", absl::FormatDuration(*info.log_retention));
  if (*info.log_retention >= kShortRetention) {
    findings->push_back(Finding::Ok(kept));
    return;
  }
  findings->push_back(
      Finding::Warn(absl::StrCat(kept, ": a longer outage is repaired by reading the table, with repeats"),
                    info.managed_by_rds ? "CALL mysql.rds_set_configuration('binlog retention hours', 168);"
                                        : SetGlobalStatement(info, "binlog_expire_logs_seconds", "604800")));
}

void CheckFilters(const ServerInfo& info, const PreconditionOptions& options, std::vector<Finding>* findings) {
  for (const std::string& schema : options.relay.schemas) {
    const auto in = [&schema](const std::vector<std::string>& list) {
      return std::find(list.begin(), list.end(), schema) != list.end();
    };
    if (!info.log_end.do_db.empty() && !in(info.log_end.do_db)) {
      findings->push_back(
          Finding::Fail(absl::StrCat("binlog-do-db leaves schema ", schema, " out of the log (it names ",
                                     absl::StrJoin(info.log_end.do_db, ", "), ")"),
                        FileSetting(absl::StrCat("binlog-do-db=", schema))));
    }
    if (in(info.log_end.ignore_db)) {
      findings->push_back(Finding::Fail(
          absl::StrCat("binlog-ignore-db keeps schema ", schema, " out of the log"),
          absl::StrCat("take binlog-ignore-db=", schema, " out of the server's configuration and restart it")));
    }
  }
}

void CheckDurability(const ServerInfo& info, std::vector<Finding>* findings) {
  if (info.sync_binlog == 1 && info.innodb_flush_log_at_trx_commit == 1) {
    findings->push_back(Finding::Ok("commits are durable (sync_binlog=1, innodb_flush_log_at_trx_commit=1)"));
    return;
  }
  const bool log = info.sync_binlog != 1;
  findings->push_back(
      Finding::Warn(absl::StrCat(log ? "sync_binlog" : "innodb_flush_log_at_trx_commit", " is ",
                                 log ? info.sync_binlog : info.innodb_flush_log_at_trx_commit,
                                 ": a crash of the server's host may take back commits that were published already"),
                    SetGlobalStatement(info, log ? "sync_binlog" : "innodb_flush_log_at_trx_commit", "1")));
}

}  // namespace

std::optional<Finding> CheckEncryption(const SqlHost& host, absl::string_view tls_cipher) {
  const bool stays_here = !host.unix_socket.empty() || host.host == "localhost" || host.host == "::1" ||
                          absl::StartsWith(host.host, "127.");
  if (!tls_cipher.empty() || stays_here) return std::nullopt;
  return Finding::Warn(absl::StrCat(host.ToString(), ": the connection is not encrypted: rows can be read on the way"),
                       "set DB_TLS=verify-identity and DB_TLS_CA to the CA of the server's certificate");
}

std::string SetGlobalStatement(const ServerInfo& info, absl::string_view variable, absl::string_view value) {
  if (info.managed_by_rds) return absl::StrCat("set ", variable, "=", value, " in the instance's parameter group");
  if (info.flavor == Flavor::kMysql && info.version_number >= 80000) {
    return absl::StrCat("SET PERSIST ", variable, " = ", value, ";");
  }
  return absl::StrCat("SET GLOBAL ", variable, " = ", value, ";  -- and the same in the server's configuration");
}

std::vector<Finding> CheckServerSettings(const ServerInfo& info, const PreconditionOptions& options) {
  std::vector<Finding> findings;
  if (!options.reads_binlog) return findings;
  if (!info.primary()) {
    findings.push_back(
        Finding::Warn(absl::StrCat("this server is ", info.read_only ? "read only" : "a replica of another one",
                                   ": the relay stands by until it is a primary"),
                      "name the primary in --db-host/DB_HOST, unless it may become one"));
  }
  CheckLog(info, &findings);
  if (!info.log_bin) return findings;
  CheckRows(info, options, &findings);
  CheckGtids(info, options, &findings);
  CheckRetention(info, &findings);
  CheckFilters(info, options, &findings);
  CheckDurability(info, &findings);
  return findings;
}

}  // namespace relay
