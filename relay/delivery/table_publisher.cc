// SPDX-License-Identifier: Apache-2.0
#include "relay/delivery/table_publisher.h"

#include <cstdint>
#include <vector>

#include "relay/base/status_macros.h"
#include "relay/outbox/pending_rows.h"

namespace relay {

absl::StatusOr<Delivery::Result> TablePublisher::PublishSome(SqlSession* session, size_t count) {
  size_t table = 0;
  const std::vector<uint64_t> ids = queue_->Next(count, &table);
  if (ids.empty()) return Delivery::Result::kSent;
  // Before anything is read: see AckTracker::SentFromTable.
  const uint64_t voids = tracker_->Voids(table);
  const OutboxSchema schema = state_->table(table);
  std::vector<uint64_t> sent;
  IdSet gone;
  for (uint64_t id : ids) gone.Add(id);
  Delivery::Result result = Delivery::Result::kSent;
  const absl::Status read =
      ReadRows(session, schema, ids, {.only_pending = true},
               [&](uint64_t id, absl::Span<const cdc::ColumnValue> row) -> absl::Status {
                 gone.Remove(id);
                 if (result != Delivery::Result::kSent) return absl::OkStatus();
                 const Delivery::Row from_table{.key = {static_cast<uint32_t>(table), id}, .table_voids = voids};
                 ASSIGN_OR_RETURN(const Delivery::Result row_result,
                                  sender_->Send(schema.schema, row, from_table, absl::InfinitePast(), ""));
                 switch (row_result) {
                   case Delivery::Result::kSent:
                     sent.push_back(id);
                     break;
                   case Delivery::Result::kHeld:
                     queue_->Hold(table, id);
                     break;
                   case Delivery::Result::kPoison:
                     // Whoever records it told the queue.
                     break;
                   case Delivery::Result::kRewind:
                   case Delivery::Result::kStopped:
                     result = row_result;
                     break;
                 }
                 return absl::OkStatus();
               });
  while (!tracker_->WaitUntilIdle(absl::Milliseconds(50))) {
    board_->Beat(RelayThread::kStream);
    if (stop_->HasBeenNotified()) return Delivery::Result::kStopped;
    if (delivery_->rewind_needed()) break;
  }
  for (uint64_t id : sent) {
    if (!ledger_->Contains(table, id)) continue;  // Not acknowledged, or void: it stays in the queue.
    queue_->Done(table, id);
    metrics_->rows_swept.Add();
  }
  RETURN_IF_ERROR(read);
  if (result != Delivery::Result::kSent) return result;
  gone.ForEach([&](uint64_t id) {
    queue_->Done(table, id);
    return true;
  });
  return delivery_->rewind_needed() ? Delivery::Result::kRewind : Delivery::Result::kSent;
}

}  // namespace relay
