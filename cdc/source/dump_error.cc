// SPDX-License-Identifier: Apache-2.0
#include "cdc/source/dump_error.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace cdc {
namespace {

constexpr absl::string_view kTroubleUrl = "outbox-relay/dump-trouble";
constexpr uint32_t kFatalErrorReadingBinlog = 1236;
constexpr uint32_t kSpecificAccessDenied = 1227;
constexpr uint32_t kSlaveSameId = 4052;  // MariaDB

struct Finding {
  DumpTrouble trouble;
  std::string why;  // "why; cure"
};

absl::StatusCode CodeOf(DumpTrouble trouble) {
  switch (trouble) {
    case DumpTrouble::kPurged:
    case DumpTrouble::kServerLacks:
    case DumpTrouble::kNoPosition:
    case DumpTrouble::kWithoutGtid:
      return absl::StatusCode::kOutOfRange;
    case DumpTrouble::kTakenOver:
      return absl::StatusCode::kAborted;
    case DumpTrouble::kNoBinlog:
    case DumpTrouble::kTooLarge:
      return absl::StatusCode::kFailedPrecondition;
    case DumpTrouble::kNone:
    case DumpTrouble::kNoGtids:  // A mode may change while the dump runs: by position it goes on.
    case DumpTrouble::kDamaged:
    case DumpTrouble::kUnexplained:
      break;
  }
  return absl::StatusCode::kUnavailable;
}

std::optional<Finding> FromGtids(const GtidSet& seen, const DumpEvidence& evidence) {
  if (evidence.purged.has_value()) {
    GtidSet missing = *evidence.purged;
    missing.Subtract(seen);
    if (!missing.empty()) {
      return Finding{DumpTrouble::kPurged, absl::StrCat("the server has purged transactions that were not read yet (",
                                                        missing.ToString(), ")")};
    }
  }
  if (evidence.executed.has_value()) {
    // Another server's transactions may be missing here without harm to a dump; the server itself compares its own.
    GtidSet own = seen;
    if (evidence.server_uuid.has_value()) {
      if (const absl::StatusOr<Uuid> uuid = Uuid::Parse(*evidence.server_uuid); uuid.ok()) own = seen.OfUuid(*uuid);
    }
    own.Subtract(*evidence.executed);
    if (!own.empty()) {
      return Finding{DumpTrouble::kServerLacks,
                     absl::StrCat("the server lacks transactions that were read already (", own.ToString(),
                                  "): its history was rewritten (RESET, a restored backup) or it lost them")};
    }
  }
  return std::nullopt;
}

std::optional<Finding> FromLogs(const BinlogPosition& start, const DumpEvidence& evidence) {
  if (evidence.logs.empty() || start.empty()) return std::nullopt;
  for (const DumpEvidence::LogFile& log : evidence.logs) {
    if (log.name != start.file) continue;
    if (start.offset > log.size) {
      return Finding{DumpTrouble::kNoPosition,
                     absl::StrCat("the file is ", log.size, " bytes long: the server's history was rewritten")};
    }
    return std::nullopt;
  }
  if (CompareBinlogFiles(start.file, evidence.logs.front().name) < 0) {
    return Finding{DumpTrouble::kPurged,
                   absl::StrCat("the server has purged this file; its oldest is ", evidence.logs.front().name)};
  }
  return Finding{DumpTrouble::kServerLacks, absl::StrCat("the server has no such file; its newest is ",
                                                         evidence.logs.back().name, ": its history was rewritten")};
}

// The words of MySQL 5.6 to 9.7 and MariaDB 10 and 11.
Finding FromWords(absl::string_view said) {
  const std::string text = absl::AsciiStrToLower(said);
  const auto says = [&text](absl::string_view words) { return absl::StrContains(text, words); };
  if (says("same server_uuid") || says("same server_id")) {
    return {DumpTrouble::kTakenOver, "another reader connected with the same replica uuid or server id"};
  }
  if (says("replicate anonymous transaction")) {
    return {DumpTrouble::kWithoutGtid,
            "gtid_mode was turned ON before everything was read that has no GTID, and such transactions are no longer "
            "sent"};
  }
  if (says("more gtids than")) return {DumpTrouble::kServerLacks, "the server's history was rewritten"};
  if (says("purged required") || says("purged binary logs") || says("has been purged") ||
      says("could not find first log")) {
    return {DumpTrouble::kPurged, "the server has purged what was not read yet"};
  }
  if (says("which is not in the master's binlog") || says("not in the master") || says("diverged")) {
    return {DumpTrouble::kServerLacks, "the server's log lacks the transaction to go on from"};
  }
  if (says("gtid_mode = off") || says("auto_position mode") || says("gtid_mode=off")) {
    return {DumpTrouble::kNoGtids, "set gtid_mode=ON, or start by file and position"};
  }
  if (says("binary log is not open") || says("not using binary logging")) {
    return {DumpTrouble::kNoBinlog, "binary logging is off: set log_bin and restart the server"};
  }
  if (says("max_allowed_packet")) {
    return {DumpTrouble::kTooLarge,
            "an event is larger than the server sends: SET GLOBAL max_allowed_packet=1073741824"};
  }
  if (says("position > file size") || says("impossible position")) {
    return {DumpTrouble::kNoPosition, "the server's history was rewritten"};
  }
  if (says("truncated") || says("bogus data") || says("corrupt") || says("checksum") || says("could not open log")) {
    return {DumpTrouble::kDamaged, "the server can't read its own log at this place"};
  }
  return {DumpTrouble::kUnexplained, ""};
}

Finding Find(const ServerError& error, const DumpStart& start, const DumpEvidence& evidence) {
  if (evidence.log_bin == false) {
    return {DumpTrouble::kNoBinlog, "binary logging is off: set log_bin and restart the server"};
  }
  const auto* seen = std::get_if<GtidSet>(&start);
  if (seen != nullptr && evidence.gtid_mode.has_value() && *evidence.gtid_mode != "ON") {
    return {DumpTrouble::kNoGtids,
            absl::StrCat("gtid_mode is ", *evidence.gtid_mode, ": set it to ON, or start by file and position")};
  }
  std::optional<Finding> found =
      seen != nullptr ? FromGtids(*seen, evidence) : FromLogs(std::get<BinlogPosition>(start), evidence);
  if (found.has_value()) return *std::move(found);
  return FromWords(error.message);
}

}  // namespace

