// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STATUS_JSON_LINE_H_
#define RELAY_STATUS_JSON_LINE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace relay {

// Appends `text` as a JSON string: quoted, control characters escaped, all else as it is, so that no line break is
// left. False, and nothing appended, if it is no valid UTF-8.
bool AppendJsonString(absl::string_view text, std::string* out);

// Appends bytes as a JSON string in base64.
void AppendJsonBase64(absl::string_view bytes, std::string* out);

}  // namespace relay

#endif  // RELAY_STATUS_JSON_LINE_H_
