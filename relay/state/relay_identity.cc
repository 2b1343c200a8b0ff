// SPDX-License-Identifier: Apache-2.0
#include "relay/state/relay_identity.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "relay/base/status_macros.h"
#include "relay/sql/sql_param.h"
#include "relay/state/checkpoint.h"
#include "relay/state/state_tables.h"

namespace relay {
namespace {

// Two relays that start at the same moment on new tables collide on the owner row; the loser reads the winner's.
constexpr int kClaimAttempts = 5;

struct Owner {
  std::string schema;
  std::string relay_id;  // Empty: not claimed.
  std::string state_schema;
};

absl::StatusOr<Owner> OwnerOf(SqlSession* session, const std::string& schema, const std::string& outbox_table) {
  Owner owner{.schema = schema, .relay_id = "", .state_schema = ""};
  ASSIGN_OR_RETURN(const bool exists, TableExists(session, schema, kOwnerTable));
  if (!exists) return owner;
  ASSIGN_OR_RETURN(const SqlRows rows,
                   session->Query(absl::StrCat("SELECT relay_id, state_schema FROM ", QuoteTable(schema, kOwnerTable),
                                               " WHERE table_name = ?"),
                                  {outbox_table}));
  if (rows.rows.empty()) return owner;
  owner.relay_id = rows.rows[0][0].value_or("");
  owner.state_schema = rows.rows[0][1].value_or("");
  return owner;
}

absl::StatusOr<std::vector<Owner>> Owners(SqlSession* session, const RelayIdentityOptions& options) {
  std::vector<Owner> owners;
  for (const std::string& schema : options.schemas) {
    ASSIGN_OR_RETURN(Owner owner, OwnerOf(session, schema, options.outbox_table));
    owners.push_back(std::move(owner));
  }
  return owners;
}

std::string Cure(const std::string& schema, const std::string& outbox_table) {
  return absl::StrCat("DELETE FROM ", QuoteTable(schema, kOwnerTable), " WHERE table_name='", outbox_table, "'");
}

// The one owner of all claimed schemas; nullopt when none is claimed.
absl::StatusOr<std::optional<Owner>> CommonOwner(const std::vector<Owner>& owners,
                                                 const RelayIdentityOptions& options) {
  std::optional<Owner> common;
  for (const Owner& owner : owners) {
    if (owner.relay_id.empty()) continue;
    if (!common.has_value()) {
      common = owner;
    } else if (owner.relay_id != common->relay_id) {
      return absl::FailedPreconditionError(absl::StrCat(
          "DB_NAME names schemas of two relays: ", QuoteTable(common->schema, options.outbox_table), " belongs to ",
          common->relay_id, ", ", QuoteTable(owner.schema, options.outbox_table), " to ", owner.relay_id,
          ". Name the schemas of one relay, or, when the other relay is gone for good, release its table with: ",
          Cure(owner.schema, options.outbox_table)));
    } else if (owner.state_schema != common->state_schema) {
      return absl::FailedPreconditionError(absl::StrCat(
          "relay ", owner.relay_id, " keeps its state in ", QuoteIdentifier(common->state_schema), " according to ",
          QuoteTable(common->schema, kOwnerTable), ", in ", QuoteIdentifier(owner.state_schema), " according to ",
          QuoteTable(owner.schema, kOwnerTable), ": correct the state_schema of one of them"));
    }
  }
  if (common.has_value() && !options.state_schema.empty() && options.state_schema != common->state_schema) {
    return absl::FailedPreconditionError(
        absl::StrCat("--state-schema=", options.state_schema, " but relay ", common->relay_id, " keeps its state in ",
                     QuoteIdentifier(common->state_schema), ": drop the flag, or move the rows of ", kCheckpointTable,
                     " and ", kLedgerTable, " and correct state_schema in ", kOwnerTable));
  }
  return common;
}

// A relay that also owns schemas which DB_NAME does not name is another relay, or one whose DB_NAME was shortened; only
// the user knows.
absl::Status CheckNothingElseOwned(SqlSession* session, const Owner& owner, const RelayIdentityOptions& options) {
  ASSIGN_OR_RETURN(const bool exists, TableExists(session, owner.state_schema, kCheckpointTable));
  if (!exists) return absl::OkStatus();
  ASSIGN_OR_RETURN(const SqlRows rows,
                   session->Query(absl::StrCat("SELECT details FROM ", QuoteTable(owner.state_schema, kCheckpointTable),
                                               " WHERE relay_id = ?"),
                                  {owner.relay_id}));
  if (rows.rows.empty()) return absl::OkStatus();
  Checkpoint checkpoint;
  RETURN_IF_ERROR(ApplyCheckpointDetails(rows.rows[0][0].value_or(""), &checkpoint));
  for (const TableCheckpoint& table : checkpoint.tables) {
    if (std::find(options.schemas.begin(), options.schemas.end(), table.schema) != options.schemas.end()) continue;
    const absl::StatusOr<Owner> other = OwnerOf(session, table.schema, table.table);
    // Not to be seen any more, or released: it went from DB_NAME for good.
    if (!other.ok() || other->relay_id != owner.relay_id) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        QuoteTable(owner.schema, options.outbox_table), " belongs to relay ", owner.relay_id, ", which also publishes ",
        QuoteTable(table.schema, table.table), ", and DB_NAME=", absl::StrJoin(options.schemas, ","),
        " does not name that. Two relays must not share a schema. If this is the same relay with a shorter DB_NAME, "
        "release the other table with: ",
        Cure(table.schema, table.table)));
  }
  return absl::OkStatus();
}

