// SPDX-License-Identifier: Apache-2.0
#include "relay/sql/sql_param.h"

#include <charconv>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace relay {
namespace {

void AppendQuoted(absl::string_view text, std::string* sql) {
  sql->reserve(sql->size() + text.size() + 2);
  sql->push_back('\'');
  for (char c : text) {
    switch (c) {
      case '\0':
        sql->append("\\0");
        break;
      case '\'':
        sql->append("\\'");
        break;
      case '\\':
        sql->append("\\\\");
        break;
      case '\x1a':  // ends a script on Windows; the server's own escape
        sql->append("\\Z");
        break;
      default:
        sql->push_back(c);
    }
  }
  sql->push_back('\'');
}

// The end of the quoted text, name or comment that starts at `start`, or
// `start` itself when none does.
size_t SkipOpaque(absl::string_view sql, size_t start) {
  const char c = sql[start];
  const absl::string_view rest = sql.substr(start);
  if (c == '\'' || c == '"' || c == '`') {
    for (size_t i = start + 1; i < sql.size(); ++i) {
      if (sql[i] == '\\' && c != '`') {
        ++i;
      } else if (sql[i] == c) {
        return i + 1;  // a doubled quote opens anew at once
      }
    }
    return sql.size();
  }
  if (c == '#' || rest.substr(0, 3) == "-- ") {
    const size_t end = sql.find('\n', start);
    return end == sql.npos ? sql.size() : end + 1;
  }
  if (rest.substr(0, 2) == "/*") {
    const size_t end = sql.find("*/", start + 2);
    return end == sql.npos ? sql.size() : end + 2;
  }
  return start;
}

}  // namespace

void SqlParam::AppendLiteral(std::string* sql) const {
  if (std::holds_alternative<std::nullptr_t>(value_)) {
    sql->append("NULL");
  } else if (const auto* number = std::get_if<int64_t>(&value_)) {
    absl::StrAppend(sql, *number);
  } else if (const auto* number = std::get_if<uint64_t>(&value_)) {
    absl::StrAppend(sql, *number);
  } else if (const auto* number = std::get_if<double>(&value_)) {
    if (!std::isfinite(*number)) {
      sql->append("NULL");  // SQL has no such numbers
      return;
    }
    char text[32];
    const auto end = std::to_chars(text, text + sizeof(text), *number, std::chars_format::scientific);
    sql->append(text, end.ptr - text);
  } else if (const auto* text = std::get_if<absl::string_view>(&value_)) {
    AppendQuoted(*text, sql);
  } else {
    absl::StrAppend(sql, "x'", absl::BytesToHexString(std::get<SqlBytes>(value_).bytes), "'");
  }
}

absl::StatusOr<std::string> BindParams(absl::string_view sql, absl::Span<const SqlParam> params) {
  std::string bound;
  bound.reserve(sql.size() + 16 * params.size());
  size_t used = 0;
  for (size_t i = 0; i < sql.size();) {
    if (const size_t end = SkipOpaque(sql, i); end != i) {
      bound.append(sql.data() + i, end - i);
      i = end;
    } else if (sql[i] != '?') {
      bound.push_back(sql[i++]);
    } else {
      if (used < params.size()) params[used].AppendLiteral(&bound);
      ++used;
      ++i;
    }
  }
  if (used != params.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("statement has ", used, " placeholders for ", params.size(), " values: ", sql));
  }
  return bound;
}

std::string QuoteIdentifier(absl::string_view name) {
  std::string quoted = "`";
  for (char c : name) {
    if (c == '`') quoted.push_back('`');
    quoted.push_back(c);
  }
  quoted.push_back('`');
  return quoted;
}

std::string QuoteTable(absl::string_view schema, absl::string_view table) {
  return absl::StrCat(QuoteIdentifier(schema), ".", QuoteIdentifier(table));
}

}  // namespace relay
