// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_EVENT_ROWS_EVENT_H_
#define CDC_EVENT_ROWS_EVENT_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cdc {

// A rows event without rows, which only ends a statement, names this table.
inline constexpr uint64_t kDummyTableId = 0xFFFFFF;

enum class RowsOperation { kInsert, kUpdate, kDelete };

// The head of a rows event. Views into the event's body.
struct RowsEvent {
  RowsOperation operation = RowsOperation::kInsert;
  // PARTIAL_UPDATE_ROWS_EVENT: JSON columns may hold differences.
  bool partial_json = false;
  // MariaDB's *_ROWS_COMPRESSED: `rows` is compressed.
  bool compressed = false;
  uint64_t table_id = 0;
  // Bit 0: last rows event of its statement; 9.7 sets others besides.
  uint16_t flags = 0;
  uint64_t column_count = 0;
  // One bit a column, least significant first: the columns that the images
  // carry. `after_columns` is empty but of updates.
  absl::string_view before_columns;
  absl::string_view after_columns;
  // The row images to the event's end.
  absl::string_view rows;

  bool ends_statement() const { return (flags & 1) != 0; }

  // True for event types that Parse() reads: rows v0, v1 and v2, partial
  // updates, MariaDB's compressed ones.
  static bool IsRowsEvent(uint8_t event_type);
  // The table id alone, to tell that an event is of no interest.
  static absl::StatusOr<uint64_t> ParseTableId(absl::string_view body, uint8_t post_header_length);
  // `body` is the event without its 19-byte header and its checksum;
  // `post_header_length` what the format description says of this event type
  // (10 for v2, 8 for v0 and v1, 6 for those of very old servers).
  // InvalidArgument: no rows event. DataLoss: malformed.
  static absl::StatusOr<RowsEvent> Parse(uint8_t event_type, absl::string_view body, uint8_t post_header_length);
};

}  // namespace cdc

#endif  // CDC_EVENT_ROWS_EVENT_H_
