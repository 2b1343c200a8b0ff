// SPDX-License-Identifier: Apache-2.0
//
// Who this relay is. A random id, made once, stands in kafka_outbox_owner of every outbox schema that the relay
// publishes; replica uuid, transactional id and checkpoint row derive from it (design §9, Identity). Because a table
// has one owner, a second relay with an overlapping DB_NAME is found out and refused.
#ifndef RELAY_STATE_RELAY_IDENTITY_H_
#define RELAY_STATE_RELAY_IDENTITY_H_

#include <string>
#include <vector>

#include "absl/random/bit_gen_ref.h"
#include "absl/status/statusor.h"
#include "relay/sql/sql_session.h"

namespace relay {

struct RelayIdentityOptions {
  std::vector<std::string> schemas;  // DB_NAME; at least one.
  std::string outbox_table = "kafka_outbox";
  // --state-schema; empty: where the relay's state is already, else the first schema.
  std::string state_schema;
};

struct RelayIdentity {
  std::string relay_id;  // A version 4 UUID in lower case.
  std::string state_schema;
  // Schemas that this start claimed: their tables are new to the relay.
  std::vector<std::string> claimed;
};

// A new random relay id: a version 4 UUID in lower case.
std::string NewRelayId(absl::BitGenRef random);

// Where a relay keeps its state that has none yet.
std::string NewStateSchema(const RelayIdentityOptions& options);

// Where the state is to be kept: options.state_schema, else what the owner tables say, else the first schema. For
// EnsureStateTables, before ClaimOutboxTables. FailedPrecondition when the tables say something else than the option.
absl::StatusOr<std::string> FindStateSchema(SqlSession* session, const RelayIdentityOptions& options);

// The identity stored for these schemas. NotFound when there is none. Changes nothing: for one-shot commands.
absl::StatusOr<RelayIdentity> FindRelayIdentity(SqlSession* session, const RelayIdentityOptions& options);

// The stored identity, or a new one; claims what is not claimed yet and makes the checkpoint row, in one transaction.
// The state tables must exist. FailedPrecondition, naming schema and relay, when one of the schemas is another relay's.
absl::StatusOr<RelayIdentity> ClaimOutboxTables(SqlSession* session, const RelayIdentityOptions& options,
                                                absl::BitGenRef random);

}  // namespace relay

#endif  // RELAY_STATE_RELAY_IDENTITY_H_
