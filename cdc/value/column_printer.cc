// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/column_printer.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cdc/event/byte_reader.h"
#include "cdc/event/column_type.h"
#include "cdc/value/column_storage.h"
#include "cdc/value/compressed_column.h"
#include "cdc/value/decimal_text.h"
#include "cdc/value/json_text.h"
#include "cdc/value/mariadb_text.h"
#include "cdc/value/number_text.h"
#include "cdc/value/temporal_text.h"
#include "relay/base/status_macros.h"

namespace cdc {
namespace {

// FLOAT and DOUBLE declared without decimals.
constexpr uint32_t kMaxDecimals = 30;
// Their display widths then, which ZEROFILL fills.
constexpr uint32_t kFloatWidth = 12;
constexpr uint32_t kDoubleWidth = 22;

absl::Status NotTold(absl::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat("neither the table map nor the schema tells ", what,
                                                    ": set binlog_row_metadata=FULL on the server"));
}

// information_schema is utf8mb3: it shows a question mark for each character past the basic plane.
bool MayHaveLost(absl::string_view member, absl::string_view charset) {
  if (!absl::StrContains(member, '?')) return false;
  for (const char* whole : {"utf8mb4", "utf16", "utf16le", "utf32", "gb18030"}) {
    if (charset == whole) return true;
  }
  return false;
}

bool IsCompressed(ColumnType type) {
  return type == ColumnType::kVarcharCompressed || type == ColumnType::kBlobCompressed;
}

uint32_t Argument(const DeclaredType* declared, size_t index) {
  return declared == nullptr || declared->arguments.size() <= index ? 0 : declared->arguments[index];
}

int64_t SignExtend(uint64_t value, size_t bytes) {
  const int shift = static_cast<int>(64 - 8 * bytes);
  return static_cast<int64_t>(value << shift) >> shift;
}

// The character set of text or names: the map's, or else the layout's; nullopt if neither tells.
absl::StatusOr<std::optional<absl::string_view>> CharsetOf(Dialect dialect, const MappedColumn& column,
                                                           const DeclaredType* declared, absl::string_view charset,
                                                           ColumnPrinter::Unknown unknown) {
  std::optional<absl::string_view> found;
  if (declared != nullptr) found = charset.empty() ? "binary" : charset;
  if (!column.collation) return found;
  const absl::string_view mapped = CharsetOfCollation(dialect, *column.collation);
  if (!mapped.empty()) return std::optional<absl::string_view>(mapped);
  // One that an administrator has defined: only the server itself knows it. The layout of a binary column has none.
  if (declared != nullptr && !charset.empty()) return found;
  if (unknown == ColumnPrinter::Unknown::kGuess) return std::optional<absl::string_view>();
  return absl::UnimplementedError(absl::StrCat("unknown collation number ", *column.collation));
}

}  // namespace

absl::Status ColumnPrinter::SetInteger(const MappedColumn& column, const DeclaredType* declared, Unknown unknown) {
  std::optional<bool> is_unsigned = column.is_unsigned;
  if (!is_unsigned && declared != nullptr) is_unsigned = declared->is_unsigned;
  if (!is_unsigned) {
    if (unknown == Unknown::kRefuse) return NotTold("whether it is UNSIGNED");
    is_unsigned = false;
  }
  form_ = *is_unsigned ? Form::kUnsigned : Form::kSigned;
  if (declared != nullptr && declared->zerofill && Argument(declared, 0) > 0) {
    form_ = Form::kZerofilled;
    width_ = Argument(declared, 0);
  }
  return absl::OkStatus();
}

absl::Status ColumnPrinter::SetCharacter(Dialect dialect, const MappedColumn& column, const DeclaredType* declared,
                                         absl::string_view charset, Unknown unknown) {
  if (declared != nullptr) {
    if (declared->name == "inet4") form_ = Form::kInet4;
    if (declared->name == "inet6") form_ = Form::kInet6;
    if (declared->name == "uuid") form_ = Form::kUuid;
    if (form_ != Form::kText) return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::optional<absl::string_view> told, CharsetOf(dialect, column, declared, charset, unknown));
  if (!told && unknown == Unknown::kRefuse) return NotTold("its character set");
  charset = told.value_or("utf8mb4");
  const bool identity = CharsetConverter::IsIdentity(charset);
  if (!identity) {
    ASSIGN_OR_RETURN(converter_, CharsetConverter::Create(charset));
    scratch_ = std::make_unique<TextBuffer>();
  }
  if (IsCompressed(column.type)) {
    form_ = identity ? Form::kCompressedText : Form::kCompressedConverted;
  } else if (!identity) {
    form_ = Form::kConverted;
  } else if (column.type == ColumnType::kString && charset == "binary") {
    form_ = Form::kPadded;
    width_ = column.length;
  }
  return absl::OkStatus();
}

