// SPDX-License-Identifier: Apache-2.0
#include "relay/state/layout_history.h"

namespace relay {

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

void LayoutHistory::ForgetBefore(const cdc::BinlogPosition& mark) {
  absl::MutexLock lock(&mutex_);
  for (auto& [name, periods] : periods_) {
    std::erase_if(periods, [&](const Period& period) { return period.until.has_value() && *period.until <= mark; });
  }
}

void LayoutHistory::SetServer(absl::string_view server) {
  absl::MutexLock lock(&mutex_);
  if (server == server_) return;
  const bool first = server_.empty();
  server_ = std::string(server);
  if (first) return;
  for (auto& [name, periods] : periods_) {
    if (periods.size() == 1 && !periods.front().until.has_value()) {
      periods.front().since = {};
    } else {
      periods.clear();
    }
  }
}

}  // namespace relay
