// SPDX-License-Identifier: Apache-2.0
//
// Whether an outbox table still is the one that the ledger's ids came from.
#ifndef RELAY_OUTBOX_TABLE_IDENTITY_H_
#define RELAY_OUTBOX_TABLE_IDENTITY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "relay/outbox/outbox_schema.h"
#include "relay/sql/sql_session.h"
#include "relay/state/id_set.h"

namespace relay {

struct TableIdentity {
  enum class Verdict {
    kSame,
    // Another CREATE_TIME, by an OPTIMIZE of ours: the rows are the same. Keep `created` from now on.
    kRebuilt,
    // Dropped and made again, renamed, altered by someone: the ledger is void.
    kOther,
    kGone,
  };
  Verdict verdict = Verdict::kSame;
  std::string created;  // CREATE_TIME now.
  // The id that the next insert would get, as far as the server tells. An id at or above it that the ledger knows was
  // given before a TRUNCATE, which CREATE_TIME does not show.
  std::optional<uint64_t> next_id;
};

// Compares the table with what it was when CREATE_TIME was `known_created` (empty: not known, taken as the same).
absl::StatusOr<TableIdentity> CheckTableIdentity(SqlSession* session, const OutboxSchema& schema,
                                                 absl::string_view known_created);

// Whether one of these ids, which were given out once, is still to come: then a TRUNCATE has begun them anew. False
// where the server does not tell.
bool IdsComeAgain(const TableIdentity& identity, const OutboxSchema& schema, const IdSet& ids);

// Whether ids that the ledger calls published still name the rows that were, after a part of the log went by unread (a
// purge). `published` is the ledger, `others` the pending ids that it doesn't know, the skipped ones left out.
//
// A TRUNCATE shows in no CREATE_TIME, but begins the ids anew: then either the table has not given out the ledger's ids
// again, or it holds pending rows below all of them. False whenever that can't be told; the price is repeats.
bool LedgerStillHolds(const TableIdentity& identity, const IdSet& published, const IdSet& others);

// Whether the ids that `--start` skipped still name the rows that were skipped, as far as the next id tells. False as
// well when it is not known; the price is that skipped rows are published.
bool SkippedStillHold(const TableIdentity& identity, const IdSet& skipped);

// To be called right before and right after an OPTIMIZE, so that relays at work can tell it. Does nothing where there
// is no kafka_outbox_owner.
absl::Status AnnounceRebuild(SqlSession* session, const OutboxSchema& schema);
absl::Status ConcludeRebuild(SqlSession* session, const OutboxSchema& schema);

}  // namespace relay

#endif  // RELAY_OUTBOX_TABLE_IDENTITY_H_
