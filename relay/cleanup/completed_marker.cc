// SPDX-License-Identifier: Apache-2.0
#include "relay/cleanup/completed_marker.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"
#include "relay/outbox/id_condition.h"
#include "relay/sql/sql_param.h"

namespace relay {
namespace {

// Each may have waited for a lock.
constexpr int kErrorsPerFlush = 2;

}  // namespace

CompletedMarker::CompletedMarker(OutboxSchemaOf schema_of, const Ledger* ledger)
    : schema_of_(std::move(schema_of)), ledger_(*ledger), tables_(ledger->schemas().size()) {}

void CompletedMarker::Add(size_t schema, absl::Span<const uint64_t> ids) {
  absl::MutexLock lock(&mutex_);
  for (const uint64_t id : ids) tables_[schema].added.Add(id);
}

void CompletedMarker::AddAll(size_t schema, const IdSet& ids) {
  absl::MutexLock lock(&mutex_);
  tables_[schema].added.UnionWith(ids);
}

uint64_t CompletedMarker::pending() const {
  absl::MutexLock lock(&mutex_);
  uint64_t count = 0;
  for (const Table& table : tables_) count += table.added.size() + table.failed.size();
  return count;
}

IdSet CompletedMarker::Pending(size_t schema) const {
  absl::MutexLock lock(&mutex_);
  IdSet ids = tables_[schema].added;
  ids.UnionWith(tables_[schema].failed);
  return ids;
}

std::vector<uint64_t> CompletedMarker::Take(size_t schema, size_t count) {
  absl::MutexLock lock(&mutex_);
  Table& table = tables_[schema];
  IdSet& from = table.added.empty() ? table.failed : table.added;
  std::vector<uint64_t> ids = from.Smallest(count);
  for (const uint64_t id : ids) from.Remove(id);
  return ids;
}

void CompletedMarker::PutAside(size_t schema, const IdSet& failed) {
  absl::MutexLock lock(&mutex_);
  tables_[schema].failed.UnionWith(failed);
}

absl::StatusOr<uint64_t> CompletedMarker::Flush(SqlSession* session, uint32_t chunk_rows,
                                                const absl::Notification* stop, const LogIsRead& log_is_read,
                                                int statements) {
  bool read = true;
  if (log_is_read != nullptr && pending() > 0) {
    ASSIGN_OR_RETURN(read, log_is_read(session));
  }
  uint64_t marked = 0;
  int errors = 0;
  absl::Status status;
  for (size_t i = 0; i < ledger_.schemas().size(); ++i) {
    const OutboxSchema schema = schema_of_(i);
    const std::string column = QuoteIdentifier(schema.NameOf(kPushCompletedAt));
    // NOW(), in the session's zone, is what the polling relay writes and compares with. It takes a row that was never
    // claimed for a pending one, completed or not.
    std::string marks = absl::StrCat(column, " = NOW()");
    if (schema.Has(kPushStartedAt)) {
      const std::string started = QuoteIdentifier(schema.NameOf(kPushStartedAt));
      absl::StrAppend(&marks, ", ", started, " = COALESCE(", started, ", NOW())");
    }
    IdSet failed;
    while ((stop == nullptr || !stop->HasBeenNotified()) && statements > 0 && errors < kErrorsPerFlush && read &&
           session->alive()) {
      std::vector<uint64_t> ids = Take(i, chunk_rows);
      if (ids.empty()) break;
      ids.erase(std::remove_if(ids.begin(), ids.end(), [&](uint64_t id) { return !ledger_.Contains(i, id); }),
                ids.end());
      if (ids.empty() || !schema.stores_rows()) continue;
      --statements;
      const absl::StatusOr<std::optional<uint64_t>> updated = ChangePublishedRows(
          session,
          absl::StrCat("UPDATE ", schema.Name(), IdIndexHint(schema), " SET ", marks, " WHERE ",
                       IdCondition(schema, ids), " AND ", column, " IS NULL AND ", NotErroredCondition(schema)),
          log_is_read,
          [&] { return std::all_of(ids.begin(), ids.end(), [&](uint64_t id) { return ledger_.Contains(i, id); }); });
      if (absl::IsNotFound(updated.status())) continue;  // The table was dropped, and its rows with it.
      if (!updated.ok()) {
        for (const uint64_t id : ids) failed.Add(id);
        status.Update(updated.status());
        ++errors;
        continue;
      }
      if (!updated->has_value()) {
        Add(i, ids);
        read = false;
        continue;
      }
      marked += **updated;
    }
    PutAside(i, failed);
  }
  if (!status.ok()) return status;
  return marked;
}

}  // namespace relay
