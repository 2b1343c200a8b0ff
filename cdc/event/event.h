// SPDX-License-Identifier: Apache-2.0
//
// What the events say, one struct a kind. All are views into the event that they were parsed from and live as long as
// its bytes. The grammar of each stands beside its parser in event_parser.cc.
#ifndef CDC_EVENT_EVENT_H_
#define CDC_EVENT_EVENT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "cdc/event/event_header.h"
#include "cdc/event/gtid.h"

namespace cdc {

// FORMAT_DESCRIPTION: how every later event of the file is laid out. Owns its content, for it outlives its event.
struct FormatDescription {
  enum class Checksum : uint8_t { kNone, kCrc32 };

  uint16_t binlog_version = 4;
  std::string server_version;
  Checksum checksum = Checksum::kNone;
  // The file was not closed properly, or is being written.
  bool in_use = false;
  // By event type - 1.
  std::vector<uint8_t> post_header_lengths;

  // MariaDB numbers its own events from 160 on.
  bool is_mariadb() const { return post_header_lengths.size() >= static_cast<size_t>(EventType::kAnnotateRows); }

  // 0 for a type that the writer did not know.
  uint8_t PostHeaderLength(EventType type) const {
    const size_t index = static_cast<size_t>(type) - 1;
    return index < post_header_lengths.size() ? post_header_lengths[index] : 0;
  }
};

// ROTATE: what follows stands in this file at this offset.
struct RotateEvent {
  absl::string_view file;
  uint64_t offset = 0;
};

// STOP: the server was shut down.
struct StopEvent {};

// GTID, GTID_TAGGED and ANONYMOUS_GTID of MySQL, GTID of MariaDB.
struct GtidEvent {
  bool anonymous = false;
  Gtid::Dialect dialect = Gtid::Dialect::kMysql;
  Uuid uuid;
  absl::string_view tag;
  uint32_t domain = 0;
  uint32_t server_id = 0;
  uint64_t number = 0;

  // Microseconds since 1970 of the commit on the server that sends this; 0 if the event does not say.
  uint64_t immediate_commit_us = 0;
  // Bytes of the whole transaction, this event included; 0 if unknown.
  uint64_t transaction_length = 0;

  // MariaDB. A single event follows, with no commit behind it.
  bool standalone = false;

  // Copies the id out; `gtid` keeps its tag's memory.
  void CopyTo(Gtid* gtid) const;
};

// QUERY, QUERY_COMPRESSED and EXECUTE_LOAD_QUERY.
struct QueryEvent {
  absl::string_view schema;
  absl::string_view text;
  uint64_t sql_mode = 0;
  // Number of the collation of the text's character set (character_set_client), 0 where the event does not say.
  uint32_t client_collation = 0;
  // LOAD DATA logged as a statement.
  bool load_data = false;
};

struct XidEvent {
  uint64_t xid = 0;
};

// XA_PREPARE: ends the branch's transaction, undecided unless it has one phase.
struct XaPrepareEvent {
  bool one_phase = false;
  uint32_t format_id = 0;
  absl::string_view gtrid;
  absl::string_view bqual;
};

// TABLE_MAP: `body` is for TableMap::Parse.
struct TableMapEvent {
  absl::string_view body;
  uint8_t post_header_length = 0;
};

// Any rows event: `body` is for RowsEvent::Parse.
struct RowsBody {
  absl::string_view body;
  uint8_t post_header_length = 0;
};

// ROWS_QUERY and MariaDB's ANNOTATE_ROWS: the statement behind the rows.
struct RowsQueryEvent {
  absl::string_view text;
};

// HEARTBEAT, both versions: nothing new up to this position.
struct HeartbeatEvent {
  absl::string_view file;
  uint64_t offset = 0;
  // False where the offset is modulo 2^32: in version 1 but for MariaDB's past 4 GiB.
  bool offset_is_whole = false;
};

// TRANSACTION_PAYLOAD: events without checksum, one behind the other, compressed.
struct TransactionPayloadEvent {
  enum class Compression : uint8_t { kZstd, kNone };
  Compression compression = Compression::kZstd;
  uint64_t uncompressed_size = 0;  // 0 if not said
  absl::string_view payload;
};

// INCIDENT: the log lacks something that happened.
struct IncidentEvent {
  uint16_t number = 0;
  absl::string_view message;
};

// START_ENCRYPTION of MariaDB: in a file, all behind it is unreadable; a server sends it before events in clear.
struct StartEncryptionEvent {};

// Of no interest and skipped by name: what earlier files hold (PREVIOUS_GTIDS, GTID_LIST), the INTVAR, RAND, USER_VAR,
// LOAD and VIEW_CHANGE families, MariaDB's BINLOG_CHECKPOINT, and unknown types that may be ignored.
struct SkippedEvent {};

using EventBody = std::variant<SkippedEvent, FormatDescription, RotateEvent, StopEvent, GtidEvent, QueryEvent, XidEvent,
                               XaPrepareEvent, TableMapEvent, RowsBody, RowsQueryEvent, HeartbeatEvent,
                               TransactionPayloadEvent, IncidentEvent, StartEncryptionEvent>;

struct Event {
  EventHeader header;
  EventBody body;
};

}  // namespace cdc

#endif  // CDC_EVENT_EVENT_H_
