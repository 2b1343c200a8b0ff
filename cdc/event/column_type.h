// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_EVENT_COLUMN_TYPE_H_
#define CDC_EVENT_COLUMN_TYPE_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace cdc {

// Column types as a table map names them (enum_field_types of MySQL's
// include/field_types.h; 140 and 141 are MariaDB's, sql/field.h). The values
// are those on the wire.
enum class ColumnType : uint8_t {
  kOldDecimal = 0,  // before 5.0, never in row events that can be decoded
  kTiny = 1,
  kShort = 2,
  kLong = 3,
  kFloat = 4,
  kDouble = 5,
  kNull = 6,
  kTimestamp = 7,  // without fraction, before 5.6.4
  kLongLong = 8,
  kInt24 = 9,
  kDate = 10,
  kTime = 11,      // before 5.6.4
  kDatetime = 12,  // before 5.6.4
  kYear = 13,
  kNewDate = 14,
  kVarchar = 15,
  kBit = 16,
  kTimestamp2 = 17,
  kDatetime2 = 18,
  kTime2 = 19,
  kTypedArray = 20,
  kBlobCompressed = 140,
  kVarcharCompressed = 141,
  kVector = 242,
  kJson = 245,
  kNewDecimal = 246,
  kEnum = 247,
  kSet = 248,
  kTinyBlob = 249,
  kMediumBlob = 250,
  kLongBlob = 251,
  kBlob = 252,
  kVarString = 253,
  kString = 254,
  kGeometry = 255,
};

// "VARCHAR", "DECIMAL", …; "unknown" for a value that is none of the above.
absl::string_view ColumnTypeName(ColumnType type);

// Types for which a table map's metadata has a sign bit.
bool IsNumeric(ColumnType type);

// Types for which it has a collation: CHAR, VARCHAR, TEXT, their binary forms
// and VECTOR, but not ENUM and SET.
bool IsCharacter(ColumnType type);

}  // namespace cdc

#endif  // CDC_EVENT_COLUMN_TYPE_H_
