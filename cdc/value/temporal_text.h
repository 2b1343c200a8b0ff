// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_VALUE_TEMPORAL_TEXT_H_
#define CDC_VALUE_TEMPORAL_TEXT_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "cdc/event/text_buffer.h"

namespace cdc {

// Dates and times of row images and JSON documents, printed as a SELECT does: zero dates as zeros, fractions with all
// `digits` (0 to 6) digits, TIMESTAMP in UTC. Each returns false if `bytes` has the wrong length.

// Bytes that a fraction of `digits` digits takes in the types since 5.6.4.
size_t FractionBytes(uint32_t digits);

bool AppendDate(absl::string_view bytes, TextBuffer* out);       // DATE
bool AppendYear(absl::string_view bytes, TextBuffer* out);       // YEAR
bool AppendShortYear(absl::string_view bytes, TextBuffer* out);  // YEAR(2), of MariaDB and of MySQL before 5.7

// Since MySQL 5.6.4 and MariaDB's mysql56_temporal_format.
bool AppendTime2(absl::string_view bytes, uint32_t digits, TextBuffer* out);
bool AppendDatetime2(absl::string_view bytes, uint32_t digits, TextBuffer* out);
bool AppendTimestamp2(absl::string_view bytes, uint32_t digits, TextBuffer* out);

// Before 5.6.4, without fractions.
bool AppendOldTime(absl::string_view bytes, TextBuffer* out);
bool AppendOldDatetime(absl::string_view bytes, TextBuffer* out);
bool AppendOldTimestamp(absl::string_view bytes, TextBuffer* out);

// MariaDB's types with fractions where mysql56_temporal_format=OFF.
size_t MariaDbTimeBytes(uint32_t digits);
size_t MariaDbDatetimeBytes(uint32_t digits);
size_t MariaDbTimestampBytes(uint32_t digits);
bool AppendMariaDbTime(absl::string_view bytes, uint32_t digits, TextBuffer* out);
bool AppendMariaDbDatetime(absl::string_view bytes, uint32_t digits, TextBuffer* out);
bool AppendMariaDbTimestamp(absl::string_view bytes, uint32_t digits, TextBuffer* out);

// The packed 64-bit forms of JSON documents, six digits.
void AppendPackedDate(int64_t packed, TextBuffer* out);
void AppendPackedTime(int64_t packed, TextBuffer* out);
void AppendPackedDatetime(int64_t packed, TextBuffer* out);

}  // namespace cdc

#endif  // CDC_VALUE_TEMPORAL_TEXT_H_
