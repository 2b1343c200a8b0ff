// SPDX-License-Identifier: Apache-2.0
#include "relay/sql/table_columns.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"

namespace relay {
namespace {

using Default = cdc::ColumnDefinition::Default;

// The text of a quoted SQL literal; nullopt when it is none, or none that is plain.
std::optional<std::string> Unquoted(absl::string_view literal) {
  if (literal.size() < 2 || literal.front() != '\'' || literal.back() != '\'') return std::nullopt;
  literal = literal.substr(1, literal.size() - 2);
  std::string text;
  for (size_t i = 0; i < literal.size(); ++i) {
    if (literal[i] == '\\') return std::nullopt;
    if (literal[i] == '\'') {
      if (i + 1 == literal.size() || literal[i + 1] != '\'') return std::nullopt;
      ++i;
    }
    text.push_back(literal[i]);
  }
  return text;
}

bool IsNumber(absl::string_view text) {
  double number;
  return absl::SimpleAtod(text, &number) && text.find_first_not_of("+-.0123456789eE") == text.npos;
}

// Types whose default is shown in another form than a SELECT's, or by the session's time zone.
bool PrintsOtherwise(absl::string_view data_type) {
  for (absl::string_view type : {"bit", "binary", "varbinary", "timestamp", "float", "double"}) {
    if (data_type == type) return true;
  }
  return absl::EndsWith(data_type, "blob");
}

bool IsTime(absl::string_view data_type) { return data_type == "datetime" || data_type == "timestamp"; }

}  // namespace

cdc::ColumnDefinition ColumnFromInformationSchema(const ColumnRow& row, SqlSession::Flavor flavor) {
  cdc::ColumnDefinition column;
  column.name = row.name;
  column.data_type = absl::AsciiStrToLower(row.data_type);
  column.column_type = row.column_type;
  column.charset = row.charset.value_or("");
  column.default_kind = Default::kExpression;

  const std::string extra = absl::AsciiStrToUpper(row.extra);
  // "DEFAULT_GENERATED", "VIRTUAL GENERATED", "STORED GENERATED".
  if (absl::StrContains(extra, "AUTO_INCREMENT") || absl::StrContains(extra, "GENERATED")) return column;
  if (!row.column_default.has_value()) {
    column.default_kind = row.nullable ? Default::kNull : Default::kNone;
    return column;
  }
  std::string text = *row.column_default;
  if (flavor == SqlSession::Flavor::kMariadb) {
    if (text == "NULL") {
      column.default_kind = Default::kNull;
      return column;
    }
    if (std::optional<std::string> unquoted = Unquoted(text)) {
      text = *std::move(unquoted);
    } else if (!IsNumber(text)) {
      return column;
    }
  } else if (IsTime(column.data_type) && absl::StrContains(absl::AsciiStrToUpper(text), "CURRENT_TIMESTAMP")) {
    return column;  // 5.7 does not say DEFAULT_GENERATED
  }
  if (PrintsOtherwise(column.data_type)) return column;
  // information_schema is utf8mb3: what it can't hold comes as a question mark.
  if (absl::StrContains(text, '?')) return column;
  column.default_kind = Default::kConstant;
  column.default_text = std::move(text);
  return column;
}

absl::StatusOr<cdc::TableLayout> AskTableLayout(SqlSession* session, absl::string_view schema,
                                                absl::string_view table) {
  ASSIGN_OR_RETURN(const SqlRows rows,
                   session->Query("SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_SET_NAME, COLUMN_DEFAULT, "
                                  "IS_NULLABLE, EXTRA FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND "
                                  "TABLE_NAME = ? ORDER BY ORDINAL_POSITION",
                                  {schema, table}));
  cdc::TableLayout layout;
  for (const SqlRow& row : rows.rows) {
    ColumnRow column;
    column.name = row[0].value_or("");
    column.data_type = row[1].value_or("");
    column.column_type = row[2].value_or("");
    column.charset = row[3];
    column.column_default = row[4];
    column.nullable = row[5] == "YES";
    column.extra = row[6].value_or("");
    layout.columns.push_back(ColumnFromInformationSchema(column, session->flavor()));
  }
  if (layout.columns.empty()) {
    return absl::NotFoundError(absl::StrCat(session->host().ToString(), ": there is no table ", schema, ".", table,
                                            ", or this user has no privilege on it"));
  }
  return layout;
}

}  // namespace relay
