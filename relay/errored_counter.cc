// SPDX-License-Identifier: Apache-2.0
#include "relay/errored_counter.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"
#include "relay/outbox_table.h"
#include "relay/sql_param.h"

namespace relay {

absl::StatusOr<std::optional<uint64_t>> ErroredCounter::Step(SqlSession* session,
                                                             absl::Span<const OutboxSchema> tables) {
  if (table_ < tables.size()) RETURN_IF_ERROR(ReadChunk(session, tables[table_]));
  if (table_ < tables.size()) return std::nullopt;
  table_ = 0;
  return std::exchange(errored_, 0);
}

absl::Status ErroredCounter::ReadChunk(SqlSession* session, const OutboxSchema& table) {
  uint64_t rows = 0;
  if (table.Has(kErrored) && table.stores_rows()) {
    const std::string id = QuoteIdentifier(table.NameOf(kId));
    const auto chunk =
        session->Query(absl::StrCat("SELECT COUNT(*), COALESCE(SUM(is_errored), 0), MAX(id) FROM (SELECT ", id,
                                    " AS id, ", QuoteIdentifier(table.NameOf(kErrored)), " <> 0 AS is_errored FROM ",
                                    table.Name(), after_.empty() ? "" : absl::StrCat(" WHERE ", id, " > ", after_),
                                    " ORDER BY ", id, " LIMIT ", chunk_rows_, ") AS chunk"),
                       {});
    if (!chunk.ok() && !absl::IsNotFound(chunk.status())) return chunk.status();
    uint64_t errored = 0;
    if (chunk.ok() && absl::SimpleAtoi(chunk->rows[0][0].value_or(""), &rows) &&
        absl::SimpleAtoi(chunk->rows[0][1].value_or(""), &errored)) {
      errored_ += errored;
      after_ = chunk->rows[0][2].value_or("");
    }
  }
  if (rows < chunk_rows_) {
    ++table_;
    after_.clear();
  }
  return absl::OkStatus();
}

}  // namespace relay
