// SPDX-License-Identifier: Apache-2.0
#include "relay/preconditions.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cdc/live_source.h"
#include "cdc/server_error.h"
#include "relay/base/status_macros.h"
#include "relay/dump_identity.h"
#include "relay/grants.h"
#include "relay/setting_names.h"
#include "relay/table_preconditions.h"

namespace relay {
namespace {

using Flavor = SqlSession::Flavor;

constexpr uint32_t kUnknownCommand = 1047;

void Append(std::vector<Finding> more, std::vector<Finding>* findings) {
  for (Finding& finding : more) findings->push_back(std::move(finding));
}

Finding MonitoringFinding(const ServerInfo& info) {
  if (info.monitoring.ok()) return Finding::Ok("this user may look at the log's state (REPLICATION CLIENT)");
  return Finding::Fail(absl::StrCat("this user may not look at the log's state: ", info.monitoring.message()),
                       info.flavor == Flavor::kMariadb && info.version_number >= 100502
                           ? "GRANT BINLOG MONITOR, SLAVE MONITOR ON *.* TO this user"
                           : "GRANT REPLICATION CLIENT ON *.* TO this user");
}

absl::StatusOr<std::vector<Finding>> CheckConnected(SqlSession* session, const SqlEndpoint& endpoint,
                                                    const PreconditionOptions& options,
                                                    const absl::Notification* stop) {
  std::vector<Finding> findings;
  ASSIGN_OR_RETURN(const ServerInfo info, AskServerInfo(session));
  Append(CheckServerSettings(info, options), &findings);
  if (options.reads_binlog && info.log_bin) {
    findings.push_back(MonitoringFinding(info));
    if (info.monitoring.ok()) findings.push_back(TryDump(endpoint, session->host_index(), info, stop));
  }
  ASSIGN_OR_RETURN(const Grants grants, AskGrants(session));
  if (options.reads_binlog && info.log_bin && !info.monitoring.ok() && !grants.Globally("REPLICATION SLAVE")) {
    findings.push_back(
        Finding::Fail("this user may not read the binary log", "GRANT REPLICATION SLAVE ON *.* TO this user"));
  }
  ASSIGN_OR_RETURN(std::vector<Finding> tables, CheckTables(session, grants, options));
  Append(std::move(tables), &findings);
  return findings;
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
  absl::StatusOr<std::vector<Finding>> findings = CheckConnected(session, endpoint, options, stop);
  if (!findings.ok()) return {Finding::Fail(findings.status())};
  return *std::move(findings);
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
