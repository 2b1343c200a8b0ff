// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_VALUE_COMPRESSED_COLUMN_H_
#define CDC_VALUE_COMPRESSED_COLUMN_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cdc/event/text_buffer.h"

namespace cdc {

// Appends the value of a MariaDB column declared COMPRESSED. DataLoss: malformed, or a declared length that no
// compression reaches.
absl::Status AppendUncompressedColumn(absl::string_view compressed, TextBuffer* out);

}  // namespace cdc

#endif  // CDC_VALUE_COMPRESSED_COLUMN_H_
