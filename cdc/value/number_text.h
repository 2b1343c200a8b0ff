// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_VALUE_NUMBER_TEXT_H_
#define CDC_VALUE_NUMBER_TEXT_H_

#include <cstdint>

#include "cdc/event/text_buffer.h"

namespace cdc {

// Numbers as MySQL and MariaDB print them. Source of the floating-point rules: MySQL, strings/dtoa.cc, my_gcvt and
// my_fcvt; checked against servers by testing/property.

void AppendInteger(int64_t value, TextBuffer* out);
void AppendUnsigned(uint64_t value, TextBuffer* out);
// ZEROFILL: at least `width` digits.
void AppendZerofilled(uint64_t value, uint32_t width, TextBuffer* out);

// DOUBLE: the fewest digits that read back as the same number; plain from 1e-15 to 1e15, else d.ddde[-]N.
void AppendDouble(double value, TextBuffer* out);
// A double inside a JSON document: the same, but never looking like an integer ("1.0").
void AppendJsonDouble(double value, TextBuffer* out);
// FLOAT: six significant digits, whatever the number holds.
void AppendFloat(float value, TextBuffer* out);
// FLOAT(m,d) and DOUBLE(m,d): `decimals` digits after the point.
void AppendFixed(double value, uint32_t decimals, TextBuffer* out);

}  // namespace cdc

#endif  // CDC_VALUE_NUMBER_TEXT_H_
