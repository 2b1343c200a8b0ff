// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STREAM_HISTORY_CHECK_H_
#define RELAY_STREAM_HISTORY_CHECK_H_

#include <string>

#include "absl/status/statusor.h"
#include "cdc/source/live_source.h"
#include "relay/sql/server_info.h"
#include "relay/state/checkpoint.h"

namespace relay {

// Whether a server's log is still the one that a checkpoint was taken from (design §7, "Rewritten history"): a server
// that was reset or restored counts its transactions anew, under its old uuid and with the same numbers.
struct HistoryCheck {
  enum class Verdict {
    kSame,       // the checkpoint's last transaction stands in the log as it was
    kRewritten,  // another transaction stands in its place, or none
    kUnknown,    // the log no longer holds that place, or the checkpoint has no fingerprint
  };
  Verdict verdict = Verdict::kUnknown;
  std::string explanation;  // for the log
};

// Looks the fingerprint's transaction up in the log, on a dump connection of its own that does not wait. By GTID this
// costs one transaction; by file and position (and on MariaDB) the part of one file that lies before it is read.
//
// `dump` needs only its `server`. `reached` must be of the same server. Errors are LiveSource's; a log that was purged
// is kUnknown.
absl::StatusOr<HistoryCheck> CheckHistory(cdc::LiveSourceOptions dump, const ServerInfo& server,
                                          const Checkpoint& reached);

}  // namespace relay

#endif  // RELAY_STREAM_HISTORY_CHECK_H_
