// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_SOURCE_DUMP_ERROR_H_
#define CDC_SOURCE_DUMP_ERROR_H_

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/event/binlog_position.h"
#include "cdc/event/gtid_set.h"
#include "cdc/source/server_connection.h"
#include "cdc/source/server_error.h"

namespace cdc {

// Where a dump starts: behind the transactions of a set, or at a position.
using DumpStart = std::variant<GtidSet, BinlogPosition>;

std::string DumpStartToString(const DumpStart& start);

// The troubles that a server reports by one and the same number, 1236.
enum class DumpTrouble {
  kNone,         // not a trouble of the dump: see the code alone
  kPurged,       // OutOfRange: what comes next was deleted from the server's log
  kServerLacks,  // OutOfRange: we have seen more than this server has: its history was rewritten, or it is a new
                 //   primary that lost something
  kNoPosition,   // OutOfRange: the file has no event at this position: rewritten history
  kWithoutGtid,  // OutOfRange: what comes next has no GTID, and with gtid_mode=ON the server sends no such transaction
  kTakenOver,    // Aborted: another reader came with our replica uuid or server id
  kNoBinlog,     // FailedPrecondition: log_bin is off
  kNoGtids,      // Unavailable: asked by GTID while gtid_mode is not ON
  kTooLarge,     // FailedPrecondition: an event is larger than the server's max_allowed_packet
  kDamaged,      // Unavailable: the server can't read its own log (a crash in mid-write, a disk)
  kUnexplained,  // Unavailable: to be retried, counted and shown
};

// The trouble that a status of LiveSource stands for.
DumpTrouble DumpTroubleOf(const absl::Status& status);

// "purged", "server-lacks" …: for metrics and logs.
absl::string_view DumpTroubleName(DumpTrouble trouble);

// What a server knows of itself that tells the troubles apart. What could not be asked stays empty.
struct DumpEvidence {
  std::optional<bool> log_bin;
  std::optional<std::string> gtid_mode;    // MySQL
  std::optional<std::string> server_uuid;  // MySQL
  std::optional<GtidSet> executed;         // @@gtid_executed, @@gtid_binlog_pos
  std::optional<GtidSet> purged;           // @@gtid_purged; MariaDB: the state at the start of the oldest log
  struct LogFile {
    std::string name;
    uint64_t size;
  };
  std::vector<LogFile> logs;  // SHOW BINARY LOGS; empty without the privilege
};

// Asks on `connection`, which must not be the dump's. Never fails: what is refused stays empty.
DumpEvidence AskForDumpEvidence(ServerConnection* connection);

// Turns the server's error at a dump that began at `start` into a Status with its trouble attached. The evidence
// decides; the server's words do only where it is silent.
absl::Status ClassifyDumpError(const ServerError& error, absl::string_view where, const DumpStart& start,
                               const DumpEvidence& evidence);

// Whether ClassifyDumpError would look at the evidence for this error.
bool NeedsDumpEvidence(const ServerError& error);

}  // namespace cdc

#endif  // CDC_SOURCE_DUMP_ERROR_H_
