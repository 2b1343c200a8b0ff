// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_VALUE_ROWS_DECODER_H_
#define CDC_VALUE_ROWS_DECODER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "cdc/event/rows_event.h"
#include "cdc/event/table_map.h"
#include "cdc/value/column_value.h"
#include "cdc/value/table_layout.h"

namespace cdc {

// The images of one row, in the order of the wanted columns. An insert has
// only `after`, a delete only `before`.
struct RowImages {
  absl::Span<const ColumnValue> before;
  absl::Span<const ColumnValue> after;
};

// Decodes the rows events of one table map: the wanted columns become text,
// the others are skipped by length. Built once a table map; a row costs no
// allocation once the scratch buffers have grown to the rows' size.
// Not thread-safe.
class RowsDecoder {
 public:
  // `layout` may be null when the map has names (binlog_row_metadata=FULL);
  // with both, the map's word counts and the layout only adds what the map
  // does not say (zerofill, display decimals, defaults).
  // `wanted` are column names, compared without regard to ASCII case; a name
  // that the table does not have is listed by missing() and its values are
  // absent. Keeps no reference to its arguments.
  //
  // FailedPrecondition: neither map nor layout has names, or the layout does
  // not fit the map (the message names binlog_row_metadata=FULL), or a wanted
  // column's signedness, charset or ENUM names are told by neither, or the
  // length of a column up to the last wanted one (see OldFractionDigits).
  // Unimplemented: a type that cannot be skipped.
  static absl::StatusOr<std::unique_ptr<RowsDecoder>> Create(const TableMap& map, const TableLayout* layout,
                                                             absl::Span<const std::string> wanted);

  // All columns, for reading files offline: what neither map nor layout tells
  // is guessed as mysqlbinlog does (signed, utf8mb4, ENUM and SET as numbers,
  // names @1, @2, …). FailedPrecondition: a column whose length neither tells,
  // which can't be guessed.
  static absl::StatusOr<std::unique_ptr<RowsDecoder>> CreateForAll(const TableMap& map, const TableLayout* layout);

  ~RowsDecoder();
  RowsDecoder(const RowsDecoder&) = delete;
  RowsDecoder& operator=(const RowsDecoder&) = delete;

  // Names in the order of the values.
  const std::vector<std::string>& columns() const;
  // Indexes into columns() of those that the table does not have.
  const std::vector<size_t>& missing() const;

  // Begins a rows event; its bytes must stay until the last Next().
  // DataLoss: it does not fit the table map, or does not decompress.
  absl::Status Start(const RowsEvent& event);

  // The next row, null after the last. It and its texts live until the next
  // call of Start() or Next(). DataLoss: the row is malformed; the rest of the
  // event can't be decoded. FailedPrecondition: so is a row with a value of an
  // unwanted column whose length neither map nor layout tells.
  absl::StatusOr<const RowImages*> Next();

 private:
  struct Plan;
  explicit RowsDecoder(std::unique_ptr<Plan> plan);

  std::unique_ptr<Plan> plan_;
};

}  // namespace cdc

#endif  // CDC_VALUE_ROWS_DECODER_H_