absl::Status ColumnPrinter::SetMembers(Dialect dialect, const MappedColumn& column, const DeclaredType* declared,
                                       absl::string_view charset, Unknown unknown) {
  form_ = column.type == ColumnType::kEnum ? Form::kEnum : Form::kSet;
  if (!column.members.empty()) {
    ASSIGN_OR_RETURN(const std::optional<absl::string_view> told,
                     CharsetOf(dialect, column, column.collation ? declared : nullptr, charset, unknown));
    ASSIGN_OR_RETURN(std::unique_ptr<CharsetConverter> converter, CharsetConverter::Create(told.value_or("binary")));
    for (const std::string& member : column.members) {
      TextBuffer text;
      converter->Append(member, &text);
      members_.emplace_back(text.view());
    }
  } else if (declared != nullptr && !declared->members.empty()) {
    for (const std::string& member : declared->members) {
      if (MayHaveLost(member, charset)) {
        return NotTold(absl::StrCat("its names (information_schema shows \"", member,
                                    "\" also for one with characters ", "that it can't show)"));
      }
    }
    members_ = declared->members;
  } else if (unknown == Unknown::kGuess) {
    form_ = Form::kUnsigned;
  } else {
    return NotTold("its names");
  }
  return absl::OkStatus();
}

absl::StatusOr<ColumnPrinter> ColumnPrinter::Create(Dialect dialect, const MappedColumn& column,
                                                    const DeclaredType* declared, absl::string_view charset,
                                                    Unknown unknown) {
  ColumnPrinter printer;
  printer.unsigned_zero_ = dialect == Dialect::kMariaDb;
  const uint32_t decimals = Argument(declared, 1);
  const bool fixed = declared != nullptr && declared->arguments.size() == 2 && decimals <= kMaxDecimals;
  const bool zerofill = declared != nullptr && declared->zerofill;
  const auto old_digits = static_cast<uint8_t>(OldFractionDigits(dialect, column, declared).value_or(0));
  switch (column.type) {
    case ColumnType::kTiny:
    case ColumnType::kShort:
    case ColumnType::kInt24:
    case ColumnType::kLong:
    case ColumnType::kLongLong:
      RETURN_IF_ERROR(printer.SetInteger(column, declared, unknown));
      break;
    case ColumnType::kFloat:
      printer.form_ = fixed ? Form::kFixedFloat : Form::kFloat;
      printer.scale_ = static_cast<uint8_t>(decimals);
      if (zerofill) printer.SetWidth(fixed ? Argument(declared, 0) : kFloatWidth);
      break;
    case ColumnType::kDouble:
      printer.form_ = fixed ? Form::kFixedDouble : Form::kDouble;
      printer.scale_ = static_cast<uint8_t>(decimals);
      if (zerofill) printer.SetWidth(fixed ? Argument(declared, 0) : kDoubleWidth);
      break;
    case ColumnType::kNewDecimal:
      printer.form_ = zerofill ? Form::kZerofilledDecimal : Form::kDecimal;
      printer.width_ = column.length;
      printer.scale_ = column.scale;
      break;
    case ColumnType::kYear:
      printer.form_ = Argument(declared, 0) == 2 ? Form::kYear2 : Form::kYear;
      break;
    case ColumnType::kDate:
    case ColumnType::kNewDate:
      printer.form_ = Form::kDate;
      break;
    case ColumnType::kTime2:
      printer.form_ = Form::kTime2;
      printer.scale_ = static_cast<uint8_t>(column.length);
      break;
    case ColumnType::kDatetime2:
      printer.form_ = Form::kDatetime2;
      printer.scale_ = static_cast<uint8_t>(column.length);
      break;
    case ColumnType::kTimestamp2:
      printer.form_ = Form::kTimestamp2;
      printer.scale_ = static_cast<uint8_t>(column.length);
      break;
    case ColumnType::kTime:
      printer.form_ = Form::kMariaDbTime;
      printer.scale_ = old_digits;
      break;
    case ColumnType::kDatetime:
      printer.form_ = Form::kMariaDbDatetime;
      printer.scale_ = old_digits;
      break;
    case ColumnType::kTimestamp:
      printer.form_ = Form::kMariaDbTimestamp;
      printer.scale_ = old_digits;
      break;
    case ColumnType::kJson:
      printer.form_ = Form::kJson;
      break;
    case ColumnType::kEnum:
    case ColumnType::kSet:
      RETURN_IF_ERROR(printer.SetMembers(dialect, column, declared, charset, unknown));
      break;
    case ColumnType::kVarchar:
    case ColumnType::kVarcharCompressed:
    case ColumnType::kVarString:
    case ColumnType::kString:
    case ColumnType::kTinyBlob:
    case ColumnType::kMediumBlob:
    case ColumnType::kLongBlob:
    case ColumnType::kBlob:
    case ColumnType::kBlobCompressed:
      RETURN_IF_ERROR(printer.SetCharacter(dialect, column, declared, charset, unknown));
      break;
    case ColumnType::kNull:
    case ColumnType::kBit:
    case ColumnType::kGeometry:
    case ColumnType::kVector:
      break;
    case ColumnType::kOldDecimal:
    case ColumnType::kTypedArray:
      return absl::UnimplementedError(
          absl::StrCat("columns of type ", ColumnTypeName(column.type), " can't be printed"));
  }
  return printer;
}

