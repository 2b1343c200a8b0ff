// SPDX-License-Identifier: Apache-2.0
#include "relay/outbox/pending_rows.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "relay/base/status_macros.h"
#include "relay/outbox/id_condition.h"
#include "relay/sql/sql_param.h"

namespace relay {
namespace {

std::string PendingCondition(const OutboxSchema& schema) {
  return absl::StrCat(QuoteIdentifier(schema.NameOf(kPushCompletedAt)), " IS NULL AND ", NotErroredCondition(schema));
}

// Pending rows in id order stand together in an index on push_completed_at alone, which the primary key continues. Told
// nothing, MariaDB reads it from its beginning for each chunk.
std::string IndexHint(const OutboxSchema& schema) {
  if (schema.primary_key.size() != 1 || !absl::EqualsIgnoreCase(schema.primary_key[0], schema.NameOf(kId))) return "";
  for (const OutboxIndexInfo& index : schema.indexes) {
    if (!absl::EqualsIgnoreCase(index.columns, schema.NameOf(kPushCompletedAt))) continue;
    return absl::StrCat(" FORCE INDEX (", QuoteIdentifier(index.name), ")");
  }
  return "";
}

absl::StatusOr<uint64_t> IdOf(const OutboxSchema& schema, const std::optional<std::string>& text) {
  const std::optional<uint64_t> id = ParseOutboxId(text.value_or(""));
  if (id.has_value()) return *id;
  return absl::FailedPreconditionError(
      absl::StrCat("outbox table ", schema.Name(), ": id '", text.value_or("NULL"), "' is no integer"));
}

}  // namespace

absl::StatusOr<IdSet> ReadPendingIds(SqlSession* session, const OutboxSchema& schema, uint32_t chunk_rows,
                                     const absl::Notification* stop) {
  IdSet ids;
  if (!schema.stores_rows()) return ids;
  const std::string id = QuoteIdentifier(schema.NameOf(kId));
  const std::string select =
      absl::StrCat("SELECT ", id, " FROM ", schema.Name(), IndexHint(schema), " WHERE ", PendingCondition(schema));
  const std::string tail = absl::StrCat(" ORDER BY ", id, " LIMIT ", chunk_rows);
  std::string after;
  while (true) {
    if (stop != nullptr && stop->HasBeenNotified()) return absl::CancelledError("stopped while reading pending ids");
    uint64_t count = 0;
    uint64_t last = 0;
    const absl::Status read =
        session->ForEachRow(absl::StrCat(select, after, tail), {}, [&](SqlCells cells) -> absl::Status {
          ASSIGN_OR_RETURN(last, IdOf(schema, cells[0]));
          ids.Add(last);
          ++count;
          return absl::OkStatus();
        });
    // A table that was dropped has nothing pending.
    if (absl::IsNotFound(read)) return IdSet();
    RETURN_IF_ERROR(read);
    if (count < chunk_rows) break;
    after = absl::StrCat(" AND ", id, " > ", schema.IdLiteral(last));
  }
  ids.Compress();
  return ids;
}

absl::Status ReadRows(SqlSession* session, const OutboxSchema& schema, absl::Span<const uint64_t> ids,
                      const ReadRowsOptions& options, TableRowVisitor visit) {
  if (ids.empty() || !schema.stores_rows()) return absl::OkStatus();
  std::vector<std::string> selected;
  std::vector<OutboxColumn> order;
  for (size_t i = 0; i < kOutboxColumnCount; ++i) {
    const OutboxColumn column = static_cast<OutboxColumn>(i);
    if (!schema.Has(column)) continue;
    selected.push_back(QuoteIdentifier(schema.NameOf(column)));
    order.push_back(column);
  }
  // LOCK IN SHARE MODE is what every version and dialect understands.
  const std::string sql = absl::StrCat(
      "SELECT ", absl::StrJoin(selected, ", "), " FROM ", schema.Name(), " WHERE ", IdCondition(schema, ids),
      options.only_pending ? absl::StrCat(" AND ", PendingCondition(schema)) : "", " ORDER BY ",
      QuoteIdentifier(schema.NameOf(kId)), options.for_share ? " LOCK IN SHARE MODE" : "");
  const absl::Status read = session->ForEachRow(sql, {}, [&](SqlCells cells) -> absl::Status {
    std::array<cdc::ColumnValue, kOutboxColumnCount> values;
    uint64_t id = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      cdc::ColumnValue& value = values[order[i]];
      if (!cells[i].has_value()) {
        value.state = cdc::ColumnValue::State::kNull;
        continue;
      }
      value.state = cdc::ColumnValue::State::kValue;
      value.text = *cells[i];
      if (order[i] == kId) {
        ASSIGN_OR_RETURN(id, IdOf(schema, cells[i]));
      }
    }
    return visit(id, values);
  });
  return absl::IsNotFound(read) ? absl::OkStatus() : read;
}

}  // namespace relay
