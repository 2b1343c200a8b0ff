// SPDX-License-Identifier: Apache-2.0
#include "relay/command/optimize_command.h"

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"
#include "relay/outbox/table_identity.h"
#include "relay/startup/endpoint_from_config.h"
#include "relay/status/logging.h"

namespace relay {
namespace {

constexpr absl::Duration kPatience = absl::Hours(12);

absl::Status OptimizeSchema(SqlSession* session, const std::string& schema_name, const std::string& table) {
  ASSIGN_OR_RETURN(const OutboxSchema schema, ReadOutboxSchema(session, schema_name, table));
  if (!schema.exists) return absl::NotFoundError(absl::StrCat("outbox table ", schema.Name(), " does not exist"));
  if (!schema.stores_rows()) return absl::OkStatus();
  return OptimizeTable(session, schema);
}

}  // namespace

absl::Status OptimizeTable(SqlSession* session, const OutboxSchema& schema) {
  RETURN_IF_ERROR(AnnounceRebuild(session, schema));
  const absl::StatusOr<SqlRows> said = session->Query(absl::StrCat("OPTIMIZE TABLE ", schema.Name()));
  // Whatever came of it: the table is what it is now.
  const absl::Status concluded = ConcludeRebuild(session, schema);
  RETURN_IF_ERROR(said.status());
  // Table, Op, Msg_type, Msg_text: an error is a row like any other.
  for (const SqlRow& row : said->rows) {
    if (row.size() < 4 || !absl::EqualsIgnoreCase(row[2].value_or(""), "error")) continue;
    return absl::UnknownError(absl::StrCat("OPTIMIZE TABLE ", schema.Name(), ": ", row[3].value_or("")));
  }
  return concluded;
}

int RunOptimize(const Config& config) {
  SqlEndpoint endpoint = EndpointFromConfig(config.database);
  endpoint.read_timeout = kPatience;
  const absl::StatusOr<std::unique_ptr<SqlSession>> session = SqlConnector(endpoint).Connect();
  if (!session.ok()) {
    LogEvent(LogLevel::kError, LogCode::kSqlFailed, session.status().message());
    return 1;
  }
  int exit_code = 0;
  for (const std::string& schema : config.database.schemas) {
    const absl::Status status = OptimizeSchema(session->get(), schema, config.database.outbox_table);
    if (status.ok()) {
      LogEvent(LogLevel::kInfo, LogCode::kOptimizeDone, "the outbox table was optimized", {{"schema", schema}});
    } else {
      LogEvent(LogLevel::kError, LogCode::kSqlFailed, status.message(), {{"schema", schema}});
      exit_code = 1;
    }
  }
  return exit_code;
}

}  // namespace relay
