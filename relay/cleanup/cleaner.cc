// SPDX-License-Identifier: Apache-2.0
#include "relay/cleanup/cleaner.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/types/span.h"
#include "relay/base/status_macros.h"
#include "relay/outbox/id_condition.h"
#include "relay/outbox/outbox_table_shape.h"
#include "relay/sql/sql_param.h"

namespace relay {
namespace {

// With --retention=off: how long the ledger is kept for the sweep's sake.
constexpr absl::Duration kLedgerMemory = absl::Hours(1);

std::string Retained(absl::Duration retention) {
  // Whole seconds, never fewer than asked for.
  return absl::StrCat(absl::ToInt64Seconds(retention + absl::Seconds(1) - absl::Nanoseconds(1)));
}

std::string CompletedCondition(const OutboxSchema& schema, absl::Duration retention) {
  // NOW() in the server's own zone is what the column was filled with.
  return absl::StrCat(QuoteIdentifier(schema.NameOf(kPushCompletedAt)), " <= NOW() - INTERVAL ", Retained(retention),
                      " SECOND AND ", NotErroredCondition(schema));
}

absl::StatusOr<uint64_t> Count(SqlSession* session, const std::string& from_where) {
  ASSIGN_OR_RETURN(const std::optional<std::string> text,
                   session->QueryValue(absl::StrCat("SELECT COUNT(*) FROM ", from_where)));
  uint64_t count = 0;
  if (!absl::SimpleAtoi(text.value_or(""), &count)) return absl::InternalError("COUNT(*) is no number");
  return count;
}

}  // namespace

// One pass over one schema.
class Cleaner::Pass {
 public:
  Pass(const Cleaner& cleaner, SqlSession* session, size_t schema)
      : options_(cleaner.options_),
        ledger_(cleaner.ledger_),
        clock_(cleaner.clock_),
        log_is_read_(cleaner.log_is_read_),
        unmarked_(cleaner.unmarked_),
        session_(session),
        index_(schema),
        schema_(cleaner.schema_of_(schema)),
        pause_(cleaner.behind_[schema] ? cleaner.options_.pause / 10 : cleaner.options_.pause),
        begun_(clock_->Monotonic()) {}

  absl::Status Begin(absl::string_view known_created) {
    ASSIGN_OR_RETURN(result_.identity, CheckTableIdentity(session_, schema_, known_created));
    ASSIGN_OR_RETURN(server_begun_, ReadServerTime(session_));
    return absl::OkStatus();
  }

  absl::Status Clean(absl::Duration budget, const absl::Notification* stop) {
    budget_ = budget;
    stop_ = stop;
    if (options_.keep_rows) {
      ForgetOld();
      return absl::OkStatus();
    }
    if (!schema_.stores_rows()) {
      // There never was a row to delete.
      while (true) {
        const std::vector<uint64_t> due = ledger_->Due(index_, Now(), absl::ZeroDuration(), kForgetAtOnce);
        if (due.empty()) return absl::OkStatus();
        ledger_->Forget(index_, due);
      }
    }
    if (TableIsTheLedgers()) RETURN_IF_ERROR(DeletePublished());
    if (result_.identity.verdict == TableIdentity::Verdict::kGone || result_.more) return absl::OkStatus();
    return DeleteCompleted();
  }

  absl::Status CountOnly() {
    if (options_.keep_rows || !schema_.stores_rows()) return absl::OkStatus();
    if (TableIsTheLedgers()) RETURN_IF_ERROR(CountPublished());
    if (result_.identity.verdict == TableIdentity::Verdict::kGone || LacksIndex()) return absl::OkStatus();
    ASSIGN_OR_RETURN(
        result_.completed_rows,
        Count(session_, absl::StrCat(schema_.Name(), " WHERE ", CompletedCondition(schema_, options_.retention))));
    return absl::OkStatus();
  }

  const CleanupResult& result() const { return result_; }

 private:
  static constexpr size_t kForgetAtOnce = 100'000;

  LedgerTime Now() const {
    const absl::Duration now = clock_->Monotonic();
    return {.server = server_begun_ + (now - begun_), .steady = now};
  }

  bool TableIsTheLedgers() {
    if (result_.identity.verdict != TableIdentity::Verdict::kSame &&
        result_.identity.verdict != TableIdentity::Verdict::kRebuilt) {
      return false;
    }
    const std::vector<uint64_t> first = ledger_->Due(index_, Now(), options_.retention, 1);
    if (first.empty()) return true;
    result_.ids_came_back = IdsComeAgain(result_.identity, schema_, ledger_->All(index_));
    return !result_.ids_came_back;
  }

  absl::Status DeletePublished() {
    if (ledger_->Due(index_, Now(), options_.retention, 1).empty()) return absl::OkStatus();
    if (log_is_read_ != nullptr) {
      ASSIGN_OR_RETURN(const bool read, log_is_read_(session_));
      result_.log_unread = !read;
      if (!read) return absl::OkStatus();
    }
    while (true) {
      const std::vector<uint64_t> due = ledger_->Due(index_, Now(), options_.retention, options_.chunk_rows);
      if (due.empty()) return absl::OkStatus();
      ASSIGN_OR_RETURN(const std::optional<uint64_t> deleted, DeleteChunk(due));
      if (!deleted.has_value()) {
        result_.log_unread = true;
        return absl::OkStatus();
      }
      ledger_->Forget(index_, due);
      result_.published_rows += *deleted;
      RETURN_IF_ERROR(PauseUnlessOver());
      if (result_.more) return absl::OkStatus();
    }
  }