bool ColumnPrinter::AppendMembers(uint64_t value, TextBuffer* out) const {
  if (form_ == Form::kEnum) {
    if (value > members_.size()) return false;
    if (value > 0) out->Append(members_[value - 1]);  // 0 is the server's mark of a wrong value, printed empty
    return true;
  }
  bool first = true;
  for (size_t i = 0; i < 64; ++i) {
    if ((value >> i & 1) == 0) continue;
    if (i >= members_.size()) return false;
    if (!first) out->Append(',');
    first = false;
    out->Append(members_[i]);
  }
  return true;
}

void ColumnPrinter::AppendNumber(double value, TextBuffer* out) const {
  value = Zero(value);
  switch (form_) {
    case Form::kFloat:
      return AppendFloat(static_cast<float>(value), out);
    case Form::kDouble:
      return AppendDouble(value, out);
    default:
      return AppendFixed(value, scale_, out);
  }
}

absl::Status ColumnPrinter::Append(absl::string_view value, TextBuffer* out) {
  bool good = true;
  switch (form_) {
    case Form::kText:
      out->Append(value);
      break;
    case Form::kPadded:
      out->Append(value);
      if (value.size() < width_) out->Append(width_ - value.size(), '\0');
      break;
    case Form::kConverted:
      converter_->Append(value, out);
      break;
    case Form::kCompressedText:
      return AppendUncompressedColumn(value, out);
    case Form::kCompressedConverted:
      scratch_->Clear();
      RETURN_IF_ERROR(AppendUncompressedColumn(value, scratch_.get()));
      converter_->Append(scratch_->view(), out);
      break;
    case Form::kJson:
      return AppendJsonText(value, out);
    case Form::kSigned:
      AppendInteger(SignExtend(ByteReader(value).LittleEndianOf(value.size()), value.size()), out);
      break;
    case Form::kUnsigned:
      AppendUnsigned(ByteReader(value).LittleEndianOf(value.size()), out);
      break;
    case Form::kZerofilled:
      AppendZerofilled(ByteReader(value).LittleEndianOf(value.size()), width_, out);
      break;
    case Form::kDecimal:
      good = AppendDecimal(value, width_, scale_, /*zerofill=*/false, out);
      break;
    case Form::kZerofilledDecimal:
      good = AppendDecimal(value, width_, scale_, /*zerofill=*/true, out);
      break;
    case Form::kFloat:
    case Form::kDouble:
    case Form::kFixedFloat:
    case Form::kFixedDouble: {
      const bool narrow = form_ == Form::kFloat || form_ == Form::kFixedFloat;
      const double number = narrow ? ByteReader(value).F32() : ByteReader(value).F64();
      if (width_ == 0) {
        AppendNumber(number, out);
        break;
      }
      scratch_->Clear();
      AppendNumber(number, scratch_.get());
      if (scratch_->size() < width_) out->Append(width_ - scratch_->size(), '0');
      out->Append(scratch_->view());
      break;
    }
    case Form::kDate:
      good = AppendDate(value, out);
      break;
    case Form::kYear:
      good = AppendYear(value, out);
      break;
    case Form::kYear2:
      good = AppendShortYear(value, out);
      break;
    case Form::kTime2:
      good = AppendTime2(value, scale_, out);
      break;
    case Form::kDatetime2:
      good = AppendDatetime2(value, scale_, out);
      break;
    case Form::kTimestamp2:
      good = AppendTimestamp2(value, scale_, out);
      break;
    case Form::kMariaDbTime:
      good = AppendMariaDbTime(value, scale_, out);
      break;
    case Form::kMariaDbDatetime:
      good = AppendMariaDbDatetime(value, scale_, out);
      break;
    case Form::kMariaDbTimestamp:
      good = AppendMariaDbTimestamp(value, scale_, out);
      break;
    case Form::kEnum:
    case Form::kSet:
      good = AppendMembers(ByteReader(value).LittleEndianOf(value.size()), out);
      break;
    case Form::kInet4:
      good = AppendInet4(value, out);
      break;
    case Form::kInet6:
      good = AppendInet6(value, out);
      break;
    case Form::kUuid:
      good = AppendUuid(value, out);
      break;
  }
  if (!good) return absl::DataLossError("malformed value");
  return absl::OkStatus();
}

}  // namespace cdc
