// SPDX-License-Identifier: Apache-2.0
#include "relay/outbox/row_counter.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"
#include "relay/outbox/outbox_table.h"
#include "relay/sql/sql_param.h"

namespace relay {

absl::StatusOr<std::optional<RowCounts>> RowCounter::Step(SqlSession* session, absl::Span<const OutboxSchema> tables) {
  if (table_ < tables.size()) RETURN_IF_ERROR(ReadChunk(session, tables[table_]));
  if (table_ < tables.size()) return std::nullopt;
  table_ = 0;
  return std::exchange(counts_, {});
}

absl::Status RowCounter::ReadChunk(SqlSession* session, const OutboxSchema& table) {
  RowCounts chunk;
  if (table.stores_rows()) {
    const std::string id = QuoteIdentifier(table.NameOf(kId));
    const std::string errored =
        table.Has(kErrored) ? absl::StrCat("COALESCE(", QuoteIdentifier(table.NameOf(kErrored)), ", 0) <> 0") : "FALSE";
    const std::string completed = table.Has(kPushCompletedAt)
                                      ? absl::StrCat(QuoteIdentifier(table.NameOf(kPushCompletedAt)), " IS NOT NULL")
                                      : "FALSE";
    const auto read = session->Query(
        absl::StrCat("SELECT COUNT(*), COALESCE(SUM(is_errored), 0), COALESCE(SUM(is_completed AND NOT is_errored), 0),"
                     " MAX(id) FROM (SELECT ",
                     id, " AS id, ", errored, " AS is_errored, ", completed, " AS is_completed FROM ", table.Name(),
                     after_.empty() ? "" : absl::StrCat(" WHERE ", id, " > ", after_), " ORDER BY ", id, " LIMIT ",
                     chunk_rows_, ") AS chunk"),
        {});
    if (!read.ok() && !absl::IsNotFound(read.status())) return read.status();
    if (read.ok() && absl::SimpleAtoi(read->rows[0][0].value_or(""), &chunk.rows) &&
        absl::SimpleAtoi(read->rows[0][1].value_or(""), &chunk.errored) &&
        absl::SimpleAtoi(read->rows[0][2].value_or(""), &chunk.completed)) {
      counts_.rows += chunk.rows;
      counts_.errored += chunk.errored;
      counts_.completed += chunk.completed;
      after_ = read->rows[0][3].value_or("");
    }
  }
  if (chunk.rows < chunk_rows_) {
    ++table_;
    after_.clear();
  }
  return absl::OkStatus();
}

}  // namespace relay
