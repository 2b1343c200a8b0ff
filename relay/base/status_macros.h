// SPDX-License-Identifier: Apache-2.0
//
// Early return on error for functions that return absl::Status or absl::StatusOr.
#ifndef RELAY_BASE_STATUS_MACROS_H_
#define RELAY_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define RELAY_CONCAT_INNER_(a, b) a##b
#define RELAY_CONCAT_(a, b) RELAY_CONCAT_INNER_(a, b)

// Returns from the enclosing function when `expr`, an absl::Status, is not OK.
#define RETURN_IF_ERROR(expr)                      \
  do {                                             \
    ::absl::Status relay_status_ = (expr);         \
    if (!relay_status_.ok()) return relay_status_; \
  } while (false)

// Returns from the enclosing function when `expr`, an absl::StatusOr<T>, holds no value; else moves the value into
// `lhs`.
#define ASSIGN_OR_RETURN(lhs, expr) ASSIGN_OR_RETURN_IMPL_(RELAY_CONCAT_(relay_statusor_, __LINE__), lhs, expr)

#define ASSIGN_OR_RETURN_IMPL_(statusor, lhs, expr)        \
  auto statusor = (expr);                                  \
  if (!statusor.ok()) return std::move(statusor).status(); \
  lhs = *std::move(statusor)

#endif  // RELAY_BASE_STATUS_MACROS_H_
