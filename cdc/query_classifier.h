// SPDX-License-Identifier: Apache-2.0
//
// What a QUERY event does, as far as a reader of rows must know:
//
//   query   := { SET STATEMENT setting {"," setting} FOR } statement                             MariaDB
//   control := BEGIN | START TRANSACTION | COMMIT | ROLLBACK | SAVEPOINT name
//            | ROLLBACK [WORK] TO [SAVEPOINT] name
//            | XA (START | BEGIN | END | COMMIT | ROLLBACK) xid
//   ddl     := CREATE [OR REPLACE] TABLE [IF NOT EXISTS] table …
//            | ALTER [ONLINE] [IGNORE] TABLE [IF EXISTS] table … [RENAME [TO | AS | =] table] …
//              [WITH TABLE table | CONVERT TABLE table … | CONVERT … TO TABLE table]
//            | DROP TABLE[S] [IF EXISTS] table {"," table}
//            | (DROP | CREATE OR REPLACE) DATABASE [IF EXISTS] schema
//            | RENAME TABLE[S] [IF EXISTS] table TO table {"," …} | TRUNCATE [TABLE] table
//   dml     := INSERT … | REPLACE … | UPDATE … | DELETE … | LOAD … | WITH … | CALL … | BEGIN NOT ATOMIC …
//            | SELECT …                                                                a function that writes
//            | ANALYZE … | EXPLAIN ANALYZE …                                           of a statement, not TABLE
//            | CREATE TABLE … (SELECT | TABLE | VALUES) …
//            | any other statement that is not known to leave rows alone
//
// Comments are skipped but for /*!version … */ and /*M!version … */, which are read: a server that does not execute one
// logs it as a plain comment. `table` is [schema "."] name, quoted or not. Temporary tables are none of these, nor are
// indexes, which change no column. All of it stands in the client's character set (client_charset.h); the names of a
// TableChange are UTF-8.
#ifndef CDC_QUERY_CLASSIFIER_H_
#define CDC_QUERY_CLASSIFIER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "cdc/event/event.h"
#include "cdc/stream_item.h"

namespace cdc {

enum class QueryKind {
  kBegin,
  kCommit,
  kRollback,
  kSavepoint,
  kRollbackToSavepoint,
  kXaStart,
  kXaEnd,
  kXaCommit,
  kXaRollback,
  kDdl,
  kDml,
  kOther,
};

struct TableChange {
  SchemaChange::Kind kind;
  std::string schema;
  // Empty: every table of the schema.
  std::string table;
  // Of kCreate: nothing happens where the table exists.
  bool if_not_exists = false;

  // Whether the columns of a table that existed before are others behind this. A CREATE TABLE IF NOT EXISTS that takes
  // effect stands behind the DROP or RENAME which took the table away.
  bool ChangesColumns() const {
    return kind != SchemaChange::Kind::kTruncate && !(kind == SchemaChange::Kind::kCreate && if_not_exists);
  }
};

struct ClassifiedQuery {
  QueryKind kind = QueryKind::kOther;
  // A savepoint's name, or an XA branch's id as logged (X'7831',X'',1).
  std::string name;
  // Of kDdl, in the order in which they stand. OR REPLACE is a kDrop before the kCreate.
  std::vector<TableChange> tables;
  // A DDL that also writes rows as a statement (CREATE TABLE … SELECT).
  bool writes_rows = false;
};

// Never fails: what cannot be understood is kDml, which costs a look at the table and no row.
ClassifiedQuery ClassifyQuery(const QueryEvent& query);

// Whether `name` stands in `text` as an identifier, quoted or not, in any case.
bool NamesIdentifier(absl::string_view text, absl::string_view name);

}  // namespace cdc

#endif  // CDC_QUERY_CLASSIFIER_H_
