// SPDX-License-Identifier: Apache-2.0
#include "relay/delivery/ack_tracker.h"

#include <algorithm>
#include <utility>

#include "glog/logging.h"

namespace relay {

AckTracker::AckTracker(size_t max_bytes, LowWaterMark start, PublishedSink published)
    : max_bytes_(max_bytes), published_(std::move(published)), mark_(start), handed_(std::move(start)) {}

void AckTracker::Begin(const cdc::StreamItem& item) {
  absl::MutexLock lock(&mutex_);
  CHECK(transactions_.empty() || transactions_.back().closed) << "a transaction begins inside another";
  const StreamPlace place = steps_.PlaceOf(item);
  if (!unread_.empty() && unread_.front().place == place) {
    PassOver(unread_.front().first_ordinal);
    unread_.pop_front();
  } else if (!unread_.empty() || add_ordinal_ < next_ordinal_) {
    LOG(ERROR) << "the binlog brought another transaction than at the first reading, at " << item.begin
               << ": rows from here on are sent again";
    ForgetReading();
  }
  Transaction& transaction = transactions_.emplace_back();
  transaction.first_ordinal = transaction.end_ordinal = add_ordinal_;
  transaction.commit_us = absl::ToUnixMicros(item.commit_time);
  transaction.place = place;
  steps_.Extend(item, &transaction.step);
  step_bytes_ += StreamSteps::HeapBytes(transaction.step);
}

void AckTracker::PassOver(uint64_t end_ordinal) {
  if (add_ordinal_ == end_ordinal) return;
  for (uint64_t i = std::max(add_ordinal_, first_ordinal_); i < end_ordinal; ++i) {
    Row& row = rows_[i - first_ordinal_];
    waiting_ -= row.open();
    row.state = RowState::kSettled;
  }
  add_ordinal_ = end_ordinal;
  Published published;
  Advance(&published);
  HandOver(published);
}

void AckTracker::ForgetReading() {
  unread_.clear();
  PassOver(next_ordinal_);
}

void AckTracker::DropTransactions() {
  transactions_.clear();
  step_bytes_ = 0;
}

AckTracker::Ticket AckTracker::Add(RowKey key) {
  absl::MutexLock lock(&mutex_);
  CHECK(!transactions_.empty() && !transactions_.back().closed) << "a row outside a transaction";
  if (add_ordinal_ < next_ordinal_) {
    const Row* row = add_ordinal_ < first_ordinal_ ? nullptr : &rows_[add_ordinal_ - first_ordinal_];
    const bool same_transaction = unread_.empty() || add_ordinal_ < unread_.front().first_ordinal;
    if (same_transaction && (row == nullptr || row->key() == key)) {
      transactions_.back().end_ordinal = add_ordinal_ + 1;
      return {add_ordinal_++, row == nullptr || row->state != RowState::kWaiting, true};
    }
    // The log does not say the same as before, so nothing that was learned of these ordinals is of use. Repeats what
    // may have been sent.
    LOG(ERROR) << "the binlog brought another row than at the first reading (table " << key.table << ", id " << key.id
               << "): rows from here on are sent again";
    ForgetReading();
    // Its ordinals have a gap now, which a further reading would not see.
    transactions_.back().place = StreamPlace();
  }
  const uint64_t ordinal = add_ordinal_++;
  transactions_.back().end_ordinal = next_ordinal_ = add_ordinal_;
  NoteId(ordinal, key);
  rows_.push_back({key.id, key.table, RowState::kWaiting});
  ++waiting_;
  return {ordinal, false, false};
}

void AckTracker::NoteId(uint64_t ordinal, RowKey key) {
  if (key.table >= largest_id_.size()) largest_id_.resize(key.table + 1);
  if (key.id > largest_id_[key.table]) {
    largest_id_[key.table] = key.id;
  } else {
    read_late_[key] = ordinal;
  }
}

bool AckTracker::IdCameBack(RowKey key) {
  if (read_late_.empty()) return false;
  const auto it = read_late_.find(key);
  if (it == read_late_.end()) return false;
  if (it->second > first_ordinal_) return true;
  read_late_.erase(it);
  return false;
}

uint64_t AckTracker::Register(uint64_t ordinal, RowKey key, absl::Time commit_time) {
  in_flight_.push_back({ordinal, key.id, key.table, /*open=*/true, /*voided=*/false, absl::ToUnixMicros(commit_time)});
  ++open_records_;
  return first_sequence_ + in_flight_.size() - 1;
}

AckTracker::InFlight* AckTracker::Find(uint64_t sequence) {
  if (sequence < first_sequence_ || sequence - first_sequence_ >= in_flight_.size()) return nullptr;
  InFlight& record = in_flight_[sequence - first_sequence_];
  return record.open ? &record : nullptr;
}

void AckTracker::Close(InFlight* record) {
  record->open = false;
  --open_records_;
}

void AckTracker::DropClosed() {
  while (!in_flight_.empty() && !in_flight_.front().open) {
    in_flight_.pop_front();
    ++first_sequence_;
  }
}

uint64_t AckTracker::Sent(uint64_t ordinal, absl::Time commit_time) {
  absl::MutexLock lock(&mutex_);
  CHECK(ordinal >= first_ordinal_ && ordinal < next_ordinal_) << "ordinal " << ordinal << " is not waiting";
  return Register(ordinal, rows_[ordinal - first_ordinal_].key(), commit_time);
}

uint64_t AckTracker::SentFromTable(RowKey key, uint64_t voids) {
  absl::MutexLock lock(&mutex_);
  const uint64_t sequence = Register(kFromTable, key, absl::InfiniteFuture());
  in_flight_.back().voided = voids != VoidsOf(key.table);
  return sequence;
}

uint64_t AckTracker::VoidsOf(size_t table) const {
  const auto it = void_.find(static_cast<uint32_t>(table));
  return it == void_.end() ? 0 : it->second.times;
}

uint64_t AckTracker::Voids(size_t table) const {
  absl::MutexLock lock(&mutex_);
  return VoidsOf(table);
}

void AckTracker::End() {
  Published published;
  absl::MutexLock lock(&mutex_);
  CHECK(!transactions_.empty() && !transactions_.back().closed) << "no transaction is open";
  transactions_.back().closed = true;
  steps_.Apply(transactions_.back().step, &handed_);
  Advance(&published);
  HandOver(published);
}

bool AckTracker::open() const {
  absl::MutexLock lock(&mutex_);
  return !transactions_.empty() && !transactions_.back().closed;
}

void AckTracker::Foreign(const cdc::StreamItem& item) {
  absl::MutexLock lock(&mutex_);
  // It has no rows any more: an XA branch that was prepared before the stream went back.
  if (!unread_.empty() && item.kind != cdc::StreamItem::Kind::kIdle && unread_.front().place == steps_.PlaceOf(item)) {
    ForgetReading();
  }
  if (!transactions_.empty()) {
    CHECK(transactions_.back().closed) << "a transaction inside another";
    StreamStep& newest = transactions_.back().step;
    step_bytes_ -= StreamSteps::HeapBytes(newest);
    steps_.Extend(item, &newest);
    step_bytes_ += StreamSteps::HeapBytes(newest);
  }
  StreamStep step;
  steps_.Extend(item, &step);
  steps_.Apply(step, &handed_);
  if (transactions_.empty()) {
    steps_.Apply(step, &mark_);
    steps_.ForgetFilesBefore(nullptr);
    if (item.kind != cdc::StreamItem::Kind::kIdle) ++foreign_steps_;
  }
}

size_t AckTracker::Bytes() const {
  return transactions_.size() * sizeof(Transaction) + step_bytes_ + unread_.size() * sizeof(Unread) +
         rows_.size() * sizeof(Row) + read_late_.size() * sizeof(decltype(read_late_)::value_type) +
         in_flight_.size() * sizeof(InFlight);
}

bool AckTracker::HasRoom() const { return Bytes() < max_bytes_; }

bool AckTracker::WaitForRoom(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  // A replay brings no new rows, and a tracker that is full of one transaction's rows must let it go on.
  if (add_ordinal_ < next_ordinal_) return true;
  return mutex_.AwaitWithTimeout(absl::Condition(this, &AckTracker::HasRoom), timeout);
}

LowWaterMark AckTracker::Rewind() {
  absl::MutexLock lock(&mutex_);
  // With nothing waited for the stream stands at the mark already, which in the middle of a reading again is not yet
  // where it was before.
  if (!transactions_.empty()) {
    const Transaction& first = transactions_.front();
    add_ordinal_ = first.first_ordinal;
    rewound_commit_us_ = first.commit_us;
    for (auto it = transactions_.rbegin(); it != transactions_.rend(); ++it) {
      unread_.push_front({it->first_ordinal, it->place});
    }
    DropTransactions();
  }
  first_sequence_ += in_flight_.size();
  in_flight_.clear();
  open_records_ = 0;
  handed_ = mark_;
  return mark_;
}

void AckTracker::ReadFrom(uint32_t server) {
  absl::MutexLock lock(&mutex_);
  steps_.set_server(server);
}

void AckTracker::Restart(LowWaterMark mark) {
  absl::MutexLock lock(&mutex_);
  DropTransactions();
  add_ordinal_ = first_ordinal_;
  ForgetReading();
  first_sequence_ += in_flight_.size();
  in_flight_.clear();
  open_records_ = 0;
  handed_ = mark;
  mark_ = std::move(mark);
  ++row_steps_;
}

void AckTracker::ForgetBranches() {
  absl::MutexLock lock(&mutex_);
  handed_.open_xa.clear();
  mark_.open_xa.clear();
  for (Transaction& transaction : transactions_) {
    step_bytes_ -= StreamSteps::HeapBytes(transaction.step);
    if (transaction.step.open_xa != nullptr) transaction.step.open_xa->clear();
  }
}

AckTracker::Voided AckTracker::Void(size_t table) {
  absl::MutexLock lock(&mutex_);
  VoidRows& rows = void_[static_cast<uint32_t>(table)];
  uint64_t& before = rows.before;
  ++rows.times;
  Voided voided{add_ordinal_, false};
  for (uint64_t i = std::max(before, first_ordinal_); i < add_ordinal_ && !voided.any; ++i) {
    const Row& row = rows_[i - first_ordinal_];
    voided.any = row.table == table && (row.state == RowState::kWaiting || row.state == RowState::kPublished);
  }
  for (InFlight& record : in_flight_) {
    if (!record.open || record.ordinal != kFromTable || record.table != table || record.voided) continue;
    record.voided = true;
    voided.any = true;
  }
  before = std::max(before, add_ordinal_);
  // None of the rows before comes to the sink, so their ids don't matter any more.
  if (add_ordinal_ == next_ordinal_ && table < largest_id_.size()) largest_id_[table] = 0;
  return voided;
}

bool AckTracker::IsVoid(uint64_t ordinal, uint32_t table) const {
  if (void_.empty()) return false;
  const auto it = void_.find(table);
  return it != void_.end() && ordinal < it->second.before;
}

LowWaterMark AckTracker::handed() const {
  absl::MutexLock lock(&mutex_);
  return handed_;
}

void AckTracker::Acknowledged(absl::Span<const uint64_t> sequences, std::vector<absl::Time>* commit_times) {
  Published published;
  absl::MutexLock lock(&mutex_);
  for (uint64_t sequence : sequences) {
    InFlight* record = Find(sequence);
    if (record == nullptr) continue;
    Close(record);
    if (record->ordinal == kFromTable) {
      if (!record->voided) published.push_back(record->key());
      ++row_steps_;
      continue;
    }
    commit_times->push_back(absl::FromUnixMicros(record->commit_us));
    Row& row = rows_[record->ordinal - first_ordinal_];
    if (row.state == RowState::kWaiting) {
      row.state = RowState::kPublished;
      --waiting_;
    }
  }
  DropClosed();
  Advance(&published);
  HandOver(published);
}

void AckTracker::NotDelivered(uint64_t sequence) {
  absl::MutexLock lock(&mutex_);
  InFlight* record = Find(sequence);
  if (record == nullptr) return;
  Close(record);
  DropClosed();
}

void AckTracker::Condemn(uint64_t ordinal) {
  absl::MutexLock lock(&mutex_);
  if (ordinal < first_ordinal_ || ordinal >= next_ordinal_) return;
  Row& row = rows_[ordinal - first_ordinal_];
  if (row.state == RowState::kWaiting) row.state = RowState::kCondemned;
}

void AckTracker::Settle(uint64_t ordinal, RowKey key) {
  Published published;
  absl::MutexLock lock(&mutex_);
  if (ordinal < first_ordinal_ || ordinal >= next_ordinal_) return;
  Row& row = rows_[ordinal - first_ordinal_];
  if (!row.open() || row.key() != key) return;
  row.state = RowState::kSettled;
  --waiting_;
  Advance(&published);
  HandOver(published);
}

void AckTracker::Advance(Published* published) {
  while (!rows_.empty() && !rows_.front().open()) {
    const Row& row = rows_.front();
    const bool came_back = IdCameBack(row.key());
    if (row.state == RowState::kPublished && !came_back && !IsVoid(first_ordinal_, row.table)) {
      published->push_back(row.key());
    }
    rows_.pop_front();
    ++first_ordinal_;
  }
  while (!transactions_.empty() && transactions_.front().closed &&
         transactions_.front().end_ordinal <= first_ordinal_) {
    steps_.Apply(transactions_.front().step, &mark_);
    step_bytes_ -= StreamSteps::HeapBytes(transactions_.front().step);
    transactions_.pop_front();
    steps_.ForgetFilesBefore(transactions_.empty() ? nullptr : &transactions_.front().step);
    ++row_steps_;
  }
}

void AckTracker::HandOver(const Published& published) const {
  std::vector<uint64_t> ids;
  for (size_t i = 0; i < published.size();) {
    const uint32_t table = published[i].table;
    ids.clear();
    for (; i < published.size() && published[i].table == table; ++i) ids.push_back(published[i].id);
    published_(table, ids);
  }
}

std::optional<RowKey> AckTracker::RowOf(uint64_t sequence) const {
  absl::MutexLock lock(&mutex_);
  if (sequence < first_sequence_ || sequence - first_sequence_ >= in_flight_.size()) return std::nullopt;
  const InFlight& record = in_flight_[sequence - first_sequence_];
  if (!record.open) return std::nullopt;
  return record.key();
}

bool AckTracker::Idle() const { return open_records_ == 0; }

bool AckTracker::WaitUntilIdle(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(this, &AckTracker::Idle), timeout);
}

LowWaterMark AckTracker::low_water() const {
  absl::MutexLock lock(&mutex_);
  return mark_;
}

AckTracker::Progress AckTracker::progress() const {
  absl::MutexLock lock(&mutex_);
  Progress progress;
  progress.rows_waiting = waiting_;
  progress.transactions_waiting = transactions_.size();
  progress.in_flight = open_records_;
  if (waiting_ > 0) {
    progress.oldest_unsettled =
        absl::FromUnixMicros(transactions_.empty() ? rewound_commit_us_ : transactions_.front().commit_us);
  }
  progress.foreign_steps = foreign_steps_;
  progress.row_steps = row_steps_;
  return progress;
}

}  // namespace relay
