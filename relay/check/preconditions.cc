// SPDX-License-Identifier: Apache-2.0
#include "relay/check/preconditions.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cdc/source/live_source.h"
#include "cdc/source/server_error.h"
#include "cdc/spill_file.h"
#include "relay/check/table_preconditions.h"
#include "relay/config/setting_names.h"
#include "relay/sql/dump_identity.h"
#include "relay/sql/grants.h"

namespace relay {
namespace {

using Flavor = SqlSession::Flavor;

constexpr uint32_t kUnknownCommand = 1047;

void Append(std::vector<Finding> more, std::vector<Finding>* findings) {
  for (Finding& finding : more) findings->push_back(std::move(finding));
}

// The privileges on the log's state and on the log itself; one line names both when both are missing.
Finding PrivilegesFinding(const ServerInfo& info, const absl::StatusOr<Grants>& grants) {
  if (info.monitoring.ok()) return Finding::Ok("this user may look at the log's state (REPLICATION CLIENT)");
  const bool may_dump = grants.ok() && grants->Globally("REPLICATION SLAVE");
  return Finding::Fail(
      absl::StrCat(may_dump ? "this user may not look at the log's state: "
                            : "this user may neither look at the log's state nor read the log: ",
                   info.monitoring.message()),
      absl::StrCat("GRANT ", may_dump ? "" : "REPLICATION SLAVE, ",
                   info.flavor == Flavor::kMariadb && info.version_number >= 100502 ? "BINLOG MONITOR, SLAVE MONITOR"
                                                                                    : "REPLICATION CLIENT",
                   " ON *.* TO this user"));
}

}  // namespace

Finding TryDump(const SqlEndpoint& endpoint, size_t host_index, const ServerInfo& info,
                const absl::Notification* stop) {
  absl::StatusOr<cdc::ServerAddress> address = ServerAddressOf(endpoint, host_index);
  if (!address.ok()) return Finding::Fail(address.status());
  cdc::LiveSourceOptions options;
  options.server = *std::move(address);
  options.server.stop = stop;
  options.wait = false;
  options.start = info.log_end.position;
  if (info.gtids_decide()) options.start = info.log_end.gtids;
  SetRandomIdentity(&options);
  absl::StatusOr<std::unique_ptr<cdc::LiveSource>> source = cdc::LiveSource::Connect(options);
  absl::Status status = source.status();
  bool ended = false;
  while (status.ok() && !ended) {
    const absl::StatusOr<absl::string_view> event = (*source)->Next();
    status = event.status();
    ended = event.ok() && event->empty();
  }
  if (status.ok()) {
    return Finding::Ok(absl::StrCat("the binary log can be read, by ",
                                    info.gtids_decide() ? "GTID" : "file and position",
                                    (*source)->tls_cipher().empty() ? "" : ", over TLS"));
  }
  if (cdc::ServerErrorNumber(status) == kUnknownCommand) {
    return Finding::Fail(absl::StrCat("the dump was refused: ", status.message()),
                         "connect to the server itself: an SQL proxy does not pass a dump on");
  }
  return Finding::Fail(NameSettings(status));
}

std::vector<Finding> CheckServer(SqlSession* session, const SqlEndpoint& endpoint, const PreconditionOptions& options,
                                 const absl::Notification* stop) {
  const absl::StatusOr<ServerInfo> info = AskServerInfo(session);
  if (!info.ok()) return {Finding::Fail(info.status())};
  std::vector<Finding> findings;  // what is known when a step fails stays known
  Append(CheckServerSettings(*info, options), &findings);
  const absl::StatusOr<Grants> grants = AskGrants(session);
  if (options.reads_binlog && info->log_bin) {
    findings.push_back(PrivilegesFinding(*info, grants));
    if (info->monitoring.ok()) findings.push_back(TryDump(endpoint, session->host_index(), *info, stop));
  }
  if (!grants.ok()) {
    findings.push_back(Finding::Fail(grants.status()));
    return findings;
  }
  absl::StatusOr<std::vector<Finding>> tables = CheckTables(session, *grants, options);
  if (tables.ok()) {
    Append(*std::move(tables), &findings);
  } else {
    findings.push_back(Finding::Fail(tables.status()));
  }
  return findings;
}

Finding CheckSpillDirectory(const std::string& directory) {
  cdc::SpillFile file;
  const absl::Status opened = file.Open(directory);
  if (!opened.ok()) return Finding::Fail(opened);
  return Finding::Ok(absl::StrCat("transactions past the buffer can be kept in ", directory));
}

std::vector<Finding> CheckDatabase(const SqlEndpoint& endpoint, const PreconditionOptions& options,
                                   const absl::Notification* stop) {
  std::vector<Finding> findings;
  std::vector<Finding> unreachable;
  const SqlConnector connector(endpoint);
  for (size_t host = 0; host < endpoint.hosts.size(); ++host) {
    if (stop != nullptr && stop->HasBeenNotified()) break;
    absl::StatusOr<std::unique_ptr<SqlSession>> session = connector.ConnectTo(host);
    if (!session.ok()) {
      unreachable.push_back(Finding::Fail(session.status()));
      continue;
    }
    findings.push_back(Finding::Ok(absl::StrCat(
        endpoint.hosts[host].ToString(), ": connected as ", endpoint.user,
        (*session)->flavor() == Flavor::kMysql ? " to MySQL " : " to ", (*session)->server_version(),
        (*session)->tls_cipher().empty() ? ", without TLS" : absl::StrCat(", ", (*session)->tls_cipher()))));
    if (std::optional<Finding> open = CheckEncryption(endpoint.hosts[host], (*session)->tls_cipher())) {
      findings.push_back(*std::move(open));
    }
    Append(CheckServer(session->get(), endpoint, options, stop), &findings);
  }
  const bool some = !findings.empty();
  for (Finding& finding : unreachable) {
    if (some && finding.waiting_cures) finding.grade = Finding::Grade::kWarn;
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace relay
