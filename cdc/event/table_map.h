// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_EVENT_TABLE_MAP_H_
#define CDC_EVENT_TABLE_MAP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/event/column_type.h"
#include "cdc/event/dialect.h"

namespace cdc {

// One column as a table map describes it.
struct MappedColumn {
  // Of a column logged as STRING the type that it really is: kString, kEnum or
  // kSet.
  ColumnType type = ColumnType::kNull;
  // What the type needs to find a value's end and to print it:
  //   FLOAT, DOUBLE       bytes of the value
  //   VARCHAR             greatest length in bytes
  //   STRING              greatest length in bytes
  //   ENUM, SET           bytes of the value
  //   BLOB, JSON, GEOMETRY, VECTOR   bytes of the length prefix
  //   BIT                 number of bits
  //   TIME2, DATETIME2, TIMESTAMP2   digits of the fraction
  //   NEWDECIMAL          precision; `scale` has the scale
  uint32_t length = 0;
  uint8_t scale = 0;
  bool nullable = true;

  // From the optional metadata; absent where the server did not log them.
  std::optional<bool> is_unsigned;
  std::optional<uint32_t> collation;  // MySQL's collation number, 63 = binary
  std::optional<uint32_t> geometry_type;
  std::optional<uint32_t> vector_dimensions;
  std::optional<bool> visible;
  std::string name;                  // empty: not logged
  std::vector<std::string> members;  // of ENUM and SET, in their own charset

  friend bool operator==(const MappedColumn&, const MappedColumn&) = default;
};

struct PrimaryKeyPart {
  uint32_t column = 0;
  uint32_t prefix_length = 0;  // in characters, 0 = the whole column

  friend bool operator==(const PrimaryKeyPart&, const PrimaryKeyPart&) = default;
};

// What identifies a table map, read without looking at the columns: enough to
// tell that a table is of no interest. Views into the event's body.
struct TableMapName {
  uint64_t table_id = 0;
  absl::string_view schema;
  absl::string_view table;
};

// A table map event, owning all it says: it outlives the event.
struct TableMap {
  Dialect dialect = Dialect::kMySql;
  uint64_t table_id = 0;
  uint16_t flags = 0;
  std::string schema;
  std::string table;
  std::vector<MappedColumn> columns;
  std::vector<PrimaryKeyPart> primary_key;  // empty: none, or not logged

  // True if every column has its name (binlog_row_metadata=FULL).
  bool has_names() const;

  // `body` is the event without its 19-byte header and its checksum;
  // `post_header_length` what the format description says of this event type
  // (8, or 6 of very old servers). DataLoss: malformed. Unimplemented: a
  // column type whose metadata is not known.
  static absl::StatusOr<TableMap> Parse(absl::string_view body, uint8_t post_header_length, Dialect dialect);
  static absl::StatusOr<TableMapName> ParseName(absl::string_view body, uint8_t post_header_length);
};

}  // namespace cdc

#endif  // CDC_EVENT_TABLE_MAP_H_
