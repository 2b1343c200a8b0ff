// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_SQL_TABLE_COLUMNS_H_
#define RELAY_SQL_TABLE_COLUMNS_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/value/table_layout.h"
#include "relay/sql/sql_session.h"

namespace relay {

// The columns of a table as information_schema has them now. NotFound when there is no such table, or none that this
// user may see.
absl::StatusOr<cdc::TableLayout> AskTableLayout(SqlSession* session, absl::string_view schema, absl::string_view table);

// One row of information_schema.COLUMNS.
struct ColumnRow {
  std::string name;
  std::string data_type;
  std::string column_type;
  std::optional<std::string> charset;
  std::optional<std::string> column_default;
  bool nullable = false;
  std::string extra;
};

// What the row says, in the words of the server's flavor: MySQL gives a default's plain text, MariaDB its SQL literal.
// A default is constant only if its text is sure to be what a SELECT prints.
cdc::ColumnDefinition ColumnFromInformationSchema(const ColumnRow& row, SqlSession::Flavor flavor);

}  // namespace relay

#endif  // RELAY_SQL_TABLE_COLUMNS_H_
