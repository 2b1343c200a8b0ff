// SPDX-License-Identifier: Apache-2.0
#include "relay/jobs/count_job.h"

#include <algorithm>

#include "relay/base/status_macros.h"

namespace relay {
namespace {

constexpr absl::Duration kInterval = absl::Minutes(10);
// Counting takes at most a twentieth of the time.
constexpr int kPauses = 20;

}  // namespace

absl::Status CountJob::Run(SqlSession* session) {
  const absl::Duration now = parts_.clock->Monotonic();
  if (now < next_) return absl::OkStatus();
  if (!began_.has_value()) {
    began_ = now;
    deleted_while_counting_ = 0;
  }
  ASSIGN_OR_RETURN(const std::optional<RowCounts> counted, counter_.Step(session, parts_.state->tables()));
  if (!counted.has_value()) return absl::OkStatus();
  next_ = now + std::max(kInterval, kPauses * (now - *began_));
  began_.reset();
  completed_ = std::max(int64_t{0}, static_cast<int64_t>(counted->completed) - deleted_while_counting_);
  parts_.metrics->poison_rows.Set(static_cast<double>(counted->errored));
  parts_.board->Update([&](RelayStatus& board) { board.poison_rows = counted->errored; });
  return absl::OkStatus();
}

void CountJob::Marked(uint64_t rows) { completed_ += static_cast<int64_t>(rows); }

void CountJob::Deleted(uint64_t rows) {
  completed_ = std::max(int64_t{0}, completed_.load() - static_cast<int64_t>(rows));
  deleted_while_counting_ += static_cast<int64_t>(rows);
}

int64_t CountJob::Kept() const {
  int64_t kept = completed_.load();
  if (parts_.marker != nullptr) {
    // What the ledger knows is marked, or waits for it.
    kept += static_cast<int64_t>(parts_.marker->pending()) - static_cast<int64_t>(parts_.ledger->total_size());
  }
  return std::max(int64_t{0}, kept);
}

}  // namespace relay
