// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_VALUE_JSON_TEXT_H_
#define CDC_VALUE_JSON_TEXT_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cdc/event/text_buffer.h"

namespace cdc {

// The server's limit on nesting.
inline constexpr int kMaxJsonDepth = 100;

// Appends a binary JSON document, as a row holds it, as the text that a SELECT prints: members in stored order with
// ", " and ": " between them, the server's number forms and escapes. The document's strings are utf8mb4 already.
// DataLoss: malformed, nested deeper than the server allows, or parts of it overlap (no server writes that); `out` then
// holds a part of the text. The text is at most about 8 times as long as the document.
absl::Status AppendJsonText(absl::string_view document, TextBuffer* out);

}  // namespace cdc

#endif  // CDC_VALUE_JSON_TEXT_H_