  // As ChangePublishedRows.
  absl::StatusOr<std::optional<uint64_t>> DeleteChunk(absl::Span<const uint64_t> due) {
    return ChangePublishedRows(
        session_,
        absl::StrCat("DELETE FROM ", schema_.Name(), " USING ", schema_.Name(), IdIndexHint(schema_), " WHERE ",
                     IdCondition(schema_, due), " AND ", NotErroredCondition(schema_)),
        log_is_read_, [&] {
          const IdSet still = ledger_->AllDue(index_, Now(), options_.retention);
          return std::all_of(due.begin(), due.end(), [&](uint64_t id) { return still.Contains(id); });
        });
  }

  bool LacksIndex() {
    result_.lacks_index = !HasIndexOn(schema_, schema_.NameOf(kPushCompletedAt));
    return result_.lacks_index;
  }

  absl::Status DeleteCompleted() {
    if (LacksIndex()) return absl::OkStatus();
    const std::string column = QuoteIdentifier(schema_.NameOf(kPushCompletedAt));
    while (true) {
      ASSIGN_OR_RETURN(const uint64_t deleted,
                       session_->Execute(absl::StrCat("DELETE FROM ", schema_.Name(), " WHERE ",
                                                      CompletedCondition(schema_, options_.retention), " ORDER BY ",
                                                      column, " LIMIT ", options_.chunk_rows)));
      result_.completed_rows += deleted;
      if (deleted < options_.chunk_rows) return absl::OkStatus();
      RETURN_IF_ERROR(PauseUnlessOver());
      if (result_.more) return absl::OkStatus();
    }
  }

  absl::Status CountPublished() {
    const IdSet due = ledger_->AllDue(index_, Now(), options_.retention);
    for (std::vector<uint64_t> ids = due.Smallest(options_.chunk_rows); !ids.empty();
         ids = ids.back() == ~uint64_t{0} ? std::vector<uint64_t>()
                                          : due.Smallest(options_.chunk_rows, ids.back() + 1)) {
      ASSIGN_OR_RETURN(const uint64_t count,
                       Count(session_, absl::StrCat(schema_.Name(), " WHERE ", IdCondition(schema_, ids), " AND ",
                                                    NotErroredCondition(schema_))));
      result_.published_rows += count;
    }
    return absl::OkStatus();
  }

  void ForgetOld() {
    IdSet old = ledger_->AllDue(index_, Now(), kLedgerMemory);
    if (unmarked_ != nullptr) old.Subtract(unmarked_(index_));
    while (!old.empty()) {
      const std::vector<uint64_t> ids = old.Smallest(kForgetAtOnce);
      for (const uint64_t id : ids) old.Remove(id);
      ledger_->Forget(index_, ids);
    }
  }

  absl::Status PauseUnlessOver() {
    if (clock_->Monotonic() - begun_ >= budget_) {
      result_.more = true;
      return absl::OkStatus();
    }
    if (stop_ != nullptr && stop_->WaitForNotificationWithTimeout(pause_)) {
      return absl::CancelledError("stopped while deleting published rows");
    }
    if (stop_ == nullptr) absl::SleepFor(pause_);
    return absl::OkStatus();
  }

  const CleanerOptions& options_;
  Ledger* const ledger_;
  const base::Clock* const clock_;
  const LogIsRead& log_is_read_;
  const Cleaner::Unmarked& unmarked_;
  SqlSession* const session_;
  const size_t index_;
  const OutboxSchema schema_;
  const absl::Duration pause_;
  const absl::Duration begun_;
  absl::Time server_begun_;
  absl::Duration budget_;
  const absl::Notification* stop_ = nullptr;
  CleanupResult result_;
};

Cleaner::Cleaner(const CleanerOptions& options, OutboxSchemaOf schema_of, Ledger* ledger, const base::Clock* clock,
                 LogIsRead log_is_read, Unmarked unmarked)
    : options_(options),
      schema_of_(std::move(schema_of)),
      ledger_(ledger),
      clock_(clock),
      log_is_read_(std::move(log_is_read)),
      unmarked_(std::move(unmarked)),
      behind_(ledger->schemas().size()) {}

absl::StatusOr<CleanupResult> Cleaner::Clean(SqlSession* session, size_t schema, absl::string_view known_created,
                                             absl::Duration budget, const absl::Notification* stop) {
  Pass pass(*this, session, schema);
  RETURN_IF_ERROR(pass.Begin(known_created));
  RETURN_IF_ERROR(pass.Clean(budget, stop));
  behind_[schema] = pass.result().more;
  return pass.result();
}

absl::StatusOr<CleanupResult> Cleaner::DryRun(SqlSession* session, size_t schema, absl::string_view known_created) {
  Pass pass(*this, session, schema);
  RETURN_IF_ERROR(pass.Begin(known_created));
  RETURN_IF_ERROR(pass.CountOnly());
  return pass.result();
}

absl::StatusOr<absl::Time> ReadServerTime(SqlSession* session) {
  // UTC_TIMESTAMP has no hour that comes twice.
  ASSIGN_OR_RETURN(
      const std::optional<std::string> text,
      session->QueryValue("SELECT CAST(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) AS SIGNED)"));
  int64_t micros = 0;
  if (!absl::SimpleAtoi(text.value_or(""), &micros)) return absl::InternalError("the server's time is no number");
  return absl::FromUnixMicros(micros);
}

void UseMinimalRowImage(SqlSession* session) {
  session->Execute("SET SESSION binlog_row_image = 'MINIMAL'").IgnoreError();
}

}  // namespace relay
