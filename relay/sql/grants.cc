// SPDX-License-Identifier: Apache-2.0
#include "relay/sql/grants.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "relay/base/status_macros.h"
#include "relay/sql/sql_param.h"

namespace relay {
namespace {

// Splits at commas outside of parentheses; those with a list of columns are left out.
std::vector<std::string> PrivilegesOf(absl::string_view list) {
  std::vector<std::string> privileges;
  std::string name;
  int depth = 0;
  bool on_columns = false;
  const auto end = [&] {
    absl::StripAsciiWhitespace(&name);
    if (!name.empty() && !on_columns) privileges.push_back(absl::AsciiStrToUpper(name));
    name.clear();
    on_columns = false;
  };
  for (char c : list) {
    if (c == '(') {
      ++depth;
      on_columns = true;
    } else if (c == ')') {
      --depth;
    } else if (depth > 0) {
      continue;
    } else if (c == ',') {
      end();
    } else {
      name.push_back(c);
    }
  }
  end();
  return privileges;
}

// Takes "*" or a name in backticks from the front.
std::optional<std::string> ConsumeName(absl::string_view* text) {
  if (absl::ConsumePrefix(text, "*")) return "";
  if (!absl::ConsumePrefix(text, "`")) return std::nullopt;
  std::string name;
  while (!text->empty()) {
    const char c = text->front();
    text->remove_prefix(1);
    if (c == '`' && !absl::ConsumePrefix(text, "`")) return name;
    name.push_back(c);
  }
  return std::nullopt;
}

}  // namespace

bool MatchesSchemaPattern(absl::string_view pattern, absl::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '%') {
    for (size_t skipped = 0; skipped <= text.size(); ++skipped) {
      if (MatchesSchemaPattern(pattern.substr(1), text.substr(skipped))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  size_t used = 1;
  if (pattern.front() == '\\' && pattern.size() > 1) used = 2;
  const bool any = used == 1 && pattern.front() == '_';
  return (any || pattern[used - 1] == text.front()) && MatchesSchemaPattern(pattern.substr(used), text.substr(1));
}

void Grants::Add(absl::string_view line) {
  Entry entry;
  if (absl::ConsumePrefix(&line, "REVOKE ")) {
    entry.revoked = true;
  } else if (!absl::ConsumePrefix(&line, "GRANT ")) {
    return;
  }
  const size_t on = line.find(" ON ");
  if (on == line.npos) return;  // a role
  entry.privileges = PrivilegesOf(line.substr(0, on));
  line.remove_prefix(on + 4);
  const std::optional<std::string> schema = ConsumeName(&line);
  if (!schema.has_value() || !absl::ConsumePrefix(&line, ".")) return;
  const std::optional<std::string> table = ConsumeName(&line);
  if (!table.has_value()) return;
  entry.schema = *schema;
  entry.table = *table;
  entries_.push_back(std::move(entry));
}

bool Grants::Holds(const Entry& entry, absl::string_view privilege) {
  const auto has = [&entry](absl::string_view name) {
    return std::find(entry.privileges.begin(), entry.privileges.end(), name) != entry.privileges.end();
  };
  if (has("ALL PRIVILEGES") || has(privilege)) return true;
  // MariaDB split SUPER and REPLICATION CLIENT up and prints the new names.
  if (privilege == "REPLICATION CLIENT") return has("BINLOG MONITOR");
  if (privilege == "SLAVE MONITOR") return has("REPLICA MONITOR");
  if (privilege == "REPLICATION SLAVE") return has("REPLICATION REPLICA");
  return false;
}

bool Grants::Globally(absl::string_view privilege) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return !entry.revoked && entry.schema.empty() && Holds(entry, privilege);
  });
}

bool Grants::OnSchema(absl::string_view privilege, absl::string_view schema) const {
  for (const Entry& entry : entries_) {
    if (!entry.revoked && !entry.schema.empty() && entry.table.empty() && Holds(entry, privilege) &&
        MatchesSchemaPattern(entry.schema, schema)) {
      return true;
    }
  }
  for (const Entry& entry : entries_) {
    if (entry.revoked && entry.schema == schema && Holds(entry, privilege)) return false;
  }
  return Globally(privilege);
}

bool Grants::OnTable(absl::string_view privilege, absl::string_view schema, absl::string_view table) const {
  return OnSchema(privilege, schema) || std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
           return !entry.revoked && entry.schema == schema && entry.table == table && Holds(entry, privilege);
         });
}

absl::StatusOr<Grants> AskGrants(SqlSession* session) {
  std::string statement = "SHOW GRANTS";
  if (session->flavor() == SqlSession::Flavor::kMysql && session->server_version_number() >= 80000) {
    // MySQL lists the roles by name, and what they grant only when asked to; MariaDB prints both.
    ASSIGN_OR_RETURN(const std::optional<std::string> roles, session->QueryValue("SELECT CURRENT_ROLE()"));
    if (roles.has_value() && *roles != "NONE") {
      statement = absl::StrCat("SHOW GRANTS FOR CURRENT_USER() USING ", *roles);
    }
  }
  ASSIGN_OR_RETURN(const SqlRows rows, session->Query(statement));
  Grants grants;
  for (const SqlRow& row : rows.rows) grants.Add(row.at(0).value_or(""));
  return grants;
}

std::string QuoteSchemaPattern(absl::string_view schema) {
  return QuoteIdentifier(absl::StrReplaceAll(schema, {{"\\", "\\\\"}, {"_", "\\_"}, {"%", "\\%"}}));
}

}  // namespace relay