std::string DumpStartToString(const DumpStart& start) {
  if (const auto* position = std::get_if<BinlogPosition>(&start)) return position->ToString();
  const GtidSet& seen = std::get<GtidSet>(start);
  return seen.empty() ? "the empty GTID set" : absl::StrCat("GTID set ", seen.ToString());
}

absl::string_view DumpTroubleName(DumpTrouble trouble) {
  switch (trouble) {
    case DumpTrouble::kNone:
      return "none";
    case DumpTrouble::kPurged:
      return "purged";
    case DumpTrouble::kServerLacks:
      return "server-lacks";
    case DumpTrouble::kNoPosition:
      return "no-position";
    case DumpTrouble::kWithoutGtid:
      return "without-gtid";
    case DumpTrouble::kTakenOver:
      return "taken-over";
    case DumpTrouble::kNoBinlog:
      return "no-binlog";
    case DumpTrouble::kNoGtids:
      return "no-gtids";
    case DumpTrouble::kTooLarge:
      return "too-large";
    case DumpTrouble::kDamaged:
      return "damaged";
    case DumpTrouble::kUnexplained:
      return "unexplained";
  }
  return "?";
}

DumpTrouble DumpTroubleOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kTroubleUrl);
  int number = 0;
  if (!payload.has_value() || !absl::SimpleAtoi(std::string(*payload), &number)) return DumpTrouble::kNone;
  return static_cast<DumpTrouble>(number);
}

DumpEvidence AskForDumpEvidence(ServerConnection* connection) {
  DumpEvidence evidence;
  const auto value = [connection](absl::string_view sql) -> std::optional<std::string> {
    auto rows = connection->Query(sql);
    if (!rows.ok() || rows->empty() || rows->front().empty()) return std::nullopt;
    return std::move(rows->front().front());
  };
  const auto set = [&value](absl::string_view sql) -> std::optional<GtidSet> {
    const std::optional<std::string> text = value(sql);
    if (!text.has_value()) return std::nullopt;
    absl::StatusOr<GtidSet> parsed = GtidSet::Parse(*text);
    if (!parsed.ok()) return std::nullopt;
    return *std::move(parsed);
  };
  if (const auto log_bin = value("SELECT @@global.log_bin")) evidence.log_bin = *log_bin != "0";
  if (auto logs = connection->Query("SHOW BINARY LOGS"); logs.ok()) {
    for (ServerConnection::Row& row : *logs) {
      uint64_t size = 0;
      if (row.size() < 2 || !row[0] || !row[1] || !absl::SimpleAtoi(*row[1], &size)) continue;
      evidence.logs.push_back({*std::move(row[0]), size});
    }
  }
  if (connection->flavor() == ServerFlavor::kMysql) {
    evidence.gtid_mode = value("SELECT @@global.gtid_mode");
    evidence.server_uuid = value("SELECT @@global.server_uuid");
    // Purged before executed: what is purged in between is then explained by the words alone, never wrongly.
    evidence.purged = set("SELECT @@global.gtid_purged");
    evidence.executed = set("SELECT @@global.gtid_executed");
    return evidence;
  }
  if (!evidence.logs.empty()) {
    evidence.purged =
        set(absl::StrCat("SELECT BINLOG_GTID_POS(", connection->Quote(evidence.logs.front().name), ", 4)"));
  }
  evidence.executed = set("SELECT @@global.gtid_binlog_pos");
  return evidence;
}

bool NeedsDumpEvidence(const ServerError& error) {
  // 1373: "Target log not found in binlog index"; 1381: no binary logging.
  return error.number == kFatalErrorReadingBinlog || error.number == 1373 || error.number == 1381 ||
         error.number == kSlaveSameId;
}

absl::Status ClassifyDumpError(const ServerError& error, absl::string_view where, const DumpStart& start,
                               const DumpEvidence& evidence) {
  if (!NeedsDumpEvidence(error)) {
    if (error.number != kSpecificAccessDenied) return ServerErrorStatus(error, where, ServerErrorPhase::kConnected);
    absl::Status denied =
        absl::PermissionDeniedError(absl::StrCat(where, ": ", error.message, " (error ", error.number,
                                                 "); GRANT REPLICATION SLAVE ON *.* TO the user, then try again"));
    AttachServerErrorNumber(error.number, &denied);
    return denied;
  }
  const Finding finding = Find(error, start, evidence);
  absl::Status status(
      CodeOf(finding.trouble),
      absl::StrCat(where, ": the binlog can't be read from ", DumpStartToString(start), finding.why.empty() ? "" : ": ",
                   finding.why, "; the server said: ", error.message, " (error ", error.number, ")"));
  AttachServerErrorNumber(error.number, &status);
  status.SetPayload(kTroubleUrl, absl::Cord(absl::StrCat(static_cast<int>(finding.trouble))));
  return status;
}

}  // namespace cdc
