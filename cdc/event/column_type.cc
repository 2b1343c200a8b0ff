// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/column_type.h"

namespace cdc {

absl::string_view ColumnTypeName(ColumnType type) {
  switch (type) {
    case ColumnType::kOldDecimal:
      return "DECIMAL (before 5.0)";
    case ColumnType::kTiny:
      return "TINYINT";
    case ColumnType::kShort:
      return "SMALLINT";
    case ColumnType::kLong:
      return "INT";
    case ColumnType::kFloat:
      return "FLOAT";
    case ColumnType::kDouble:
      return "DOUBLE";
    case ColumnType::kNull:
      return "NULL";
    case ColumnType::kTimestamp:
    case ColumnType::kTimestamp2:
      return "TIMESTAMP";
    case ColumnType::kLongLong:
      return "BIGINT";
    case ColumnType::kInt24:
      return "MEDIUMINT";
    case ColumnType::kDate:
    case ColumnType::kNewDate:
      return "DATE";
    case ColumnType::kTime:
    case ColumnType::kTime2:
      return "TIME";
    case ColumnType::kDatetime:
    case ColumnType::kDatetime2:
      return "DATETIME";
    case ColumnType::kYear:
      return "YEAR";
    case ColumnType::kVarchar:
    case ColumnType::kVarString:
      return "VARCHAR";
    case ColumnType::kVarcharCompressed:
      return "VARCHAR COMPRESSED";
    case ColumnType::kBit:
      return "BIT";
    case ColumnType::kTypedArray:
      return "ARRAY";
    case ColumnType::kVector:
      return "VECTOR";
    case ColumnType::kJson:
      return "JSON";
    case ColumnType::kNewDecimal:
      return "DECIMAL";
    case ColumnType::kEnum:
      return "ENUM";
    case ColumnType::kSet:
      return "SET";
    case ColumnType::kTinyBlob:
    case ColumnType::kMediumBlob:
    case ColumnType::kLongBlob:
    case ColumnType::kBlob:
      return "BLOB";
    case ColumnType::kBlobCompressed:
      return "BLOB COMPRESSED";
    case ColumnType::kString:
      return "CHAR";
    case ColumnType::kGeometry:
      return "GEOMETRY";
  }
  return "unknown";
}

bool IsNumeric(ColumnType type) {
  switch (type) {
    case ColumnType::kTiny:
    case ColumnType::kShort:
    case ColumnType::kInt24:
    case ColumnType::kLong:
    case ColumnType::kLongLong:
    case ColumnType::kYear:
    case ColumnType::kFloat:
    case ColumnType::kDouble:
    case ColumnType::kOldDecimal:
    case ColumnType::kNewDecimal:
      return true;
    default:
      return false;
  }
}

bool IsCharacter(ColumnType type) {
  switch (type) {
    case ColumnType::kString:
    case ColumnType::kVarString:
    case ColumnType::kVarchar:
    case ColumnType::kVarcharCompressed:
    case ColumnType::kTinyBlob:
    case ColumnType::kMediumBlob:
    case ColumnType::kLongBlob:
    case ColumnType::kBlob:
    case ColumnType::kBlobCompressed:
    case ColumnType::kVector:
      return true;
    default:
      return false;
  }
}

}  // namespace cdc
