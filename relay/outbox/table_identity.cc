// SPDX-License-Identifier: Apache-2.0
#include "relay/outbox/table_identity.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"
#include "relay/sql/sql_param.h"
#include "relay/state/state_tables.h"

namespace relay {
namespace {

absl::Status ReadNow(SqlSession* session, const OutboxSchema& schema, TableIdentity* identity) {
  // MySQL 8 and later answer AUTO_INCREMENT from a cache of a day unless told not to.
  if (session->flavor() == SqlSession::Flavor::kMysql && session->server_version_number() >= 80000) {
    RETURN_IF_ERROR(session->Execute("SET SESSION information_schema_stats_expiry = 0").status());
  }
  ASSIGN_OR_RETURN(const SqlRows rows,
                   session->Query("SELECT CREATE_TIME, AUTO_INCREMENT FROM information_schema.TABLES WHERE "
                                  "TABLE_SCHEMA = ? AND TABLE_NAME = ?",
                                  {schema.schema, schema.table}));
  if (rows.rows.empty()) {
    identity->verdict = TableIdentity::Verdict::kGone;
    return absl::OkStatus();
  }
  identity->created = rows.rows[0][0].value_or("");
  uint64_t next_id = 0;
  if (rows.rows[0][1].has_value() && absl::SimpleAtoi(*rows.rows[0][1], &next_id)) identity->next_id = next_id;
  return absl::OkStatus();
}

absl::Status UpdateOwner(SqlSession* session, const OutboxSchema& schema, absl::string_view assignments,
                         absl::Span<const SqlParam> values) {
  ASSIGN_OR_RETURN(const bool exists, TableExists(session, schema.schema, kOwnerTable));
  if (!exists) return absl::OkStatus();
  std::vector<SqlParam> params(values.begin(), values.end());
  params.push_back(schema.table);
  return session
      ->Execute(absl::StrCat("UPDATE ", QuoteTable(schema.schema, kOwnerTable), " SET ", assignments,
                             " WHERE table_name = ?"),
                params)
      .status();
}

}  // namespace

absl::StatusOr<TableIdentity> CheckTableIdentity(SqlSession* session, const OutboxSchema& schema,
                                                 absl::string_view known_created) {
  TableIdentity identity;
  RETURN_IF_ERROR(ReadNow(session, schema, &identity));
  if (identity.verdict == TableIdentity::Verdict::kGone) return identity;
  if (known_created.empty() || identity.created == known_created) return identity;
  identity.verdict = TableIdentity::Verdict::kOther;
  ASSIGN_OR_RETURN(const bool exists, TableExists(session, schema.schema, kOwnerTable));
  if (!exists) return identity;
  ASSIGN_OR_RETURN(const SqlRows rows,
                   session->Query(absl::StrCat("SELECT rebuilt_from, rebuilt_to FROM ",
                                               QuoteTable(schema.schema, kOwnerTable), " WHERE table_name = ?"),
                                  {schema.table}));
  if (rows.rows.empty()) return identity;
  const std::string from = rows.rows[0][0].value_or("");
  const std::string to = rows.rows[0][1].value_or("");
  // An OPTIMIZE that has not come to its end says what it began with.
  if (from == known_created && (to.empty() || to == identity.created)) {
    identity.verdict = TableIdentity::Verdict::kRebuilt;
  }
  return identity;
}

bool IdsComeAgain(const TableIdentity& identity, const OutboxSchema& schema, const IdSet& ids) {
  if (!identity.next_id.has_value() || ids.empty()) return false;
  const bool negative = !schema.unsigned_id() && static_cast<int64_t>(ids.max()) < 0;
  return !negative && ids.max() >= *identity.next_id;
}

bool LedgerStillHolds(const TableIdentity& identity, const IdSet& published, const IdSet& others) {
  if (identity.verdict != TableIdentity::Verdict::kSame && identity.verdict != TableIdentity::Verdict::kRebuilt) {
    return false;
  }
  if (published.empty()) return true;
  if (!identity.next_id.has_value() || published.max() >= *identity.next_id) return false;
  // Were the ids given out anew up to here, the first of them would be among the others.
  constexpr uint64_t kFirstIds = 100;
  return published.min() > kFirstIds && (others.empty() || others.min() > published.min());
}

bool SkippedStillHold(const TableIdentity& identity, const IdSet& skipped) {
  return skipped.empty() || (identity.next_id.has_value() && skipped.max() < *identity.next_id);
}

absl::Status AnnounceRebuild(SqlSession* session, const OutboxSchema& schema) {
  ASSIGN_OR_RETURN(const std::string created, ReadTableCreated(session, schema.schema, schema.table));
  return UpdateOwner(session, schema, "rebuilt_from = ?, rebuilt_to = ''", {created});
}

absl::Status ConcludeRebuild(SqlSession* session, const OutboxSchema& schema) {
  ASSIGN_OR_RETURN(const std::string created, ReadTableCreated(session, schema.schema, schema.table));
  return UpdateOwner(session, schema, "rebuilt_to = ?", {created});
}

}  // namespace relay
