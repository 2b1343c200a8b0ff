// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_VALUE_DECIMAL_TEXT_H_
#define CDC_VALUE_DECIMAL_TEXT_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "cdc/event/text_buffer.h"

namespace cdc {

// True for what a server can write: 1 <= precision <= 81 and scale <= precision (columns end at 65 and 30; the decimals
// inside JSON documents may have more).
bool IsDecimalFormat(uint32_t precision, uint32_t scale);

// Bytes of a DECIMAL(precision, scale) in a row. Only for formats that pass IsDecimalFormat.
size_t DecimalBytes(uint32_t precision, uint32_t scale);

// Appends the number as a SELECT prints it: all `scale` digits, "0" before a bare fraction. `zerofill` pads the integer
// part to its full width. False: `bytes` has another length than DecimalBytes, or holds no digits.
bool AppendDecimal(absl::string_view bytes, uint32_t precision, uint32_t scale, bool zerofill, TextBuffer* out);

}  // namespace cdc

#endif  // CDC_VALUE_DECIMAL_TEXT_H_
