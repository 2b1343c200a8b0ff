// SPDX-License-Identifier: Apache-2.0
#include "relay/command/migrate_command.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"
#include "relay/sql/sql_session.h"
#include "relay/startup/endpoint_from_config.h"
#include "relay/startup/identity_from_config.h"
#include "relay/startup/migrations_from_config.h"
#include "relay/state/relay_identity.h"
#include "relay/status/logging.h"

namespace relay {
namespace {

// An ALTER of a large table says nothing until it is done.
constexpr absl::Duration kPatience = absl::Hours(12);

absl::Status MigrateNow(const Config& config) {
  SqlEndpoint endpoint = EndpointFromConfig(config.database);
  endpoint.read_timeout = kPatience;
  ASSIGN_OR_RETURN(const std::unique_ptr<SqlSession> session, SqlConnector(endpoint).Connect());
  MigrationOptions options = MigrationOptionsFromConfig(config);
  if (!options.state_schema.empty()) {
    ASSIGN_OR_RETURN(options.state_schema, FindStateSchema(session.get(), IdentityFromConfig(config.database)));
  }
  if (config.migrate.print) {
    ASSIGN_OR_RETURN(const std::vector<std::string> statements, PlanMigrations(session.get(), options));
    for (const std::string& statement : statements) std::printf("%s;\n", statement.c_str());
    if (statements.empty()) std::printf("-- nothing to do\n");
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(MigrateAndLog(session.get(), options).status());
  LogEvent(LogLevel::kInfo, LogCode::kProcessStopped, "the tables are up to date");
  return absl::OkStatus();
}

}  // namespace

int RunMigrate(const Config& config) {
  const absl::Status status = MigrateNow(config);
  if (status.ok()) return 0;
  LogEvent(LogLevel::kError, LogCode::kProcessFailed, status.message());
  return 1;
}

}  // namespace relay
