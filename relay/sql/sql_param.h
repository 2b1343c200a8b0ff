// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_SQL_SQL_PARAM_H_
#define RELAY_SQL_SQL_PARAM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace relay {

// Bytes that are no text (a bitmap, a BLOB): they reach the server as a binary
// literal and are never taken through a character set.
struct SqlBytes {
  absl::string_view bytes;
};

// The value of one `?`. Text is utf8mb4 and may hold any byte that is valid
// there, NUL included. It views its argument, which must outlive the call that
// it is given to.
class SqlParam {
 public:
  SqlParam(std::nullptr_t) : value_(nullptr) {}  // SQL NULL
  template <typename Int, typename = std::enable_if_t<std::is_integral_v<Int> && !std::is_same_v<Int, char>>>
  SqlParam(Int value) : value_(std::conditional_t<std::is_signed_v<Int>, int64_t, uint64_t>(value)) {}
  SqlParam(double value) : value_(value) {}
  SqlParam(absl::string_view text) : value_(text) {}
  SqlParam(const std::string& text) : value_(absl::string_view(text)) {}
  SqlParam(const char* text) : value_(absl::string_view(text)) {}
  SqlParam(SqlBytes bytes) : value_(bytes) {}

  // Appends the literal of this value to a statement. It is right for sessions
  // without NO_BACKSLASH_ESCAPES, which SqlConnector sees to.
  void AppendLiteral(std::string* sql) const;

 private:
  std::variant<std::nullptr_t, int64_t, uint64_t, double, absl::string_view, SqlBytes> value_;
};

// `sql` with each `?` outside of quotes, backticks and comments replaced by the
// literal of its param. InvalidArgument when their numbers differ.
absl::StatusOr<std::string> BindParams(absl::string_view sql, absl::Span<const SqlParam> params);

// `name` as an identifier: in backticks, backticks within doubled.
std::string QuoteIdentifier(absl::string_view name);

// `schema`.`table`
std::string QuoteTable(absl::string_view schema, absl::string_view table);

}  // namespace relay

#endif  // RELAY_SQL_SQL_PARAM_H_
