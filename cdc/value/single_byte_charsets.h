// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_VALUE_SINGLE_BYTE_CHARSETS_H_
#define CDC_VALUE_SINGLE_BYTE_CHARSETS_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace cdc {

// The characters of bytes 0x80 to 0xff of the server's single-byte character sets; 0x3f stands for bytes without a
// character. Read from MySQL 9.7 and equal on MariaDB 10.11:
//   SELECT HEX(CONVERT(_latin1 0x80 USING utf8mb4))
struct SingleByteCharset {
  absl::string_view name;
  uint16_t upper[128];
};

// Null if `name` is none. In all of them but swe7 the lower half is ASCII.
const SingleByteCharset* FindSingleByteCharset(absl::string_view name);

// swe7's lower half: the character of a byte below 0x80.
uint16_t Swe7Lower(uint8_t byte);

}  // namespace cdc

#endif  // CDC_VALUE_SINGLE_BYTE_CHARSETS_H_
