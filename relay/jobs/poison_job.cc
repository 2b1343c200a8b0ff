// SPDX-License-Identifier: Apache-2.0
#include "relay/jobs/poison_job.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"
#include "relay/outbox/outbox_table.h"
#include "relay/status/logging.h"

namespace relay {
namespace {

constexpr size_t kMostRows = 1'000;
constexpr size_t kMostBytes = size_t{4} << 20;  // One row may be larger.
constexpr size_t kMostRecent = 20;
constexpr absl::Duration kBeat = absl::Milliseconds(100);

}  // namespace

PoisonJob::PoisonJob(Parts parts) : parts_(std::move(parts)) {}

bool PoisonJob::HasRoom() const { return rows_.size() < kMostRows && bytes_ < kMostBytes; }

void PoisonJob::Put(PoisonRow row, std::optional<uint64_t> ordinal) {
  absl::MutexLock lock(&mutex_);
  while (!mutex_.AwaitWithTimeout(absl::Condition(this, &PoisonJob::HasRoom), kBeat)) {
    parts_.board->Beat(RelayThread::kStream);
    if (parts_.stream_stop->HasBeenNotified()) return;  // Not settled: the next start meets the row again.
  }
  if (ordinal.has_value()) parts_.tracker->Condemn(*ordinal);
  bytes_ += row.bytes();
  const uint64_t emptied = parts_.state->emptied(row.schema).times;
  rows_.push_back({std::move(row), ordinal, emptied});
}

bool PoisonJob::HasWork() {
  absl::MutexLock lock(&mutex_);
  return HasRows();
}

void PoisonJob::AwaitWork(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(this, &PoisonJob::HasRows), timeout);
}

absl::Status PoisonJob::Run(SqlSession* session) {
  std::vector<Queued> batch;
  {
    absl::MutexLock lock(&mutex_);
    batch.swap(rows_);
    bytes_ = 0;
  }
  if (batch.empty()) return absl::OkStatus();
  absl::Status status = Record(session, absl::MakeSpan(batch));
  if (status.ok()) return status;
  std::vector<Queued> left;
  if (batch.size() == 1 || !session->alive()) {
    left = std::move(batch);
  } else {
    // One row that can't be recorded is not to keep the others.
    for (Queued& queued : batch) {
      const bool recorded = session->alive() && Record(session, absl::MakeSpan(&queued, 1)).ok();
      if (!recorded) left.push_back(std::move(queued));
    }
    if (left.empty()) return absl::OkStatus();
  }
  absl::MutexLock lock(&mutex_);
  for (const Queued& queued : left) bytes_ += queued.row.bytes();
  rows_.insert(rows_.begin(), std::make_move_iterator(left.begin()), std::make_move_iterator(left.end()));
  return status;
}

bool PoisonJob::IsGone(const Queued& queued) const {
  const PipelineState::Emptied emptied = parts_.state->emptied(queued.row.schema);
  // A row of the log may be met again after the statement was, by a stream that went back.
  return queued.ordinal.has_value() ? *queued.ordinal < emptied.end_ordinal : queued.emptied < emptied.times;
}

absl::Status PoisonJob::Record(SqlSession* session, absl::Span<Queued> batch) {
  std::vector<const PoisonRow*> rows;
  for (Queued& queued : batch) {
    queued.row.gone = IsGone(queued);
    rows.push_back(&queued.row);
  }
  ASSIGN_OR_RETURN(const PoisonOutcome outcome, parts_.recorder->Record(session, rows));
  const absl::Time now = parts_.clock->Now();
  for (const Queued& queued : batch) {
    const RowKey key{static_cast<uint32_t>(queued.row.schema), queued.row.id};
    if (!queued.row.gone) {
      parts_.ledger->Remove(queued.row.schema, queued.row.id);
      parts_.recorded(key);
    }
    parts_.policy->Forget(key);
    if (queued.ordinal.has_value()) {
      parts_.tracker->Settle(*queued.ordinal, key);
    } else {
      parts_.sweeps->Recorded(queued.row.schema, queued.row.id);
    }
    parts_.board->Update([&](RelayStatus& board) {
      auto& recent = board.recent_poison;
      recent.insert(recent.begin(), {parts_.state->schema(queued.row.schema), absl::StrCat(queued.row.id),
                                     queued.row.columns[kTopic].value_or(""), queued.row.reason, now});
      if (recent.size() > kMostRecent) recent.resize(kMostRecent);
      ++board.poison_rows;
    });
  }
  parts_.metrics->rows_poison.Add(batch.size());
  parts_.metrics->poison_rows.Move(static_cast<double>(outcome.newly_errored));
  if (outcome.dead_lettered > 0) {
    LogEvent(LogLevel::kError, LogCode::kRowDeadLettered,
             "poison rows were no longer in their table; they are kept whole in kafka_outbox_dead",
             {{"rows", outcome.dead_lettered}});
  }
  return absl::OkStatus();
}

}  // namespace relay
