// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_VALUE_COLUMN_STORAGE_H_
#define CDC_VALUE_COLUMN_STORAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/event/byte_reader.h"
#include "cdc/event/declared_type.h"
#include "cdc/event/dialect.h"
#include "cdc/event/table_map.h"

namespace cdc {

// How long a column's values are in a row: so many bytes, or as a length prefix says. All that it takes to skip one.
struct ColumnStorage {
  // Of `prefix_bytes`: only the schema tells the length, and it is not at hand.
  static constexpr uint8_t kUntold = 0xff;

  uint8_t prefix_bytes = 0;  // 0: `fixed_bytes`
  uint32_t fixed_bytes = 0;

  // `dialect` is the server's that wrote the log; `declared` may be null. DataLoss: metadata that no server writes.
  // Unimplemented: a type whose values' length is not known.
  static absl::StatusOr<ColumnStorage> Of(Dialect dialect, const MappedColumn& column, const DeclaredType* declared);

  bool is_told() const { return prefix_bytes != kUntold; }

  // The value at the reader, without its prefix. The reader's ok() tells whether it was all there: never, if the length
  // is not told.
  absl::string_view Read(ByteReader& reader) const {
    switch (prefix_bytes) {
      case 0:
        return reader.Bytes(fixed_bytes);
      case 1:
        return reader.Bytes(reader.U8());
      case 2:
        return reader.Bytes(reader.U16());
      case 3:
        return reader.Bytes(reader.U24());
      case 4:
        return reader.Bytes(reader.U32());
      default:
        return reader.Bytes(static_cast<size_t>(-1));
    }
  }
};

// FailedPrecondition that says why the length of such a column is not told.
absl::Status UntoldLength(const MappedColumn& column);

// The digits of the fraction of a TIME, DATETIME or TIMESTAMP in the format before 5.6.4: on MySQL none. MariaDB gave
// that format fractions (mysql56_temporal_format=OFF), and no table map tells how many: nullopt without the schema's
// word.
std::optional<uint32_t> OldFractionDigits(Dialect dialect, const MappedColumn& column, const DeclaredType* declared);

}  // namespace cdc

#endif  // CDC_VALUE_COLUMN_STORAGE_H_
