// SPDX-License-Identifier: Apache-2.0
#include "relay/jobs/cleanup_job.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "relay/base/status_macros.h"
#include "relay/outbox/outbox_table_shape.h"
#include "relay/status/logging.h"
#include "relay/stream/replaced_table.h"

namespace relay {
namespace {

// A backlog that is read sooner needs no word.
constexpr absl::Duration kHeldPatience = absl::Minutes(1);
constexpr absl::Duration kHeldLogInterval = absl::Minutes(1);

}  // namespace

CleanupJob::CleanupJob(Options options, Parts parts)
    : options_(options), parts_(parts), interval_(options.interval), held_log_interval_(kHeldLogInterval) {}

absl::Status CleanupJob::Run(SqlSession* session, bool backlog, uint64_t ahead_bytes) {
  if (!more_ && !interval_.Due(parts_.clock->Monotonic())) return absl::OkStatus();
  more_ = false;
  if (!parts_.state->planned()) return absl::OkStatus();
  if (backlog) {
    ShowHeld(parts_.ledger->total_size() > 0 && parts_.cleaner->deletes(), ahead_bytes);
    return absl::OkStatus();
  }
  return Pass(session, ahead_bytes);
}

absl::Status CleanupJob::Pass(SqlSession* session, uint64_t ahead_bytes) {
  bool held = false;
  absl::StatusOr<uint64_t> deleted = 0;
  for (size_t table = 0; table < parts_.state->table_count(); ++table) {
    const auto rows = CleanTable(session, table, &held);
    if (rows.ok()) {
      if (deleted.ok()) *deleted += *rows;
    } else {
      deleted = rows.status();
    }
  }
  if (!deleted.ok()) return Failed(deleted.status(), *session);
  parts_.metrics->cleanup_rows.Add(*deleted);
  if (*deleted > 0) {
    LogEvent(LogLevel::kInfo, LogCode::kCleanupPass, "published rows were deleted", {{"rows", *deleted}});
  }
  const uint64_t ledger_rows = parts_.ledger->total_size();
  parts_.metrics->ledger_rows.Set(static_cast<double>(ledger_rows));
  parts_.board->Update([&](RelayStatus& board) {
    board.cleanup.problem.reset();
    board.cleanup.ledger_rows = ledger_rows;
    board.cleanup.deleted_rows += *deleted;
    if (!held) board.cleanup.last_pass = parts_.clock->Now();
  });
  ShowHeld(held && parts_.cleaner->deletes(), ahead_bytes);
  return absl::OkStatus();
}

absl::Status CleanupJob::Failed(const absl::Status& status, const SqlSession& session) {
  if (absl::IsCancelled(status)) return absl::OkStatus();
  parts_.metrics->cleanup_failures.Add();
  parts_.board->Update([&](RelayStatus& board) {
    board.cleanup.problem = RelayStatus::Problem{parts_.clock->Now(), std::string(status.message())};
  });
  LogEvent(LogLevel::kWarning, LogCode::kCleanupFailed, status.message());
  // The others' work goes on.
  return session.alive() ? absl::OkStatus() : status;
}

absl::StatusOr<uint64_t> CleanupJob::CleanTable(SqlSession* session, size_t table, bool* held) {
  // Until a part of the log that went by unread is made up for, the ledger is not to be believed.
  if (parts_.state->sweep(table).phase != SweepProgress::Phase::kNone) {
    *held |= parts_.ledger->size(table) > 0;
    return 0;
  }
  ASSIGN_OR_RETURN(const CleanupResult result,
                   parts_.cleaner->Clean(session, table, parts_.state->created(table), options_.budget, parts_.stop));
  NoteIdentity(table, result.identity);
  *held |= result.published_rows == 0 && (result.ids_came_back || result.log_unread);
  more_ |= result.more;
  if (result.lacks_index && parts_.counts->Kept() > 0) SayIndexMissing(table);
  parts_.counts->Deleted(result.completed_rows + (parts_.marker != nullptr ? result.published_rows : 0));
  return result.published_rows + result.completed_rows;
}

void CleanupJob::NoteIdentity(size_t table, const TableIdentity& identity) {
  switch (identity.verdict) {
    case TableIdentity::Verdict::kSame:
      break;
    case TableIdentity::Verdict::kRebuilt:
      parts_.state->set_created(table, identity.created);
      break;
    case TableIdentity::Verdict::kGone:
      // The stream brings the DROP, and the CREATE of the next one.
      break;
    case TableIdentity::Verdict::kOther:
      ForgetReplacedTable(table, identity, *parts_.state, parts_.tracker, parts_.ledger, parts_.sweeps);
      parts_.state->set_created(table, identity.created);
      break;
  }
}

void CleanupJob::SayIndexMissing(size_t table) {
  if (std::exchange(said_index_missing_, true)) return;
  const OutboxSchema schema = parts_.state->table(table);
  LogEvent(LogLevel::kWarning, LogCode::kCleanupFailed,
           absl::StrCat(CompletedIndexMissing(schema), "; ", AddCompletedIndex(schema)));
}

void CleanupJob::ShowHeld(bool held, uint64_t ahead_bytes) {
  if (!held) {
    held_since_.reset();
    parts_.metrics->cleanup_held.Set(absl::ZeroDuration());
    return;
  }
  const absl::Duration now = parts_.clock->Monotonic();
  if (!held_since_.has_value()) held_since_ = now;
  const absl::Duration since = now - *held_since_;
  parts_.metrics->cleanup_held.Set(since);
  if (since < kHeldPatience) return;
  constexpr absl::string_view kWhy =
      "published rows are not deleted while a part of the log is not read and done: it may hold other rows of their "
      "ids";
  parts_.board->Update([&](RelayStatus& board) {
    board.cleanup.problem = RelayStatus::Problem{parts_.clock->Now(), std::string(kWhy)};
  });
  if (!held_log_interval_.Due(now)) return;
  LogEvent(LogLevel::kWarning, LogCode::kCleanupHeld, kWhy,
           {{"seconds", absl::ToInt64Seconds(since)}, {"ahead_bytes", ahead_bytes}});
}

}  // namespace relay
