// SPDX-License-Identifier: Apache-2.0
//
// The head of every event (binlog version 4, MySQL 5.0 and later; MariaDB):
//
//   event  := timestamp:4 type:1 server_id:4 length:4 log_pos:4 flags:2 body [crc:4]
//
//   timestamp  seconds; 0 in events that the sender makes up
//   length     of the whole event, header and checksum included
//   log_pos    where the next event stands in the server's file, modulo 2^32; 0 in events that are made up or stand in
//              a transaction payload
//
// Source: MySQL libs/mysql/binlog/event/binlog_event.h.
#ifndef CDC_EVENT_EVENT_HEADER_H_
#define CDC_EVENT_EVENT_HEADER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "cdc/event/byte_reader.h"

namespace cdc {

constexpr size_t kEventHeaderSize = 19;
constexpr size_t kChecksumSize = 4;

// Event types as the servers number them. The number comes from the wire: it may be one that has no name here.
enum class EventType : uint8_t {
  kUnknown = 0,
  kStartV3 = 1,
  kQuery = 2,
  kStop = 3,
  kRotate = 4,
  kIntvar = 5,
  kLoad = 6,
  kSlave = 7,
  kCreateFile = 8,
  kAppendBlock = 9,
  kExecLoad = 10,
  kDeleteFile = 11,
  kNewLoad = 12,
  kRand = 13,
  kUserVar = 14,
  kFormatDescription = 15,
  kXid = 16,
  kBeginLoadQuery = 17,
  kExecuteLoadQuery = 18,
  kTableMap = 19,
  kWriteRowsV0 = 20,
  kUpdateRowsV0 = 21,
  kDeleteRowsV0 = 22,
  kWriteRowsV1 = 23,
  kUpdateRowsV1 = 24,
  kDeleteRowsV1 = 25,
  kIncident = 26,
  kHeartbeat = 27,
  kIgnorable = 28,
  kRowsQuery = 29,
  kWriteRows = 30,
  kUpdateRows = 31,
  kDeleteRows = 32,
  kGtid = 33,
  kAnonymousGtid = 34,
  kPreviousGtids = 35,
  kTransactionContext = 36,
  kViewChange = 37,
  kXaPrepare = 38,
  kPartialUpdateRows = 39,
  kTransactionPayload = 40,
  kHeartbeatV2 = 41,
  kGtidTagged = 42,
  // MariaDB.
  kAnnotateRows = 160,
  kBinlogCheckpoint = 161,
  kMariadbGtid = 162,
  kGtidList = 163,
  kStartEncryption = 164,
  kQueryCompressed = 165,
  kWriteRowsCompressedV1 = 166,
  kUpdateRowsCompressedV1 = 167,
  kDeleteRowsCompressedV1 = 168,
  kWriteRowsCompressed = 169,
  kUpdateRowsCompressed = 170,
  kDeleteRowsCompressed = 171,
};

// Bits of EventHeader::flags.
constexpr uint16_t kEventFlagInUse = 0x0001;       // of a format description: the file was not closed
constexpr uint16_t kEventFlagArtificial = 0x0020;  // made up by the sender, stands in no file
constexpr uint16_t kEventFlagRelayLog = 0x0040;    // of a replica's own events in its relay log
constexpr uint16_t kEventFlagIgnorable = 0x0080;   // who does not know the type may skip it

struct EventHeader {
  uint32_t timestamp = 0;
  EventType type = EventType::kUnknown;
  uint32_t server_id = 0;
  uint32_t length = 0;
  uint32_t log_pos = 0;
  uint16_t flags = 0;

  bool artificial() const { return (flags & kEventFlagArtificial) != 0; }
  bool of_relay_log() const { return (flags & kEventFlagRelayLog) != 0; }
  bool ignorable() const { return (flags & kEventFlagIgnorable) != 0; }

  // False if `raw` is shorter than a header.
  static bool Parse(absl::string_view raw, EventHeader* header) {
    if (raw.size() < kEventHeaderSize) return false;
    ByteReader reader(raw.substr(0, kEventHeaderSize));
    header->timestamp = reader.U32();
    header->type = static_cast<EventType>(reader.U8());
    header->server_id = reader.U32();
    header->length = reader.U32();
    header->log_pos = reader.U32();
    header->flags = reader.U16();
    return true;
  }
};

// "WRITE_ROWS" and the like; "type 77" for one that has no name here.
std::string EventTypeName(EventType type);

}  // namespace cdc

#endif  // CDC_EVENT_EVENT_HEADER_H_
