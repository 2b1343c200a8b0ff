// SPDX-License-Identifier: Apache-2.0
//
// Changes rows by their ids, which the ledger says are published: another row may have taken an id meanwhile, which
// only the log tells.
#ifndef RELAY_OUTBOX_PUBLISHED_ROWS_H_
#define RELAY_OUTBOX_PUBLISHED_ROWS_H_

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "relay/sql/sql_session.h"

namespace relay {

// Whether the log is read up to its end as it is now (the session tells), which may be waited for a moment.
using LogIsRead = std::function<absl::StatusOr<bool>(SqlSession*)>;

// Executes the statement in a transaction, which is committed if the log is read then and the ids are
// `still_published`: from the statement on no other row can take them, nor a DDL touch the table, and whatever took one
// before is in the log by now, and out of the ledger once that is read. `log_is_read` null: nobody reads; the ledger is
// believed.
//
// The number of rows changed; nullopt: another row may have one of the ids, and nothing was changed. Errors are the
// session's.
absl::StatusOr<std::optional<uint64_t>> ChangePublishedRows(SqlSession* session, absl::string_view statement,
                                                            const LogIsRead& log_is_read,
                                                            absl::FunctionRef<bool()> still_published);

}  // namespace relay

#endif  // RELAY_OUTBOX_PUBLISHED_ROWS_H_
