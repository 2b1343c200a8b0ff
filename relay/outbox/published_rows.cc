// SPDX-License-Identifier: Apache-2.0
#include "relay/outbox/published_rows.h"

#include "relay/base/status_macros.h"

namespace relay {

absl::StatusOr<std::optional<uint64_t>> ChangePublishedRows(SqlSession* session, absl::string_view statement,
                                                            const LogIsRead& log_is_read,
                                                            absl::FunctionRef<bool()> still_published) {
  ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::Begin(session));
  ASSIGN_OR_RETURN(const uint64_t changed, session->Execute(statement));
  if (log_is_read != nullptr) {
    ASSIGN_OR_RETURN(const bool read, log_is_read(session));
    if (!read) return std::nullopt;
  }
  if (!still_published()) return std::nullopt;
  RETURN_IF_ERROR(transaction.Commit());
  return changed;
}

}  // namespace relay
