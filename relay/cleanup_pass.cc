// SPDX-License-Identifier: Apache-2.0
#include "relay/cleanup_pass.h"

#include <algorithm>
#include <utility>

#include "relay/base/status_macros.h"
#include "relay/server_info.h"

namespace relay {
namespace {

// A place in the log that the stream has passed says that it is close only for so long.
constexpr absl::Duration kCloseFor = absl::Minutes(1);

// The least that is asked of the server between two calls.
constexpr absl::Duration kAskInterval = absl::Seconds(5);

}  // namespace

CleanupPass::CleanupPass(const CleanerOptions& options, Parts parts)
    : options_(options), parts_(std::move(parts)), cleaner_(options_, &parts_.tables, parts_.ledger, parts_.clock) {
  for (const OutboxSchema& table : parts_.tables) created_.push_back(table.created);
}

void CleanupPass::Take(size_t table, const TableIdentity& identity) {
  switch (identity.verdict) {
    case TableIdentity::Verdict::kSame:
    case TableIdentity::Verdict::kGone:  // Its end comes by the stream; when it is back it is another.
      return;
    case TableIdentity::Verdict::kOther:
      parts_.ledger->Void(table);
      parts_.ledger_voided(table);
      break;
    case TableIdentity::Verdict::kRebuilt:
      break;
  }
  created_[table] = identity.created;
  parts_.created_changed(table, identity.created);
}

absl::Status CleanupPass::VerifyTables(SqlSession* session, const std::vector<std::string>& created) {
  for (size_t table = 0; table < parts_.tables.size(); ++table) {
    if (!parts_.tables[table].stores_rows()) continue;
    ASSIGN_OR_RETURN(const TableIdentity identity, CheckTableIdentity(session, parts_.tables[table], created[table]));
    Take(table, identity);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> CleanupPass::StreamIsClose(SqlSession* session) {
  const absl::Duration age = parts_.clock->Monotonic() - last_asked_;
  const bool counts = !last_end_.empty() && age < kCloseFor;
  const bool close = counts && parts_.low_water() >= last_end_;
  if (counts && (!close || age < kAskInterval)) return close;
  ASSIGN_OR_RETURN(const LogEnd end, AskLogEnd(session));
  last_end_ = end.position;
  last_asked_ = parts_.clock->Monotonic();
  return close;
}

absl::StatusOr<uint64_t> CleanupPass::Run(SqlSession* session, absl::Duration budget) {
  more_ = false;
  ASSIGN_OR_RETURN(const bool close, StreamIsClose(session));
  if (!close) return 0;
  const absl::Duration begun = parts_.clock->Monotonic();
  uint64_t deleted = 0;
  for (size_t table = 0; table < parts_.tables.size(); ++table) {
    const absl::Duration left = budget - (parts_.clock->Monotonic() - begun);
    ASSIGN_OR_RETURN(const CleanupResult result, cleaner_.Clean(session, table, created_[table],
                                                                std::max(left, absl::ZeroDuration()), parts_.stop));
    deleted += result.published_rows + result.completed_rows;
    more_ |= result.more;
    Take(table, result.identity);
  }
  return deleted;
}

}  // namespace relay
