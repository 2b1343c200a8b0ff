// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_VALUE_COLUMN_VALUE_H_
#define CDC_VALUE_COLUMN_VALUE_H_

#include "absl/strings/string_view.h"

namespace cdc {

// One column of one row image. A view: whoever hands it out says how long
// `text` lives.
struct ColumnValue {
  enum class State {
    // The image does not carry the column and no constant default is known
    // (binlog_row_image=MINIMAL or NOBLOB), or the table has no such column.
    kAbsent,
    // SQL NULL.
    kNull,
    // `text` is byte for byte what a SELECT prints on a utf8mb4 connection in
    // time zone UTC; of BINARY, BLOB, BIT, GEOMETRY and VECTOR the raw bytes.
    kValue,
    // An update of a JSON document logged as differences
    // (binlog_row_value_options=PARTIAL_JSON) whose before image does not carry
    // the document. `text` is the list of differences as logged: see
    // cdc/value/json_diff.h, ApplyJsonDiffs() makes the new text from the old one.
    kJsonDiff,
  };

  State state = State::kAbsent;
  absl::string_view text;

  bool has_value() const { return state == State::kValue; }
  bool is_null() const { return state == State::kNull; }
};

}  // namespace cdc

#endif  // CDC_VALUE_COLUMN_VALUE_H_
