// SPDX-License-Identifier: Apache-2.0
#include "relay/layout_history.h"

namespace relay {
namespace {

// A stream goes back behind its last DDL at most: the relay drains what is in flight before it goes past one.
constexpr size_t kKeptPeriods = 4;

}  // namespace

std::optional<cdc::TableLayout> LayoutHistory::At(absl::string_view schema, absl::string_view table,
                                                  const cdc::BinlogPosition& at) const {
  absl::MutexLock lock(&mutex_);
  const auto found = periods_.find({std::string(schema), std::string(table)});
  if (found == periods_.end()) return std::nullopt;
  for (auto period = found->second.rbegin(); period != found->second.rend(); ++period) {
    if (!period->since.empty() && at < period->since) continue;
    // A transaction that begins where the change stands comes behind it.
    if (period->until.has_value() && !(at < *period->until)) continue;
    return period->layout;
  }
  return std::nullopt;
}

void LayoutHistory::Add(absl::string_view schema, absl::string_view table, cdc::TableLayout layout,
                        cdc::BinlogPosition since) {
  absl::MutexLock lock(&mutex_);
  std::vector<Period>& periods = periods_[{std::string(schema), std::string(table)}];
  periods.push_back({std::move(layout), std::move(since), std::nullopt});
  if (periods.size() > kKeptPeriods) periods.erase(periods.begin());
}

void LayoutHistory::Change(absl::string_view schema, absl::string_view table, const cdc::BinlogPosition& at) {
  absl::MutexLock lock(&mutex_);
  const auto found = periods_.find({std::string(schema), std::string(table)});
  if (found == periods_.end()) return;
  for (Period& period : found->second) {
    // One that was proven behind this change stays: the stream has gone back and comes past the change again.
    if (!period.until.has_value() && (period.since.empty() || period.since <= at)) period.until = at;
  }
}

void LayoutHistory::Clear() {
  absl::MutexLock lock(&mutex_);
  periods_.clear();
}

void LayoutHistory::SetServer(absl::string_view server) {
  absl::MutexLock lock(&mutex_);
  if (server == server_) return;
  const bool first = server_.empty();
  server_ = std::string(server);
  if (first) return;
  for (auto& [name, periods] : periods_) {
    std::vector<Period> kept;
    if (!periods.empty() && !periods.back().until.has_value()) {
      kept.push_back({std::move(periods.back().layout), {}, std::nullopt});
    }
    periods = std::move(kept);
  }
}

}  // namespace relay