absl::StatusOr<RelayIdentity> ClaimOnce(SqlSession* session, const RelayIdentityOptions& options,
                                        absl::BitGenRef random) {
  ASSIGN_OR_RETURN(const std::vector<Owner> owners, Owners(session, options));
  ASSIGN_OR_RETURN(const std::optional<Owner> common, CommonOwner(owners, options));
  RelayIdentity identity;
  if (common.has_value()) {
    RETURN_IF_ERROR(CheckNothingElseOwned(session, *common, options));
    identity.relay_id = common->relay_id;
    identity.state_schema = common->state_schema;
  } else {
    identity.relay_id = NewRelayId(random);
    identity.state_schema = NewStateSchema(options);
  }
  ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::Begin(session));
  for (const Owner& owner : owners) {
    if (!owner.relay_id.empty()) continue;
    RETURN_IF_ERROR(session
                        ->Execute(absl::StrCat("INSERT INTO ", QuoteTable(owner.schema, kOwnerTable),
                                               " (table_name, relay_id, state_schema, claimed_at)"
                                               " VALUES (?, ?, ?, UTC_TIMESTAMP(6))"),
                                  {options.outbox_table, identity.relay_id, identity.state_schema})
                        .status());
    identity.claimed.push_back(owner.schema);
  }
  const std::string checkpoint_table = QuoteTable(identity.state_schema, kCheckpointTable);
  ASSIGN_OR_RETURN(
      const SqlRows stored,
      session->Query(absl::StrCat("SELECT 1 FROM ", checkpoint_table, " WHERE relay_id = ?"), {identity.relay_id}));
  if (stored.rows.empty()) {
    RETURN_IF_ERROR(
        session
            ->Execute(absl::StrCat("INSERT INTO ", checkpoint_table,
                                   " (relay_id, format, gtids, details, saved_at) VALUES (?, ?, '', ?, NULL)"),
                      {identity.relay_id, kCheckpointFormat, CheckpointDetails(Checkpoint())})
            .status());
  }
  RETURN_IF_ERROR(transaction.Commit());
  return identity;
}

}  // namespace

std::string NewRelayId(absl::BitGenRef random) {
  const uint64_t high = (absl::Uniform<uint64_t>(random) & ~uint64_t{0xF000}) | 0x4000;
  const uint64_t low = (absl::Uniform<uint64_t>(random) & ~(uint64_t{3} << 62)) | (uint64_t{2} << 62);
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", high >> 32, (high >> 16) & 0xFFFF, high & 0xFFFF, low >> 48,
                         low & 0xFFFFFFFFFFFF);
}

std::string NewStateSchema(const RelayIdentityOptions& options) {
  return options.state_schema.empty() ? options.schemas[0] : options.state_schema;
}

absl::StatusOr<std::string> FindStateSchema(SqlSession* session, const RelayIdentityOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<Owner> owners, Owners(session, options));
  ASSIGN_OR_RETURN(const std::optional<Owner> common, CommonOwner(owners, options));
  if (common.has_value()) return common->state_schema;
  return NewStateSchema(options);
}

absl::StatusOr<RelayIdentity> FindRelayIdentity(SqlSession* session, const RelayIdentityOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<Owner> owners, Owners(session, options));
  ASSIGN_OR_RETURN(const std::optional<Owner> common, CommonOwner(owners, options));
  if (!common.has_value()) {
    return absl::NotFoundError(absl::StrCat("no relay has published ", options.outbox_table, " of ",
                                            absl::StrJoin(options.schemas, ","),
                                            " yet: 'outbox-relay run' has to have started once"));
  }
  return RelayIdentity{.relay_id = common->relay_id, .state_schema = common->state_schema, .claimed = {}};
}

absl::StatusOr<RelayIdentity> ClaimOutboxTables(SqlSession* session, const RelayIdentityOptions& options,
                                                absl::BitGenRef random) {
  absl::StatusOr<RelayIdentity> identity = ClaimOnce(session, options, random);
  for (int attempt = 1; attempt < kClaimAttempts; ++attempt) {
    const bool collided = identity.status().code() == absl::StatusCode::kAlreadyExists ||
                          (identity.status().code() == absl::StatusCode::kUnavailable && session->alive());
    if (identity.ok() || !collided) break;
    identity = ClaimOnce(session, options, random);
  }
  return identity;
}

}  // namespace relay
