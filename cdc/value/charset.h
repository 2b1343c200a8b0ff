// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_VALUE_CHARSET_H_
#define CDC_VALUE_CHARSET_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/event/dialect.h"
#include "cdc/event/text_buffer.h"

namespace cdc {

// The character set of a collation number of a table map, by the name that information_schema uses ("utf8mb4",
// "binary"); empty if the number is not known. From 1024 on the two servers mean different things: MariaDB its NOPAD
// and UCA 14 collations, MySQL (up to 2047) those that an administrator has defined.
absl::string_view CharsetOfCollation(Dialect dialect, uint32_t collation);

// Converts text of one of the server's character sets to utf8mb4 as the server does; what has no place in Unicode
// becomes '?', as there. Not thread-safe.
class CharsetConverter {
 public:
  virtual ~CharsetConverter() = default;

  // True if text of this character set needs no conversion: utf8mb4, utf8mb3, binary.
  static bool IsIdentity(absl::string_view charset);

  // Unimplemented: not a character set of MySQL or MariaDB, or one that needs an iconv module which this system lacks.
  static absl::StatusOr<std::unique_ptr<CharsetConverter>> Create(absl::string_view charset);

  virtual void Append(absl::string_view text, TextBuffer* out) = 0;
};

}  // namespace cdc

#endif  // CDC_VALUE_CHARSET_H_
