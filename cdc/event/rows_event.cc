// SPDX-License-Identifier: Apache-2.0
//
// Rows events, after the 19-byte header:
//
//   table id       6 bytes (4 if the post-header length is 6)
//   flags          2
//   extra          v2 only: length (2, itself included), data
//   column count   length-encoded
//   columns        1 bit a column: those of the (before) image
//   columns        updates only, from v1: those of the after image
//   rows           to the end; of MariaDB's compressed events compressed
//
// Types: WRITE, UPDATE, DELETE v0 20–22 (5.1 betas), v1 23–25, v2 30–32,
// PARTIAL_UPDATE_ROWS 39; MariaDB's compressed v1 166–168 and v2 169–171.
// Source: MySQL, libs/mysql/binlog/event/rows_event.h; MariaDB,
// sql/log_event.h.
#include "cdc/event/rows_event.h"

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cdc/event/byte_reader.h"
#include "cdc/event/event_header.h"

namespace cdc {
namespace {

struct Kind {
  RowsOperation operation;
  uint8_t version;  // 0: no rows event
  bool partial_json = false;
  bool compressed = false;
};

// v0 had one bitmap for both images of an update.
constexpr uint8_t kVersion0 = 3;

Kind KindOf(uint8_t event_type) {
  switch (static_cast<EventType>(event_type)) {
    case EventType::kWriteRowsV0:
      return {RowsOperation::kInsert, kVersion0};
    case EventType::kUpdateRowsV0:
      return {RowsOperation::kUpdate, kVersion0};
    case EventType::kDeleteRowsV0:
      return {RowsOperation::kDelete, kVersion0};
    case EventType::kWriteRowsV1:
      return {RowsOperation::kInsert, 1};
    case EventType::kUpdateRowsV1:
      return {RowsOperation::kUpdate, 1};
    case EventType::kDeleteRowsV1:
      return {RowsOperation::kDelete, 1};
    case EventType::kWriteRows:
      return {RowsOperation::kInsert, 2};
    case EventType::kUpdateRows:
      return {RowsOperation::kUpdate, 2};
    case EventType::kDeleteRows:
      return {RowsOperation::kDelete, 2};
    case EventType::kPartialUpdateRows:
      return {RowsOperation::kUpdate, 2, /*partial_json=*/true};
    case EventType::kWriteRowsCompressedV1:
      return {RowsOperation::kInsert, 1, false, /*compressed=*/true};
    case EventType::kUpdateRowsCompressedV1:
      return {RowsOperation::kUpdate, 1, false, /*compressed=*/true};
    case EventType::kDeleteRowsCompressedV1:
      return {RowsOperation::kDelete, 1, false, /*compressed=*/true};
    case EventType::kWriteRowsCompressed:
      return {RowsOperation::kInsert, 2, false, /*compressed=*/true};
    case EventType::kUpdateRowsCompressed:
      return {RowsOperation::kUpdate, 2, false, /*compressed=*/true};
    case EventType::kDeleteRowsCompressed:
      return {RowsOperation::kDelete, 2, false, /*compressed=*/true};
    default:
      return {RowsOperation::kInsert, 0};
  }
}

absl::Status Malformed() { return absl::DataLossError("malformed rows event: cut short in its head"); }

}  // namespace

bool RowsEvent::IsRowsEvent(uint8_t event_type) { return KindOf(event_type).version != 0; }

absl::StatusOr<uint64_t> RowsEvent::ParseTableId(absl::string_view body, uint8_t post_header_length) {
  ByteReader reader(body);
  uint64_t id = post_header_length == 6 ? reader.U32() : reader.U48();
  if (!reader.ok()) return Malformed();
  return id;
}

absl::StatusOr<RowsEvent> RowsEvent::Parse(uint8_t event_type, absl::string_view body, uint8_t post_header_length) {
  const Kind kind = KindOf(event_type);
  if (kind.version == 0) {
    return absl::InvalidArgumentError(absl::StrCat("event type ", event_type, " is no rows event"));
  }
  RowsEvent event;
  event.operation = kind.operation;
  event.partial_json = kind.partial_json;
  event.compressed = kind.compressed;
  ByteReader reader(body);
  event.table_id = post_header_length == 6 ? reader.U32() : reader.U48();
  event.flags = reader.U16();
  if (post_header_length == 10) {
    uint16_t extra = reader.U16();
    if (extra < 2) return Malformed();
    reader.Skip(extra - 2u);
  } else if (post_header_length > 10) {
    return absl::DataLossError(
        absl::StrCat("rows event with an unknown post-header of ", post_header_length, " bytes"));
  }
  event.column_count = reader.LengthEncoded();
  if (!reader.ok() || event.column_count > 8 * reader.remaining()) {
    return Malformed();
  }
  const size_t bitmap = static_cast<size_t>((event.column_count + 7) / 8);
  event.before_columns = reader.Bytes(bitmap);
  if (kind.operation == RowsOperation::kUpdate) {
    event.after_columns = kind.version == kVersion0 ? event.before_columns : reader.Bytes(bitmap);
  }
  if (!reader.ok()) return Malformed();
  event.rows = reader.rest();
  return event;
}

}  // namespace cdc
