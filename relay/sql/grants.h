// SPDX-License-Identifier: Apache-2.0
//
// The rows of SHOW GRANTS, as MySQL and MariaDB print them:
//   grant     := "GRANT " privilege {", " privilege} " ON " scope " TO " …
//   privilege := word {" " word} [ "(" columns ")" ]
//   scope     := "*.*" | pattern ".*" | name "." name      pattern, name in backticks
// Lines of other forms (roles, PROXY, routines) grant nothing here; REVOKE lines are MySQL's partial revokes.
#ifndef RELAY_SQL_GRANTS_H_
#define RELAY_SQL_GRANTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "relay/sql/sql_session.h"

namespace relay {

// What a user may do. A privilege on single columns does not count.
class Grants {
 public:
  // Adds one row of SHOW GRANTS.
  void Add(absl::string_view line);

  // Whether `privilege` ("REPLICATION SLAVE", "CREATE") is granted on everything.
  bool Globally(absl::string_view privilege) const;
  // … on every table of the schema, those to come included.
  bool OnSchema(absl::string_view privilege, absl::string_view schema) const;
  // … on this table.
  bool OnTable(absl::string_view privilege, absl::string_view schema, absl::string_view table) const;

 private:
  struct Entry {
    std::vector<std::string> privileges;  // upper case
    std::string schema;                   // a pattern; empty: everything
    std::string table;                    // empty: every table
    bool revoked = false;
  };
  static bool Holds(const Entry& entry, absl::string_view privilege);

  std::vector<Entry> entries_;
};

// The grants of the session's user, those of its active roles included.
absl::StatusOr<Grants> AskGrants(SqlSession* session);

// Whether `text` matches a schema pattern of a grant: % any text, _ any character, \ makes the next one plain.
bool MatchesSchemaPattern(absl::string_view pattern, absl::string_view text);

// The pattern of a grant that matches this schema alone, in backticks: shop_1 is `shop\_1`, since _ would match shopX1
// too.
std::string QuoteSchemaPattern(absl::string_view schema);

}  // namespace relay

#endif  // RELAY_SQL_GRANTS_H_
