// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_VALUE_MARIADB_TEXT_H_
#define CDC_VALUE_MARIADB_TEXT_H_

#include "absl/strings/string_view.h"
#include "cdc/event/text_buffer.h"

namespace cdc {

// MariaDB's fixed binary types, whose rows lack trailing zero bytes. False: longer than the type.
bool AppendInet4(absl::string_view bytes, TextBuffer* out);
bool AppendInet6(absl::string_view bytes, TextBuffer* out);
bool AppendUuid(absl::string_view bytes, TextBuffer* out);

}  // namespace cdc

#endif  // CDC_VALUE_MARIADB_TEXT_H_
