// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STATE_FILE_CHECKPOINT_STORE_H_
#define RELAY_STATE_FILE_CHECKPOINT_STORE_H_

#include <memory>
#include <string>

#include "absl/random/bit_gen_ref.h"
#include "absl/status/statusor.h"
#include "relay/state/checkpoint_store.h"

namespace relay {

// Whether a checkpoint can be kept in the file, as far as its folder tells; changes nothing, and locks nothing.
// FailedPrecondition.
absl::Status CheckCheckpointFile(const std::string& path);

// In a file, for hosts where the relay may not create tables: position and whole ledger are written anew at each save
// and renamed into place. The relay id is made when the file is. A lock on PATH.lock keeps a second relay of this host
// off; nothing keeps off one of another host. FailedPrecondition when it is locked or can't be written.
absl::StatusOr<std::unique_ptr<CheckpointStore>> OpenFileCheckpointStore(const std::string& path,
                                                                         absl::BitGenRef random);

}  // namespace relay

#endif  // RELAY_STATE_FILE_CHECKPOINT_STORE_H_
