// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_RECORDED_ROWS_H_
#define CDC_RECORDED_ROWS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cdc/event/rows_event.h"
#include "cdc/event/table_map.h"
#include "cdc/value/table_layout.h"

namespace cdc {

// testing/testdata/types, read for tests: what the log holds and what SELECT printed.

struct RecordedRow {
  std::string table;
  RowsOperation operation = RowsOperation::kInsert;
  std::vector<std::optional<std::string>> before;  // nullopt: NULL
  std::vector<std::optional<std::string>> after;
};

struct Golden {
  std::map<std::string, TableLayout> layouts;
  std::vector<RecordedRow> rows;
};

// The body of a table map or rows event, without header and checksum.
struct RecordedEvent {
  uint8_t type = 0;
  uint8_t post_header_length = 0;
  std::string body;
};

// `name` is "mysql" or "mariadb". CHECK-fails if a file is missing or unreadable.
Golden ReadGolden(const std::string& name);
// `name` is "mysql_full", … The table maps and rows events, in order.
std::vector<RecordedEvent> ReadRecordedEvents(const std::string& name);

}  // namespace cdc

#endif  // CDC_RECORDED_ROWS_H_
