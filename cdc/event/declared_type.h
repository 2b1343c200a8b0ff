// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_EVENT_DECLARED_TYPE_H_
#define CDC_EVENT_DECLARED_TYPE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace cdc {

// A column's type as information_schema.COLUMNS.COLUMN_TYPE words it, taken apart: "int(5) unsigned zerofill",
// "decimal(10,2)", "enum('a','it''s')", "time(3) /* mariadb-5.3 */".
struct DeclaredType {
  std::string name;                  // "int"
  std::vector<uint32_t> arguments;   // 10, 2
  std::vector<std::string> members;  // of enum and set, utf8mb4, without quotes
  bool is_unsigned = false;
  bool zerofill = false;

  // Never fails: what it can't read stays empty.
  static DeclaredType Parse(absl::string_view column_type);
};

}  // namespace cdc

#endif  // CDC_EVENT_DECLARED_TYPE_H_
