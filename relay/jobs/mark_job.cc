// SPDX-License-Identifier: Apache-2.0
#include "relay/jobs/mark_job.h"

#include <utility>

#include "absl/time/time.h"
#include "relay/base/status_macros.h"
#include "relay/outbox/table_identity.h"

namespace relay {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(1);
// At the end, of which the checkpoint's save comes first.
constexpr absl::Duration kPatience = absl::Seconds(2);

}  // namespace

MarkJob::MarkJob(Options options, Parts parts) : options_(options), parts_(std::move(parts)), interval_(kInterval) {}

absl::Status MarkJob::Run(SqlSession* session, bool backlog) {
  if (!interval_.Due(parts_.clock->Monotonic()) || !parts_.state->planned()) return absl::OkStatus();
  // A backlog is known without a look that waits for its end.
  if (backlog && parts_.marker->pending() == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const bool read, parts_.log_is_read(session));
  if (!read) return absl::OkStatus();
  if (!ledger_marked_) {
    // What was published right before the last process ended may not be marked yet; which rows that were is known only
    // when the log is read.
    for (size_t table = 0; table < parts_.state->table_count(); ++table) {
      parts_.marker->AddAll(table, parts_.ledger->All(table));
    }
    ledger_marked_ = true;
  }
  ASSIGN_OR_RETURN(const uint64_t marked,
                   parts_.marker->Flush(session, options_.chunk_rows, parts_.stop, parts_.log_is_read));
  parts_.counts->Marked(marked);
  return absl::OkStatus();
}

IdSet MarkJob::Unmarked(size_t table) const {
  return ledger_marked_ ? parts_.marker->Pending(table) : parts_.ledger->All(table);
}

absl::StatusOr<bool> MarkJob::TablesAreTheSame(SqlSession* session) const {
  for (size_t table = 0; table < parts_.state->table_count(); ++table) {
    const IdSet ids = parts_.marker->Pending(table);
    if (ids.empty()) continue;
    const OutboxSchema schema = parts_.state->table(table);
    ASSIGN_OR_RETURN(const TableIdentity identity, CheckTableIdentity(session, schema, parts_.state->created(table)));
    const bool same =
        identity.verdict == TableIdentity::Verdict::kSame || identity.verdict == TableIdentity::Verdict::kRebuilt;
    if (!same || IdsComeAgain(identity, schema, ids)) return false;
  }
  return true;
}

absl::Status MarkJob::MarkTheRest(JobSession* session) {
  if (parts_.marker->pending() == 0) return absl::OkStatus();
  const absl::Duration until = parts_.clock->Monotonic() + kPatience;
  RETURN_IF_ERROR(session->Connect());
  if (session->server() != parts_.state->server()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const bool same, TablesAreTheSame(session->get()));
  if (!same) return absl::OkStatus();
  // A row that someone holds is not to hold up the end.
  session->get()->Execute("SET SESSION innodb_lock_wait_timeout = 1").IgnoreError();
  while (parts_.marker->pending() > 0 && parts_.clock->Monotonic() < until) {
    RETURN_IF_ERROR(
        parts_.marker->Flush(session->get(), options_.chunk_rows, nullptr, nullptr, /*statements=*/1).status());
  }
  return absl::OkStatus();
}

}  // namespace relay
