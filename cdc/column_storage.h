// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_COLUMN_STORAGE_H_
#define CDC_COLUMN_STORAGE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/byte_reader.h"
#include "cdc/declared_type.h"
#include "cdc/table_map.h"

namespace cdc {

// How long a column's values are in a row: so many bytes, or as a length prefix says. All that it takes to skip one.
struct ColumnStorage {
  uint8_t prefix_bytes = 0;  // 0: `fixed_bytes`
  uint32_t fixed_bytes = 0;

  // `declared` may be null; it tells MariaDB's own temporal types from the old ones. DataLoss: metadata that no server
  // writes. Unimplemented: a type whose values' length is not known.
  static absl::StatusOr<ColumnStorage> Of(const MappedColumn& column, const DeclaredType* declared);

  // The value at the reader, without its prefix. The reader's ok() tells whether it was all there.
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
      default:
        return reader.Bytes(reader.U32());
    }
  }
};

}  // namespace cdc

#endif  // CDC_COLUMN_STORAGE_H_
