// SPDX-License-Identifier: Apache-2.0
//
// Where checkpoint and ledger are kept (design §6).
#ifndef RELAY_STATE_CHECKPOINT_STORE_H_
#define RELAY_STATE_CHECKPOINT_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "relay/sql/sql_session.h"
#include "relay/state/checkpoint.h"
#include "relay/state/ledger.h"

namespace relay {

// What a store held. `checkpoint.has_position()` is false when this relay never saved one.
struct LoadedCheckpoint {
  Checkpoint checkpoint;
  std::vector<LedgerPart> ledger;  // For Ledger::Load.
  // When it was saved, by the server's clock (the file's writer's, for a file).
  std::optional<absl::Time> saved_at;
};

// One relay's checkpoint and ledger. Used by one thread at a time. The session is the caller's, since connections come
// and go; a file store ignores it.
class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;

  // FailedPrecondition: the format is too new, the message says what to do. DataLoss: damaged. NotFound: the row is
  // gone. Else as SqlSession.
  virtual absl::StatusOr<LoadedCheckpoint> Load(SqlSession* session) = 0;

  // Saves both at once: either both or neither is stored. To be called after Load. After an error nothing is known of
  // the outcome (a commit may have been lost on its way back): call Ledger::PutBack and save again later, which repeats
  // without harm.
  //
  // Aborted: another relay with our id took over (its epoch is stored): stop.
  virtual absl::Status Save(SqlSession* session, const Checkpoint& checkpoint, const LedgerDelta& delta) = 0;

  // What this object knows of the stored state may not be so any more: the server is another one.
  virtual void ForgetStored() {}

  // For messages: "`shop`.`kafka_outbox_checkpoint`", or the file's path.
  virtual std::string Where() const = 0;
};

}  // namespace relay

#endif  // RELAY_STATE_CHECKPOINT_STORE_H_
