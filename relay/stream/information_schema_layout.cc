// SPDX-License-Identifier: Apache-2.0
#include "relay/stream/information_schema_layout.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cdc/source/live_source.h"
#include "relay/base/status_macros.h"
#include "relay/sql/server_info.h"
#include "relay/sql/table_columns.h"
#include "relay/stream/schema_change_scan.h"

namespace relay {
namespace {

constexpr size_t kShownStatementBytes = 120;

}  // namespace

InformationSchemaLayout::InformationSchemaLayout(Options options, SqlSession* session, LayoutHistory* history,
                                                 absl::string_view server)
    : options_(std::move(options)), session_(session), history_(history) {
  history_->SetServer(server);
}

absl::StatusOr<cdc::TableLayout> InformationSchemaLayout::LayoutOf(absl::string_view schema, absl::string_view table,
                                                                   const cdc::BinlogPosition& at) {
  if (std::optional<cdc::TableLayout> known = history_->At(schema, table, at)) return *std::move(known);
  absl::StatusOr<cdc::TableLayout> layout = Prove(schema, table, at);
  if (absl::IsFailedPrecondition(layout.status()) && !options_.columns.empty()) layout = Vouched(schema, table);
  if (layout.ok()) history_->Add(schema, table, *layout, at);
  return layout;
}

void InformationSchemaLayout::TableChanged(absl::string_view schema, absl::string_view table,
                                           const cdc::BinlogPosition& at) {
  history_->Change(schema, table, at);
}

absl::StatusOr<cdc::TableLayout> InformationSchemaLayout::Prove(absl::string_view schema, absl::string_view table,
                                                                const cdc::BinlogPosition& at) {
  // In this order: a DDL whose effect is seen in the columns stands before the end that is read next.
  ASSIGN_OR_RETURN(cdc::TableLayout layout, AskTableLayout(session_, schema, table));
  ASSIGN_OR_RETURN(const LogEnd end, AskLogEnd(session_));
  cdc::LiveSourceOptions dump;
  ASSIGN_OR_RETURN(dump.server, ServerAddressOf(options_.endpoint, session_->host_index()));
  dump.server.stop = options_.stop;
  ASSIGN_OR_RETURN(const std::optional<FoundSchemaChange> change,
                   FindSchemaChange(std::move(dump), schema, table, at, end.position, options_.beat));
  if (!change.has_value()) return layout;
  return absl::FailedPreconditionError(absl::StrCat(
      "the columns of ", schema, ".", table, " at ", at.ToString(), " can't be known: at ", change->place.ToString(),
      " they were changed by ", change->statement.substr(0, kShownStatementBytes),
      "; set binlog_row_metadata=FULL before such a change, or give the columns that the table had then by "
      "--columns/RELAY_COLUMNS"));
}

absl::StatusOr<cdc::TableLayout> InformationSchemaLayout::Vouched(absl::string_view schema, absl::string_view table) {
  ASSIGN_OR_RETURN(const cdc::TableLayout now, AskTableLayout(session_, schema, table));
  cdc::TableLayout layout;
  for (const std::string& name : options_.columns) {
    cdc::ColumnDefinition vouched;
    vouched.name = name;
    for (const cdc::ColumnDefinition& column : now.columns) {
      if (absl::EqualsIgnoreCase(column.name, name)) vouched = column;
    }
    layout.columns.push_back(std::move(vouched));
  }
  return layout;
}

}  // namespace relay
