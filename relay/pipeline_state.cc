// SPDX-License-Identifier: Apache-2.0
#include "relay/pipeline_state.h"

namespace relay {

PipelineState::PipelineState(Checkpoint identity, std::vector<OutboxSchema> tables, LayoutHistory* layouts,
                             const relay::base::Clock* clock)
    : clock_(clock),
      layouts_(layouts),
      table_count_(tables.size()),
      checkpoint_(std::move(identity)),
      tables_(std::move(tables)) {
  std::vector<TableCheckpoint> covered;
  for (const OutboxSchema& table : tables_) {
    const TableCheckpoint* known = checkpoint_.FindTable(table.schema, table.table);
    TableCheckpoint checkpoint;
    if (known != nullptr) checkpoint = *known;
    checkpoint.schema = table.schema;
    checkpoint.table = table.table;
    checkpoint.created = table.created;
    if (checkpoint.layout.has_value()) layouts_->Add(table.schema, table.table, *checkpoint.layout, {});
    covered.push_back(std::move(checkpoint));
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

Checkpoint PipelineState::CheckpointAt(const LowWaterMark& mark) const {
  absl::MutexLock lock(&mutex_);
  Checkpoint checkpoint = checkpoint_;
  checkpoint.gtids = mark.gtids;
  checkpoint.position = mark.position;
  checkpoint.open_xa = mark.open_xa;
  for (TableCheckpoint& table : checkpoint.tables) {
    table.layout = layouts_->At(table.schema, table.table, mark.position);
  }
  checkpoint.last = Fingerprint{};
  if (mark.last.has_value()) {
    checkpoint.last = {mark.last->gtid, mark.position, absl::ToUnixMicros(mark.last->commit_time)};
  }
  return checkpoint;
}

void PipelineState::set_server(std::string server_uuid) {
  absl::MutexLock lock(&mutex_);
  checkpoint_.server_uuid = std::move(server_uuid);
  version_.fetch_add(1, std::memory_order_acq_rel);
}

std::string PipelineState::server() const {
  absl::MutexLock lock(&mutex_);
  return checkpoint_.server_uuid;
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
