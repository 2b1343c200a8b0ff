// SPDX-License-Identifier: Apache-2.0
#ifndef TESTING_PROPERTY_LOGGED_ROWS_H_
#define TESTING_PROPERTY_LOGGED_ROWS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cdc/event/rows_event.h"
#include "cdc/source/event_source.h"
#include "cdc/source/server_connection.h"
#include "cdc/value/column_value.h"
#include "cdc/value/table_layout.h"

namespace testing_property {

struct LoggedCell {
  cdc::ColumnValue::State state = cdc::ColumnValue::State::kAbsent;
  std::string text;
};

struct LoggedRow {
  cdc::RowsOperation operation = cdc::RowsOperation::kInsert;
  bool compressed = false;  // the event, or the transaction that it was in
  std::vector<LoggedCell> before;
  std::vector<LoggedCell> after;
};

// Where the names and types come from.
enum class Names {
  kTableMap,  // binlog_row_metadata=FULL; the layout adds display widths and decimals
  kLayout,    // the table map without its optional metadata
};

// The rows of `table` from a dump that ends, all columns of the layout in its order.
absl::StatusOr<std::vector<LoggedRow>> ReadRows(cdc::EventSource* source, const std::string& schema,
                                                const std::string& table, const cdc::TableLayout& layout, Names names);

// From information_schema.
absl::StatusOr<cdc::TableLayout> LayoutOf(cdc::ServerConnection* connection, const std::string& schema,
                                          const std::string& table);

}  // namespace testing_property

#endif  // TESTING_PROPERTY_LOGGED_ROWS_H_
