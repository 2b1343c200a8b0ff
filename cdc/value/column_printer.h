// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_VALUE_COLUMN_PRINTER_H_
#define CDC_VALUE_COLUMN_PRINTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/event/declared_type.h"
#include "cdc/event/dialect.h"
#include "cdc/event/table_map.h"
#include "cdc/event/text_buffer.h"
#include "cdc/value/charset.h"

namespace cdc {

// Turns one column's values, as rows hold them, into the text that a SELECT prints. Not thread-safe.
class ColumnPrinter {
 public:
  // What to do about a property that neither the table map nor the layout tells.
  enum class Unknown {
    kRefuse,  // FailedPrecondition; also of ENUM and SET names that the layout may show with characters lost
    kGuess,   // as mysqlbinlog: signed, text passed through as it is, ENUM and SET as numbers; also of a character set
              // that is not known
  };

  // `dialect` is the server's that wrote the log. `declared` and `charset` come from the layout: null and empty when
  // there is none. ColumnStorage tells the column's length. FailedPrecondition: see Unknown; Unimplemented: a type or
  // character set that can't be printed.
  static absl::StatusOr<ColumnPrinter> Create(Dialect dialect, const MappedColumn& column, const DeclaredType* declared,
                                              absl::string_view charset, Unknown unknown);

  // True if this value is its text already: no Append needed.
  bool IsText(absl::string_view value) const {
    return form_ == Form::kText || (form_ == Form::kPadded && value.size() == width_);
  }

  // Appends the text of `value`, which has the length that ColumnStorage gives. DataLoss: malformed; `out` may then
  // hold a part.
  absl::Status Append(absl::string_view value, TextBuffer* out);

 private:
  enum class Form : uint8_t {
    kText,       // printed as it is
    kPadded,     // BINARY: trailing zero bytes are not logged
    kConverted,  // through converter_
    kCompressedText,
    kCompressedConverted,
    kJson,
    kSigned,
    kUnsigned,
    kZerofilled,  // to width_ digits
    kDecimal,     // width_ = precision
    kZerofilledDecimal,
    kFloat,  // with ZEROFILL width_ characters wide, as those below
    kDouble,
    kFixedFloat,  // scale_ decimals
    kFixedDouble,
    kDate,
    kYear,
    kYear2,  // YEAR(2)
    kTime2,  // scale_ digits of the fraction
    kDatetime2,
    kTimestamp2,
    kMariaDbTime,  // also the formats before 5.6.4, which are those with scale_ 0
    kMariaDbDatetime,
    kMariaDbTimestamp,
    kEnum,
    kSet,
    kInet4,
    kInet6,
    kUuid,
  };

  ColumnPrinter() = default;
  absl::Status SetInteger(const MappedColumn& column, const DeclaredType* declared, Unknown unknown);
  absl::Status SetCharacter(Dialect dialect, const MappedColumn& column, const DeclaredType* declared,
                            absl::string_view charset, Unknown unknown);
  absl::Status SetMembers(Dialect dialect, const MappedColumn& column, const DeclaredType* declared,
                          absl::string_view charset, Unknown unknown);
  void SetWidth(uint32_t width) {
    width_ = width;
    scratch_ = std::make_unique<TextBuffer>();
  }
  void AppendNumber(double value, TextBuffer* out) const;
  double Zero(double value) const { return unsigned_zero_ && value == 0 ? 0 : value; }
  bool AppendMembers(uint64_t value, TextBuffer* out) const;

  Form form_ = Form::kText;
  bool unsigned_zero_ = false;  // MariaDB prints the floating-point -0 as 0
  uint8_t scale_ = 0;
  uint32_t width_ = 0;
  std::vector<std::string> members_;  // utf8mb4
  std::unique_ptr<CharsetConverter> converter_;
  std::unique_ptr<TextBuffer> scratch_;  // of compressed text to be converted, of a number to be padded
};

}  // namespace cdc

#endif  // CDC_VALUE_COLUMN_PRINTER_H_
