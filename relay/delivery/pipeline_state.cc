// SPDX-License-Identifier: Apache-2.0
#include "relay/delivery/pipeline_state.h"

namespace relay {

PipelineState::PipelineState(Checkpoint identity, std::vector<OutboxSchema> tables, LayoutHistory* layouts,
                             const relay::base::Clock* clock)
    : clock_(clock),
      layouts_(layouts),
      table_count_(tables.size()),
      checkpoint_(std::move(identity)),
      servers_{checkpoint_.server_uuid},
      emptied_(tables.size()),
      tables_(std::move(tables)) {
  std::vector<TableCheckpoint> covered;
  for (const OutboxSchema& table : tables_) {
    const TableCheckpoint* known = checkpoint_.FindTable(table.schema, table.table);
    TableCheckpoint checkpoint;
    if (known != nullptr) checkpoint = *known;
    checkpoint.schema = table.schema;
    checkpoint.table = table.table;
    if (checkpoint.layout.has_value()) layouts_->Add(table.schema, table.table, *checkpoint.layout, {});
    covered.push_back(std::move(checkpoint));
    covered_.push_back(known != nullptr);
    schemas_.push_back(table.schema);
  }
  checkpoint_.tables = std::move(covered);
}

OutboxSchema PipelineState::table(size_t index) const {
  absl::MutexLock lock(&mutex_);
  return tables_[index];
}

std::vector<OutboxSchema> PipelineState::tables() const {
  absl::MutexLock lock(&mutex_);
  return tables_;
}

void PipelineState::set_table(size_t index, OutboxSchema table) {
  absl::MutexLock lock(&mutex_);
  checkpoint_.tables[index].created = table.created;
  tables_[index] = std::move(table);
  version_.fetch_add(1, std::memory_order_acq_rel);
}

void PipelineState::set_emptied(size_t index, uint64_t end_ordinal) {
  absl::MutexLock lock(&mutex_);
  emptied_[index] = {end_ordinal, emptied_[index].times + 1};
}

PipelineState::Emptied PipelineState::emptied(size_t index) const {
  absl::MutexLock lock(&mutex_);
  return emptied_[index];
}

Checkpoint PipelineState::CheckpointAt(const LowWaterMark& mark) const {
  absl::MutexLock lock(&mutex_);
  Checkpoint checkpoint = checkpoint_;
  checkpoint.gtids = mark.gtids;
  checkpoint.position = mark.position;
  checkpoint.server_uuid = servers_[mark.server];
  checkpoint.open_xa = mark.open_xa;
  checkpoint.tables.clear();
  for (size_t i = 0; i < table_count_; ++i) {
    // A table that is not in a checkpoint is one that a sweep is still to come for.
    if (!covered_[i]) continue;
    TableCheckpoint& table = checkpoint.tables.emplace_back(checkpoint_.tables[i]);
    table.layout = layouts_->At(table.schema, table.table, mark.position);
  }
  checkpoint.last = Fingerprint{};
  if (mark.last.has_value() && !(mark.last->gtid.has_value() && elsewhere_.Contains(*mark.last->gtid))) {
    checkpoint.last = {mark.last->gtid, mark.position, absl::ToUnixMicros(mark.last->commit_time)};
  }
  return checkpoint;
}

std::string PipelineState::created(size_t index) const {
  absl::MutexLock lock(&mutex_);
  return checkpoint_.tables[index].created;
}

void PipelineState::set_created(size_t index, std::string created) {
  absl::MutexLock lock(&mutex_);
  if (checkpoint_.tables[index].created == created) return;
  checkpoint_.tables[index].created = std::move(created);
  version_.fetch_add(1, std::memory_order_acq_rel);
}

void PipelineState::Planned() {
  if (planned()) return;
  absl::MutexLock lock(&mutex_);
  covered_.assign(table_count_, true);
  planned_.store(true, std::memory_order_release);
  version_.fetch_add(1, std::memory_order_acq_rel);
}

bool PipelineState::IsHere(const LowWaterMark& mark) const {
  absl::MutexLock lock(&mutex_);
  return mark.server + 1 == servers_.size();
}

uint32_t PipelineState::set_server(std::string server_uuid, const cdc::GtidSet& handed) {
  absl::MutexLock lock(&mutex_);
  if (handed.empty()) elsewhere_ = {};
  if (servers_.back() != server_uuid) {
    if (servers_.back().empty()) {
      servers_.back() = std::move(server_uuid);
    } else {
      elsewhere_ = handed;
      servers_.push_back(std::move(server_uuid));
    }
    version_.fetch_add(1, std::memory_order_acq_rel);
  }
  return static_cast<uint32_t>(servers_.size() - 1);
}

std::string PipelineState::server() const {
  absl::MutexLock lock(&mutex_);
  return servers_.back();
}

SweepProgress PipelineState::sweep(size_t table) const {
  absl::MutexLock lock(&mutex_);
  return checkpoint_.tables[table].sweep;
}

void PipelineState::set_sweep(size_t table, SweepProgress progress) {
  absl::MutexLock lock(&mutex_);
  checkpoint_.tables[table].sweep = std::move(progress);
  version_.fetch_add(1, std::memory_order_acq_rel);
}

void PipelineState::set_clock_offset(absl::Duration offset) {
  clock_offset_us_.store(absl::ToInt64Microseconds(offset), std::memory_order_relaxed);
}

absl::Time PipelineState::ServerNow() const {
  return clock_->Now() + absl::Microseconds(clock_offset_us_.load(std::memory_order_relaxed));
}

LedgerTime PipelineState::NowForLedger() const { return {ServerNow(), clock_->Monotonic()}; }

}  // namespace relay
