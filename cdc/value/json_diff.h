// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_VALUE_JSON_DIFF_H_
#define CDC_VALUE_JSON_DIFF_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cdc/event/text_buffer.h"

namespace cdc {

// Applies the differences of a partial JSON update (binlog_row_value_options=PARTIAL_JSON) to a document's text, as a
// SELECT prints it, and appends the new document's text to `out`. Works on texts, so that it serves before images and
// rows that are already decoded alike. `document` must not lie in `out`.
// DataLoss: the differences are malformed or do not fit the document.
absl::Status ApplyJsonDiffs(absl::string_view document, absl::string_view diffs, TextBuffer* out);

}  // namespace cdc

#endif  // CDC_VALUE_JSON_DIFF_H_
