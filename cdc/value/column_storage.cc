// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/column_storage.h"

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cdc/event/column_type.h"
#include "cdc/value/decimal_text.h"
#include "cdc/value/temporal_text.h"

namespace cdc {
namespace {

constexpr uint32_t kMaxFraction = 6;

ColumnStorage Fixed(size_t bytes) { return ColumnStorage{0, static_cast<uint32_t>(bytes)}; }

absl::Status BadMetadata(const MappedColumn& column) {
  return absl::DataLossError(absl::StrCat("table map event with impossible metadata for a column of type ",
                                          ColumnTypeName(column.type), ": ", column.length, ", ", column.scale));
}

absl::string_view OldTemporalName(ColumnType type) {
  return type == ColumnType::kTime ? "time" : type == ColumnType::kDatetime ? "datetime" : "timestamp";
}

absl::StatusOr<ColumnStorage> OldTemporal(Dialect dialect, const MappedColumn& column, const DeclaredType* declared) {
  const std::optional<uint32_t> digits = OldFractionDigits(dialect, column, declared);
  if (!digits) return ColumnStorage{ColumnStorage::kUntold, 0};
  if (*digits > kMaxFraction) return BadMetadata(column);
  return Fixed(column.type == ColumnType::kTime       ? MariaDbTimeBytes(*digits)
               : column.type == ColumnType::kDatetime ? MariaDbDatetimeBytes(*digits)
                                                      : MariaDbTimestampBytes(*digits));
}

}  // namespace

absl::Status UntoldLength(const MappedColumn& column) {
  return absl::FailedPreconditionError(
      absl::StrCat("only the schema tells how long the values of MariaDB's old ", ColumnTypeName(column.type),
                   " are (mysql56_temporal_format=OFF), the log does not, even with binlog_row_metadata=FULL"));
}

std::optional<uint32_t> OldFractionDigits(Dialect dialect, const MappedColumn& column, const DeclaredType* declared) {
  if (dialect == Dialect::kMySql) return 0;
  if (declared == nullptr || declared->name != OldTemporalName(column.type)) return std::nullopt;
  return declared->arguments.empty() ? 0 : declared->arguments[0];
}

absl::StatusOr<ColumnStorage> ColumnStorage::Of(Dialect dialect, const MappedColumn& column,
                                                const DeclaredType* declared) {
  switch (column.type) {
    case ColumnType::kNull:
      return Fixed(0);
    case ColumnType::kTiny:
    case ColumnType::kYear:
      return Fixed(1);
    case ColumnType::kShort:
      return Fixed(2);
    case ColumnType::kInt24:
    case ColumnType::kDate:
    case ColumnType::kNewDate:
      return Fixed(3);
    case ColumnType::kLong:
      return Fixed(4);
    case ColumnType::kLongLong:
      return Fixed(8);
    case ColumnType::kTime:
    case ColumnType::kDatetime:
    case ColumnType::kTimestamp:
      return OldTemporal(dialect, column, declared);
    case ColumnType::kFloat:
      if (column.length != 4) return BadMetadata(column);
      return Fixed(4);
    case ColumnType::kDouble:
      if (column.length != 8) return BadMetadata(column);
      return Fixed(8);
    case ColumnType::kBit:
      return Fixed((column.length + 7) / 8);
    case ColumnType::kTimestamp2:
      if (column.length > kMaxFraction) return BadMetadata(column);
      return Fixed(4 + FractionBytes(column.length));
    case ColumnType::kDatetime2:
      if (column.length > kMaxFraction) return BadMetadata(column);
      return Fixed(5 + FractionBytes(column.length));
    case ColumnType::kTime2:
      if (column.length > kMaxFraction) return BadMetadata(column);
      return Fixed(3 + FractionBytes(column.length));
    case ColumnType::kNewDecimal:
      if (!IsDecimalFormat(column.length, column.scale)) return BadMetadata(column);
      return Fixed(DecimalBytes(column.length, column.scale));
    case ColumnType::kEnum:
    case ColumnType::kSet:
      if (column.length < 1 || column.length > 8) return BadMetadata(column);
      return Fixed(column.length);
    case ColumnType::kVarchar:
    case ColumnType::kVarcharCompressed:
    case ColumnType::kVarString:
    case ColumnType::kString:
      return ColumnStorage{static_cast<uint8_t>(column.length < 256 ? 1 : 2), 0};
    case ColumnType::kTinyBlob:
    case ColumnType::kMediumBlob:
    case ColumnType::kLongBlob:
    case ColumnType::kBlob:
    case ColumnType::kBlobCompressed:
    case ColumnType::kJson:
    case ColumnType::kGeometry:
    case ColumnType::kVector:
      if (column.length < 1 || column.length > 4) return BadMetadata(column);
      return ColumnStorage{static_cast<uint8_t>(column.length), 0};
    case ColumnType::kOldDecimal:
    case ColumnType::kTypedArray:
      break;
  }
  return absl::UnimplementedError(
      absl::StrCat("column type ", static_cast<int>(column.type), " is not supported in rows events"));
}

}  // namespace cdc
