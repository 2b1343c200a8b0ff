// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/layout_fit.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cdc/event/column_type.h"
#include "cdc/event/declared_type.h"

namespace cdc {
namespace {

bool OneOf(absl::string_view name, std::initializer_list<absl::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool BlobFits(uint32_t prefix_bytes, absl::string_view name) {
  switch (prefix_bytes) {
    case 1:
      return OneOf(name, {"tinytext", "tinyblob"});
    case 2:
      return OneOf(name, {"text", "blob"});
    case 3:
      return OneOf(name, {"mediumtext", "mediumblob"});
    default:
      return OneOf(name, {"longtext", "longblob", "json"});  // MariaDB's JSON is a LONGTEXT
  }
}

bool TypeFits(const MappedColumn& column, absl::string_view name) {
  switch (column.type) {
    case ColumnType::kTiny:
      return name == "tinyint";
    case ColumnType::kShort:
      return name == "smallint";
    case ColumnType::kInt24:
      return name == "mediumint";
    case ColumnType::kLong:
      return name == "int";
    case ColumnType::kLongLong:
      return name == "bigint";
    case ColumnType::kFloat:
      return name == "float";
    case ColumnType::kDouble:
      return name == "double";
    case ColumnType::kOldDecimal:
    case ColumnType::kNewDecimal:
      return name == "decimal";
    case ColumnType::kDate:
    case ColumnType::kNewDate:
      return name == "date";
    case ColumnType::kTime:
    case ColumnType::kTime2:
      return name == "time";
    case ColumnType::kDatetime:
    case ColumnType::kDatetime2:
      return name == "datetime";
    case ColumnType::kTimestamp:
    case ColumnType::kTimestamp2:
      return name == "timestamp";
    case ColumnType::kYear:
      return name == "year";
    case ColumnType::kBit:
      return name == "bit";
    case ColumnType::kJson:
      return name == "json";
    case ColumnType::kEnum:
      return name == "enum";
    case ColumnType::kSet:
      return name == "set";
    case ColumnType::kVector:
      return name == "vector";
    case ColumnType::kVarchar:
    case ColumnType::kVarString:
    case ColumnType::kVarcharCompressed:
      return OneOf(name, {"varchar", "varbinary", "vector"});  // MariaDB's VECTOR is a VARBINARY
    case ColumnType::kString:
      return OneOf(name, {"char", "binary", "inet4", "inet6", "uuid"});
    case ColumnType::kTinyBlob:
    case ColumnType::kMediumBlob:
    case ColumnType::kLongBlob:
    case ColumnType::kBlob:
    case ColumnType::kBlobCompressed:
      return BlobFits(column.length, name);
    case ColumnType::kGeometry:
      return OneOf(name, {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
                          "geometrycollection", "geomcollection"});
    case ColumnType::kNull:
    case ColumnType::kTypedArray:
      return true;
  }
  return false;
}

bool LengthFits(const MappedColumn& column, const DeclaredType& declared) {
  if (declared.arguments.empty()) return true;
  const uint32_t argument = declared.arguments[0];
  switch (column.type) {
    case ColumnType::kVarchar:
    case ColumnType::kVarString:
    case ColumnType::kString: {
      if (!OneOf(declared.name, {"varchar", "char", "varbinary", "binary"}) || argument == 0) return true;
      // Characters times the greatest length of one.
      return column.length % argument == 0 && column.length / argument >= 1 && column.length / argument <= 4;
    }
    case ColumnType::kNewDecimal:
      return argument == column.length && (declared.arguments.size() < 2 || declared.arguments[1] == column.scale);
    case ColumnType::kBit:
    case ColumnType::kTime2:
    case ColumnType::kDatetime2:
    case ColumnType::kTimestamp2:
      return argument == column.length;
    default:
      return true;
  }
}

}  // namespace

absl::Status LayoutFits(const TableMap& map, const TableLayout& layout) {
  const std::string table = absl::StrCat(map.schema, ".", map.table);
  constexpr absl::string_view kCure =
      "; set binlog_row_metadata=FULL on the server, so that the log itself names its columns";
  if (map.columns.size() != layout.columns.size()) {
    return absl::FailedPreconditionError(absl::StrCat("rows of ", table, " were logged with ", map.columns.size(),
                                                      " columns, its layout has ", layout.columns.size(), kCure));
  }
  for (size_t i = 0; i < map.columns.size(); ++i) {
    const MappedColumn& column = map.columns[i];
    const ColumnDefinition& definition = layout.columns[i];
    if (definition.data_type.empty()) continue;
    if (!TypeFits(column, absl::AsciiStrToLower(definition.data_type)) ||
        !LengthFits(column, DeclaredType::Parse(definition.column_type))) {
      return absl::FailedPreconditionError(
          absl::StrCat("column ", i + 1, " of ", table, " was logged as ", ColumnTypeName(column.type), " (",
                       column.length, "), its layout says ", definition.name, " ", definition.column_type, kCure));
    }
  }
  return absl::OkStatus();
}

}  // namespace cdc
