// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_VALUE_TABLE_LAYOUT_H_
#define CDC_VALUE_TABLE_LAYOUT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/event/binlog_position.h"

namespace cdc {

// What the schema says of one column: everything that a table map may lack.
// The fields are those of information_schema.COLUMNS.
struct ColumnDefinition {
  enum class Default {
    kNone,      // no default: an INSERT has to give a value
    kNull,      // NULL
    kConstant,  // `default_text`
    // CURRENT_TIMESTAMP, an expression, AUTO_INCREMENT, a generated column: a
    // value that only the server knows.
    kExpression,
  };

  std::string name;
  // DATA_TYPE in lower case: "varchar". Empty: only the name is known, of a column that was dropped since.
  std::string data_type;
  // COLUMN_TYPE: "int(10) unsigned zerofill", "enum('a','b')", "double(8,2)".
  std::string column_type;
  // CHARACTER_SET_NAME: "utf8mb4"; empty for binary and non-character columns.
  std::string charset;
  Default default_kind = Default::kExpression;
  // The default as a SELECT of the column would print it; only of kConstant.
  std::string default_text;

  friend bool operator==(const ColumnDefinition&, const ColumnDefinition&) = default;
};

// The columns of one table in ordinal order, generated and invisible ones
// included.
struct TableLayout {
  std::vector<ColumnDefinition> columns;

  friend bool operator==(const TableLayout&, const TableLayout&) = default;
};

// Answers for tables whose table maps do not carry names
// (binlog_row_metadata=MINIMAL and older servers).
class LayoutProvider {
 public:
  virtual ~LayoutProvider() = default;

  // The layout of `schema`.`table` in force where a transaction stands that begins at `at`. Stream thread. NotFound: no
  // such table. FailedPrecondition: no layout can be proven for this place in the stream, and the message names the
  // cure. Unavailable: the server could not be asked.
  virtual absl::StatusOr<TableLayout> LayoutOf(absl::string_view schema, absl::string_view table,
                                               const BinlogPosition& at) = 0;

  // The stream has come to a change of the table's definition in a transaction that begins at `at`: what was answered
  // for it does not hold from there on. Stream thread.
  virtual void TableChanged(absl::string_view schema, absl::string_view table, const BinlogPosition& at) = 0;
};

}  // namespace cdc

#endif  // CDC_VALUE_TABLE_LAYOUT_H_
