// SPDX-License-Identifier: Apache-2.0
#include "relay/delivery/sweep_queue.h"

#include <utility>

#include "glog/logging.h"

namespace relay {

std::optional<SweepReason> SweepReasonOf(absl::string_view name) {
  for (size_t i = 0; i < kSweepReasons; ++i) {
    const SweepReason reason = static_cast<SweepReason>(i);
    if (SweepReasonName(reason) == name) return reason;
  }
  return std::nullopt;
}

SweepQueue::SweepQueue(size_t tables, absl::string_view wanted, absl::Time swept_at)
    : swept_at_(swept_at), tables_(tables) {
  if (wanted.empty()) return;
  // A word of a newer version is a wish all the same.
  RequestBehind(SweepReasonOf(wanted).value_or(SweepReason::kInterval), std::nullopt);
}

void SweepQueue::Want(SweepReason reason, Wish wish) {
  wish.reason = reason;
  if (!pending_.has_value()) {
    pending_ = std::move(wish);
    ++version_;
    return;
  }
  pending_->only_statements &= wish.only_statements;
  pending_->commits.Union(wish.commits);
  pending_->behind_commit |= wish.behind_commit;
}

void SweepQueue::Request(SweepReason reason) {
  absl::MutexLock lock(&mutex_);
  Want(reason, {.reason = reason, .only_statements = false, .commits = {}, .behind_commit = false});
}

void SweepQueue::RequestBehind(SweepReason reason, const std::optional<cdc::Gtid>& commit) {
  Wish wish{.reason = reason,
            .only_statements = reason == SweepReason::kStatement,
            .commits = {},
            .behind_commit = !commit.has_value()};
  if (commit.has_value()) wish.commits.Add(*commit);
  absl::MutexLock lock(&mutex_);
  Want(reason, std::move(wish));
}

std::optional<SweepQueue::Wish> SweepQueue::wish() const {
  absl::MutexLock lock(&mutex_);
  return pending_;
}

SweepQueue::Wish SweepQueue::Begin() {
  absl::MutexLock lock(&mutex_);
  CHECK(pending_.has_value() && !running_.has_value()) << "no sweep is asked for, or one is under way";
  running_ = std::exchange(pending_, std::nullopt);
  return *running_;
}

void SweepQueue::GiveUp() {
  absl::MutexLock lock(&mutex_);
  if (!running_.has_value()) return;
  Wish wish = *std::exchange(running_, std::nullopt);
  Want(wish.reason, wish);
}

void SweepQueue::Compared(absl::Time begun) {
  absl::MutexLock lock(&mutex_);
  CHECK(running_.has_value()) << "no sweep is under way";
  settling_ = running_->reason;
  settling_begun_ = begun;
  running_.reset();
  // Has the checkpoint saved: that stands in the log, and wakes a stream thread that waits for an idle server, which is
  // to publish what was found.
  ++version_;
  SettleIfOver();
}

void SweepQueue::SettleIfOver() {
  if (!settling_.has_value()) return;
  for (const Table& table : tables_) {
    if (!table.offered.empty() || !table.held.empty() || !table.poisoned.empty()) return;
  }
  settling_.reset();
  swept_at_ = settling_begun_;
  ++version_;
}

void SweepQueue::Offer(size_t table, const IdSet& ids) {
  absl::MutexLock lock(&mutex_);
  IdSet news = ids;
  news.Subtract(tables_[table].held);
  news.Subtract(tables_[table].poisoned);
  tables_[table].offered.UnionWith(news);
}

std::vector<uint64_t> SweepQueue::Next(size_t count, size_t* table) const {
  absl::MutexLock lock(&mutex_);
  for (size_t i = 0; i < tables_.size(); ++i) {
    if (tables_[i].offered.empty()) continue;
    *table = i;
    return tables_[i].offered.Smallest(count);
  }
  return {};
}

void SweepQueue::Done(size_t table, uint64_t id) {
  absl::MutexLock lock(&mutex_);
  tables_[table].offered.Remove(id);
  SettleIfOver();
}

void SweepQueue::Hold(size_t table, uint64_t id) {
  absl::MutexLock lock(&mutex_);
  tables_[table].offered.Remove(id);
  tables_[table].held.Add(id);
}

void SweepQueue::RetryHeld() {
  absl::MutexLock lock(&mutex_);
  for (Table& table : tables_) {
    table.offered.UnionWith(table.held);
    table.held.Clear();
  }
}

void SweepQueue::Poisoned(size_t table, uint64_t id) {
  absl::MutexLock lock(&mutex_);
  tables_[table].offered.Remove(id);
  tables_[table].poisoned.Add(id);
  tables_[table].poison.Add(id);
}

void SweepQueue::Recorded(size_t table, uint64_t id) {
  absl::MutexLock lock(&mutex_);
  tables_[table].poisoned.Remove(id);
  SettleIfOver();
}

bool SweepQueue::Brought(size_t table, uint64_t id) {
  absl::MutexLock lock(&mutex_);
  if (tables_[table].poison.Contains(id)) return true;
  tables_[table].offered.Remove(id);
  tables_[table].held.Remove(id);
  SettleIfOver();
  return false;
}

void SweepQueue::ForgetPoison() {
  absl::MutexLock lock(&mutex_);
  for (Table& table : tables_) table.poison.Clear();
}

uint64_t SweepQueue::waiting() const {
  absl::MutexLock lock(&mutex_);
  uint64_t count = 0;
  for (const Table& table : tables_) count += table.offered.size();
  return count;
}

std::string SweepQueue::wanted() const {
  absl::MutexLock lock(&mutex_);
  if (settling_.has_value()) return std::string(SweepReasonName(*settling_));
  if (running_.has_value()) return std::string(SweepReasonName(running_->reason));
  if (pending_.has_value()) return std::string(SweepReasonName(pending_->reason));
  return "";
}

absl::Time SweepQueue::swept_at() const {
  absl::MutexLock lock(&mutex_);
  return swept_at_;
}

uint64_t SweepQueue::version() const {
  absl::MutexLock lock(&mutex_);
  return version_;
}

}  // namespace relay
