// SPDX-License-Identifier: Apache-2.0
//
// The bodies of the commands that start a dump, little endian:
//   COM_REGISTER_SLAVE (21)    server_id:4 host:len1 user:len1 password:len1 port:2 rank:4 source_id:4
//   COM_BINLOG_DUMP (18)       position:4 flags:2 server_id:4 file:rest
//   COM_BINLOG_DUMP_GTID (30)  flags:2 server_id:4 file_length:4 file position:8 set_length:4 set
// flags: 1 = don't wait at the end of the log; 2 (8.0.26, ignored before) = heartbeats of version 2, which tell a
// position past 4 GiB whole, where what was skipped lies behind it. The set is GtidSet::Encode's, the file is left
// empty with it. Source: MySQL "Client/Server Protocol", sql/rpl_source.cc (com_binlog_dump, com_binlog_dump_gtid,
// register_replica).
#ifndef CDC_SOURCE_DUMP_COMMAND_H_
#define CDC_SOURCE_DUMP_COMMAND_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cdc/event/binlog_position.h"
#include "cdc/event/gtid_set.h"

namespace cdc {

inline constexpr uint8_t kComBinlogDump = 18;
inline constexpr uint8_t kComRegisterSlave = 21;
inline constexpr uint8_t kComBinlogDumpGtid = 30;

// What the dump's session tells the server before it begins.
struct DumpSession {
  std::string replica_uuid;                // MySQL: whoever comes with the same one ends this dump
  absl::Duration heartbeat_period;         // of an idle stream
  absl::Duration net_write_timeout;        // how long the server waits for a reader that stands still; whole seconds
  bool checksum = true;                    // ask for events with their CRC32
  const GtidSet* mariadb_start = nullptr;  // MariaDB by GTID: where to start; else null
};

// The SET statements for a MySQL or MariaDB server. The texts are our own or from parsed values: nothing needs quoting.
std::vector<std::string> DumpSessionStatements(const DumpSession& session, bool mariadb);

// `host` is what SHOW REPLICAS prints; it is cut to 60 bytes.
std::string RegisterSlaveBody(uint32_t server_id, absl::string_view host, uint16_t port);

// InvalidArgument when the position is past 4 GiB, which this command can't name.
absl::StatusOr<std::string> BinlogDumpBody(const BinlogPosition& start, uint32_t server_id, bool wait);

// From the first transaction that is not in `seen`. MySQL only.
std::string BinlogDumpGtidBody(const GtidSet& seen, uint32_t server_id, bool wait);

}  // namespace cdc

#endif  // CDC_SOURCE_DUMP_COMMAND_H_
