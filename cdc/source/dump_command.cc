// SPDX-License-Identifier: Apache-2.0
#include "cdc/source/dump_command.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace cdc {
namespace {

constexpr uint64_t kFirstEvent = 4;  // behind a file's magic number

template <int bytes>
void AppendInteger(uint64_t value, std::string* out) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

constexpr uint64_t kDontWait = 1;
constexpr uint64_t kHeartbeatV2 = 2;

uint64_t Flags(bool wait) { return wait ? 0 : kDontWait; }

}  // namespace

std::vector<std::string> DumpSessionStatements(const DumpSession& session, bool mariadb) {
  const absl::string_view checksum = session.checksum ? "CRC32" : "NONE";
  const int64_t heartbeat = absl::ToInt64Nanoseconds(session.heartbeat_period);
  const int64_t write_timeout = absl::ToInt64Seconds(absl::Ceil(session.net_write_timeout, absl::Seconds(1)));
  std::vector<std::string> statements = {
      // Each variable under its old and its new name: 8.0 and older know one, 8.4 and later prefer the other.
      absl::StrCat("SET @master_binlog_checksum='", checksum, "', @source_binlog_checksum='", checksum,
                   "', @master_heartbeat_period=", heartbeat, ", @source_heartbeat_period=", heartbeat),
      absl::StrCat("SET SESSION net_write_timeout=", write_timeout),
  };
  if (!mariadb) {
    statements.push_back(
        absl::StrCat("SET @slave_uuid='", session.replica_uuid, "', @replica_uuid='", session.replica_uuid, "'"));
    return statements;
  }
  // 4: we understand GTID events; less, and the server replaces them by dummies.
  statements.push_back("SET @mariadb_slave_capability=4");
  if (session.mariadb_start != nullptr) {
    // Strict: a start that the log does not hold is an error and never "somewhere behind it".
    statements.push_back(absl::StrCat("SET @slave_connect_state='", session.mariadb_start->ToString(),
                                      "', @slave_gtid_strict_mode=1, @slave_gtid_ignore_duplicates=0"));
  }
  return statements;
}

std::string RegisterSlaveBody(uint32_t server_id, absl::string_view host, uint16_t port) {
  constexpr size_t kLongestHost = 60;
  host = host.substr(0, kLongestHost);
  std::string body;
  AppendInteger<4>(server_id, &body);
  AppendInteger<1>(host.size(), &body);
  absl::StrAppend(&body, host);
  AppendInteger<1>(0, &body);  // user and password are shown to those who may see them: none
  AppendInteger<1>(0, &body);
  AppendInteger<2>(port, &body);
  AppendInteger<4>(0, &body);  // rank, unused
  AppendInteger<4>(0, &body);  // the source fills its own id in
  return body;
}

absl::StatusOr<std::string> BinlogDumpBody(const BinlogPosition& start, uint32_t server_id, bool wait) {
  if (!start.reachable()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a dump can't start at ", start.ToString(), ": the position is past 4 GiB"));
  }
  std::string body;
  AppendInteger<4>(start.offset < kFirstEvent ? kFirstEvent : start.offset, &body);
  AppendInteger<2>(Flags(wait), &body);
  AppendInteger<4>(server_id, &body);
  body.append(start.file);
  return body;
}

std::string BinlogDumpGtidBody(const GtidSet& seen, uint32_t server_id, bool wait) {
  const std::string set = seen.Encode();
  std::string body;
  AppendInteger<2>(Flags(wait) | kHeartbeatV2, &body);
  AppendInteger<4>(server_id, &body);
  AppendInteger<4>(0, &body);
  AppendInteger<8>(kFirstEvent, &body);
  AppendInteger<4>(set.size(), &body);
  body.append(set);
  return body;
}

}  // namespace cdc
