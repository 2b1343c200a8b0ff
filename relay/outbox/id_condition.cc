// SPDX-License-Identifier: Apache-2.0
#include "relay/outbox/id_condition.h"

#include <cstddef>
#include <limits>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "relay/sql/sql_param.h"

namespace relay {
namespace {

// Fewer neighbours than this are written one by one.
constexpr size_t kShortestRange = 3;

// The unsigned neighbours around this border are no neighbours in a signed column.
constexpr uint64_t kLargestSigned = std::numeric_limits<int64_t>::max();

}  // namespace

std::string IdCondition(const OutboxSchema& schema, absl::Span<const uint64_t> ids) {
  const std::string column = QuoteIdentifier(schema.NameOf(kId));
  std::vector<std::string> parts;
  std::vector<std::string> singles;
  for (size_t begin = 0; begin < ids.size();) {
    size_t end = begin + 1;
    while (end < ids.size() && ids[end] == ids[end - 1] + 1 && ids[end - 1] != kLargestSigned) ++end;
    if (end - begin >= kShortestRange) {
      parts.push_back(
          absl::StrCat(column, " BETWEEN ", schema.IdLiteral(ids[begin]), " AND ", schema.IdLiteral(ids[end - 1])));
    } else {
      for (size_t i = begin; i < end; ++i) singles.push_back(schema.IdLiteral(ids[i]));
    }
    begin = end;
  }
  if (!singles.empty()) parts.push_back(absl::StrCat(column, " IN (", absl::StrJoin(singles, ", "), ")"));
  return absl::StrCat("(", absl::StrJoin(parts, " OR "), ")");
}

std::string IdIndexHint(const OutboxSchema& schema) {
  const bool leads =
      !schema.primary_key.empty() && absl::EqualsIgnoreCase(schema.primary_key.front(), schema.NameOf(kId));
  return leads ? " FORCE INDEX (PRIMARY)" : "";
}

std::string NotErroredCondition(const OutboxSchema& schema) {
  const OutboxColumnInfo* errored = schema.Column(kErrored);
  const std::string column = QuoteIdentifier(schema.NameOf(kErrored));
  if (errored != nullptr && !errored->nullable) return absl::StrCat(column, " = 0");
  return absl::StrCat("(", column, " = 0 OR ", column, " IS NULL)");
}

}  // namespace relay
