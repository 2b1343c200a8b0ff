// SPDX-License-Identifier: Apache-2.0
#include "relay/stream/commit_barrier.h"

#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"
#include "relay/sql/sql_param.h"
#include "relay/state/ledger.h"
#include "relay/state/state_tables.h"

namespace relay {
namespace {

constexpr absl::Duration kOutOfOrder = absl::Seconds(1);
constexpr absl::Duration kWithoutCommit = absl::Seconds(15);

}  // namespace

bool GtidsTellVisibility(const ServerInfo& server) {
  return server.flavor == SqlSession::Flavor::kMysql && server.gtids_decide();
}

absl::StatusOr<absl::Duration> CommitBarrier(SqlSession* session, const std::string& state_schema,
                                             const std::string& relay_id) {
  if (state_schema.empty()) return kWithoutCommit;
  // A row that nobody ever sees: gone by the time it is committed. The server logs both changes.
  const std::string table = QuoteTable(state_schema, kLedgerTable);
  ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::Begin(session));
  RETURN_IF_ERROR(session
                      ->Execute(absl::StrCat("INSERT INTO ", table,
                                             " (relay_id, schema_name, minute, part, ids) VALUES (?, '', 0, ?, '')"),
                                {relay_id, session->connection_id()})
                      .status());
  RETURN_IF_ERROR(session
                      ->Execute(absl::StrCat("DELETE FROM ", table,
                                             " WHERE relay_id = ? AND schema_name = '' AND minute = 0 AND part = ?"),
                                {relay_id, session->connection_id()})
                      .status());
  RETURN_IF_ERROR(transaction.Commit());
  return kOutOfOrder;
}

}  // namespace relay
