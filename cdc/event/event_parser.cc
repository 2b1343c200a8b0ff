// SPDX-License-Identifier: Apache-2.0
//
// event := header:19 body [crc:4]                 crc when the format description says so; it covers all before it
// body  := post_header:n rest                     n by type from the format description
//
// Integers are little endian. `lenenc` is a length-encoded integer, `cstring` ends with a zero byte.
// Sources: MySQL libs/mysql/binlog/event/*_events.cpp, MariaDB sql/log_event.cc; seen on MySQL 9.7.4, MariaDB 10.11.
#include "cdc/event/event_parser.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cdc/event/byte_reader.h"
#include "cdc/event/crc32.h"
#include "cdc/event/mariadb_compression.h"
#include "cdc/event/varint.h"
#include "relay/base/status_macros.h"

namespace cdc {
namespace {

absl::Status Malformed(EventType type, absl::string_view why) {
  return absl::DataLossError(absl::StrCat("malformed ", EventTypeName(type), " event: ", why));
}

absl::Status TooShort(EventType type) { return Malformed(type, "it ends too soon"); }

// format_description := binlog_version:2 server_version:50 created:4 header_length:1 post_header_length:1{types}
//                       [checksum_algorithm:1 crc:4]
//
// The number of types follows from the list itself: its entry for FORMAT_DESCRIPTION is 57 + types. A writer that knows
// checksums (MySQL 5.6.1, MariaDB 5.3) adds the last two, and the crc whatever the algorithm.
absl::Status ParseFormatDescription(const EventHeader& header, absl::string_view raw, FormatDescription* format,
                                    bool* has_checksum) {
  constexpr size_t kFixed = 57;
  constexpr size_t kServerVersion = 50;
  const absl::string_view body = raw.substr(kEventHeaderSize);
  ByteReader reader(body);
  FormatDescription parsed;
  parsed.binlog_version = reader.U16();
  const absl::string_view version = reader.Bytes(kServerVersion);
  reader.U32();
  const uint8_t header_length = reader.U8();
  if (!reader.ok()) return TooShort(header.type);
  if (parsed.binlog_version != 4) {
    return absl::UnimplementedError(
        absl::StrCat("binlog version ", parsed.binlog_version, "; version 4 (MySQL 5.0 and later) can be read"));
  }
  if (header_length != kEventHeaderSize) {
    return Malformed(header.type, absl::StrCat("event headers of ", header_length, " bytes"));
  }
  parsed.server_version = std::string(version.substr(0, version.find('\0')));
  const absl::string_view rest = reader.rest();
  const size_t own = static_cast<size_t>(EventType::kFormatDescription) - 1;
  if (rest.size() <= own) return TooShort(header.type);
  const size_t types = static_cast<size_t>(static_cast<uint8_t>(rest[own])) - kFixed;
  if (static_cast<uint8_t>(rest[own]) <= kFixed || types <= own || types > rest.size()) {
    return Malformed(header.type, "its length does not fit its list of types");
  }
  const absl::string_view lengths = rest.substr(0, types);
  parsed.post_header_lengths.assign(lengths.begin(), lengths.end());
  parsed.in_use = (header.flags & kEventFlagInUse) != 0;
  const absl::string_view tail = rest.substr(types);
  *has_checksum = tail.size() == 1 + kChecksumSize;
  if (*has_checksum) {
    switch (static_cast<uint8_t>(tail[0])) {
      case 0:
        parsed.checksum = FormatDescription::Checksum::kNone;
        break;
      case 1:
        parsed.checksum = FormatDescription::Checksum::kCrc32;
        break;
      default:
        return Malformed(header.type, absl::StrCat("unknown checksum algorithm ", static_cast<uint8_t>(tail[0])));
    }
  } else if (!tail.empty()) {
    return Malformed(header.type, "its length does not fit its list of types");
  }
  *format = std::move(parsed);
  return absl::OkStatus();
}

// rotate := offset:8 file                           to the end
absl::Status ParseRotate(absl::string_view body, Event* event) {
  ByteReader reader(body);
  RotateEvent rotate;
  rotate.offset = reader.U64();
  rotate.file = reader.rest();
  if (!reader.ok() || rotate.file.empty()) return TooShort(event->header.type);
  event->body = rotate;
  return absl::OkStatus();
}

// gtid := flags:1 uuid:16 gno:8 [02 last_committed:8 sequence_number:8
//         [immediate_commit_us:7 [original_commit_us:7] transaction_length:lenenc
//          immediate_server_version:4 [original_server_version:4] [commit_group_ticket:8]]]
//
// Bit 55 of the first time says that the second follows. The first part alone is 5.6's, up to the sequence
// number 5.7's.
absl::Status ParseGtid(absl::string_view body, bool anonymous, Event* event) {
  constexpr uint64_t kHasOriginal = uint64_t{1} << 55;
  ByteReader reader(body);
  GtidEvent gtid;
  gtid.anonymous = anonymous;
  reader.U8();
  gtid.uuid = Uuid::FromBytes(reader.Bytes(16));
  gtid.number = reader.U64();
  if (!reader.ok()) return TooShort(event->header.type);
  if (!anonymous && (gtid.number == 0 || gtid.number >= 0x7FFFFFFFFFFFFFFF)) {
    return Malformed(event->header.type, absl::StrCat("transaction number ", gtid.number));
  }
  if (!reader.empty() && reader.U8() == 2) {
    reader.Skip(16);
    if (reader.remaining() >= 7) {
      gtid.immediate_commit_us = reader.U56();
      if ((gtid.immediate_commit_us & kHasOriginal) != 0) {
        gtid.immediate_commit_us &= ~kHasOriginal;
        reader.Skip(7);
      }
      if (!reader.empty()) gtid.transaction_length = reader.LengthEncoded();
    }
    if (!reader.ok()) return TooShort(event->header.type);
  }
  event->body = gtid;
  return absl::OkStatus();
}

// gtid_tagged := version:varuint size:varuint last_non_ignorable:varuint { field_id:varuint value }
//
//   0 flags:varuint             4 last_committed:varint     8 transaction_length:varuint
//   1 uuid:varuint{16}          5 sequence_number:varint    9 immediate_server_version:varuint
//   2 gno:varint                6 immediate_commit_us:varuint
//   3 tag:varuint bytes         7 original_commit_us:varuint
//
// Fields come in order and any may be left out; what stands behind the last known one is ignored unless
// `last_non_ignorable` says otherwise. The integers are those of varint.h.
absl::Status ParseGtidTagged(absl::string_view body, Event* event) {
  constexpr uint64_t kKnownFields = 12;
  const EventType type = event->header.type;
  ByteReader outer(body);
  const uint64_t version = ReadVarUint(&outer);
  const uint64_t size = ReadVarUint(&outer);
  if (!outer.ok()) return TooShort(type);
  if (version != 1) return Malformed(type, absl::StrCat("serialization version ", version));
  // `size` counts the version and itself too.
  const size_t head = body.size() - outer.remaining();
  if (size < head || size > body.size()) return Malformed(type, "its size does not fit");
  ByteReader reader(body.substr(head, size - head));
  const uint64_t last_non_ignorable = ReadVarUint(&reader);
  if (last_non_ignorable >= kKnownFields) {
    return absl::UnimplementedError(
        absl::StrCat("GTID_TAGGED event with field ", last_non_ignorable, ", which must not be ignored"));
  }
  GtidEvent gtid;
  while (reader.ok() && !reader.empty()) {
    const uint64_t field = ReadVarUint(&reader);
    switch (field) {
      case 0:
        ReadVarUint(&reader);
        break;
      case 1:
        for (uint8_t& byte : gtid.uuid.bytes) byte = static_cast<uint8_t>(ReadVarUint(&reader));
        break;
      case 2:
        gtid.number = static_cast<uint64_t>(ReadVarInt(&reader));
        break;
      case 3:
        gtid.tag = reader.Bytes(ReadVarUint(&reader));
        break;
      case 4:
      case 5:
        ReadVarInt(&reader);
        break;
      case 6:
        gtid.immediate_commit_us = ReadVarUint(&reader);
        break;
      case 7:
      case 9:
      case 10:
      case 11:
        ReadVarUint(&reader);
        break;
      case 8:
        gtid.transaction_length = ReadVarUint(&reader);
        break;
      default:
        // Unknown and ignorable: its length is unknown too, and so are those behind it.
        reader = ByteReader(absl::string_view());
    }
  }
  if (!reader.ok()) return TooShort(type);
  if (gtid.number == 0 || gtid.number >= 0x7FFFFFFFFFFFFFFF) {
    return Malformed(type, absl::StrCat("transaction number ", gtid.number));
  }
  if (!gtid.tag.empty() && !IsValidGtidTag(gtid.tag)) return Malformed(type, "its tag is malformed");
  event->body = gtid;
  return absl::OkStatus();
}

// mariadb_gtid := sequence:8 domain:4 flags:1 [commit_id:8] [xid] [flags_extra:1 …]
//   flags  1 standalone, 2 commit_id follows, 4 transactional, 8 may run in parallel, 16 waited, 32 DDL,
//          64 prepared XA, 128 completed XA
//
// The server id is the header's.
absl::Status ParseMariadbGtid(absl::string_view body, Event* event) {
  ByteReader reader(body);
  GtidEvent gtid;
  gtid.dialect = Gtid::Dialect::kMariadb;
  gtid.number = reader.U64();
  gtid.domain = reader.U32();
  const uint8_t flags = reader.U8();
  if (!reader.ok()) return TooShort(event->header.type);
  if (gtid.number == 0) return Malformed(event->header.type, "sequence number 0");
  gtid.server_id = event->header.server_id;
  gtid.standalone = (flags & 1) != 0;
  event->body = gtid;
  return absl::OkStatus();
}

// query          := thread:4 seconds:4 schema_size:1 error:2 status_size:2 status:status_size schema:cstring text
// execute_load   := the same post-header, file:4 name_start:4 name_end:4 duplicates:1, then status, schema and text
// status         := { 00 flags:4 | 01 sql_mode:8 | 02 size:1 catalog:size 00 | 03 increment:2 offset:2
//                   | 04 client:2 connection:2 server:2 | 06 size:1 catalog:size | other … }
//
// The collations (04) stand among the first entries; the others have lengths of their own and are not looked at.
// QUERY_COMPRESSED of MariaDB: `text` is compressed, see mariadb_compression.h.
absl::Status ParseQuery(absl::string_view body, uint8_t post_header_length, std::string* uncompressed, Event* event) {
  constexpr size_t kPostHeader = 13;
  const EventType type = event->header.type;
  if (post_header_length < kPostHeader) {
    return Malformed(type, absl::StrCat("a post-header of ", post_header_length, " bytes"));
  }
  ByteReader reader(body);
  QueryEvent query;
  reader.Skip(8);
  const size_t schema_size = reader.U8();
  reader.Skip(2);
  const size_t status_size = reader.U16();
  reader.Skip(post_header_length - kPostHeader);
  ByteReader status(reader.Bytes(status_size));
  query.schema = reader.Bytes(schema_size);
  reader.Skip(1);
  query.text = reader.rest();
  if (!reader.ok()) return TooShort(type);
  bool known = true;
  while (known && !status.empty()) {
    switch (status.U8()) {
      case 0:
      case 3:
        status.Skip(4);
        break;
      case 1:
        query.sql_mode = status.U64();
        break;
      case 2:
        status.Skip(size_t{status.U8()} + 1);
        break;
      case 6:
        status.Skip(status.U8());
        break;
      case 4:
        query.client_collation = status.U16();
        known = false;
        break;
      default:
        known = false;
    }
  }
  if (type == EventType::kQueryCompressed) {
    RETURN_IF_ERROR(UncompressMariadb(query.text, uncompressed));
    query.text = *uncompressed;
  }
  query.load_data = type == EventType::kExecuteLoadQuery;
  event->body = query;
  return absl::OkStatus();
}

// xid := xid:8
absl::Status ParseXid(absl::string_view body, uint8_t post_header_length, Event* event) {
  ByteReader reader(body);
  reader.Skip(post_header_length);
  const XidEvent xid{reader.U64()};
  if (!reader.ok()) return TooShort(event->header.type);
  event->body = xid;
  return absl::OkStatus();
}

// xa_prepare := one_phase:1 format_id:4 gtrid_size:4 bqual_size:4 gtrid bqual
absl::Status ParseXaPrepare(absl::string_view body, uint8_t post_header_length, Event* event) {
  ByteReader reader(body);
  reader.Skip(post_header_length);
  XaPrepareEvent prepare;
  prepare.one_phase = reader.U8() != 0;
  prepare.format_id = reader.U32();
  const uint32_t gtrid_size = reader.U32();
  const uint32_t bqual_size = reader.U32();
  prepare.gtrid = reader.Bytes(gtrid_size);
  prepare.bqual = reader.Bytes(bqual_size);
  if (!reader.ok()) return TooShort(event->header.type);
  event->body = prepare;
  return absl::OkStatus();
}

// heartbeat    := [offset:8] file                  to the end; the offset is the header's log_pos, or on MariaDB past
//                                                  4 GiB that before the file, with a log_pos of 0
// heartbeat_v2 := { 1 size:lenenc file | 2 size:lenenc offset:lenenc | type:lenenc size:lenenc bytes } 0
absl::Status ParseHeartbeat(absl::string_view body, bool is_mariadb, Event* event) {
  HeartbeatEvent heartbeat;
  if (event->header.type == EventType::kHeartbeat) {
    heartbeat.offset = event->header.log_pos;
    if (is_mariadb && heartbeat.offset == 0 && body.size() > sizeof(uint64_t)) {
      heartbeat.offset = ByteReader(body).U64();
      heartbeat.offset_is_whole = true;
      body.remove_prefix(sizeof(uint64_t));
    }
    heartbeat.file = body;
    event->body = heartbeat;
    return absl::OkStatus();
  }
  ByteReader reader(body);
  while (reader.ok() && !reader.empty()) {
    const uint64_t field = reader.LengthEncoded();
    if (field == 0) break;
    const absl::string_view value = reader.LengthEncodedString();
    if (field == 1) heartbeat.file = value;
    if (field == 2) {
      ByteReader number(value);
      heartbeat.offset = number.LengthEncoded();
      heartbeat.offset_is_whole = true;
      if (!number.ok()) reader.Fail();
    }
  }
  if (!reader.ok()) return TooShort(event->header.type);
  event->body = heartbeat;
  return absl::OkStatus();
}

// transaction_payload := { 1 n:lenenc payload_size:lenenc | 2 n:lenenc compression:lenenc |
//                          3 n:lenenc uncompressed_size:lenenc | type:lenenc n:lenenc bytes } 0 payload
//   compression  0 zstd, 255 none
//
// The format description gives this type a post-header of 40 bytes. There is none, and the server does not look for it.
absl::Status ParseTransactionPayload(absl::string_view body, Event* event) {
  const EventType type = event->header.type;
  ByteReader reader(body);
  uint64_t payload_size = 0;
  uint64_t compression = 0;
  bool has_size = false, has_compression = false;
  TransactionPayloadEvent payload;
  while (true) {
    const uint64_t field = reader.LengthEncoded();
    if (!reader.ok()) return TooShort(type);
    if (field == 0) break;
    ByteReader value(reader.LengthEncodedString());
    switch (field) {
      case 1:
        payload_size = value.LengthEncoded();
        has_size = true;
        break;
      case 2:
        compression = value.LengthEncoded();
        has_compression = true;
        break;
      case 3:
        payload.uncompressed_size = value.LengthEncoded();
        break;
      default:
        break;
    }
    if (!reader.ok() || !value.ok()) return TooShort(type);
  }
  if (!has_size || !has_compression) return Malformed(type, "it lacks its size or compression");
  payload.payload = reader.Bytes(payload_size);
  if (!reader.ok()) return TooShort(type);
  if (compression != 0 && compression != 255) {
    return absl::UnimplementedError(absl::StrCat("transaction payload with unknown compression ", compression));
  }
  payload.compression =
      compression == 0 ? TransactionPayloadEvent::Compression::kZstd : TransactionPayloadEvent::Compression::kNone;
  event->body = payload;
  return absl::OkStatus();
}

// incident := number:2 [size:1 message]
absl::Status ParseIncident(absl::string_view body, Event* event) {
  ByteReader reader(body);
  IncidentEvent incident;
  incident.number = reader.U16();
  if (!reader.ok()) return TooShort(event->header.type);
  if (!reader.empty()) incident.message = reader.ShortString();
  if (!reader.ok()) return TooShort(event->header.type);
  event->body = incident;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<absl::string_view> EventParser::Body(absl::string_view raw) {
  if (!EventHeader::Parse(raw, &event_.header)) {
    return absl::DataLossError(absl::StrCat("truncated event header: ", raw.size(), " bytes"));
  }
  const EventHeader& header = event_.header;
  if (header.length != raw.size()) {
    return absl::DataLossError(
        absl::StrCat(EventTypeName(header.type), " event of ", raw.size(), " bytes whose header says ", header.length));
  }
  // A sender makes up a ROTATE event before the format description that it leads to: unless the one in force says so,
  // only the checksum itself tells whether there is one.
  bool checksummed = has_format_ && format_.checksum == FormatDescription::Checksum::kCrc32;
  if (header.type == EventType::kRotate && (header.artificial() || header.log_pos == 0)) {
    checksummed = checksummed || HasValidChecksum(raw);
  }
  if (!checksummed) return raw.substr(kEventHeaderSize);
  if (raw.size() < kEventHeaderSize + kChecksumSize) return TooShort(header.type);
  if (verify_checksums_ && !HasValidChecksum(raw)) {
    return absl::DataLossError(
        absl::StrCat("wrong checksum of a ", EventTypeName(header.type), " event of ", raw.size(), " bytes"));
  }
  return raw.substr(kEventHeaderSize, raw.size() - kEventHeaderSize - kChecksumSize);
}

absl::StatusOr<const Event*> EventParser::Parse(absl::string_view raw) {
  EventHeader& header = event_.header;
  if (EventHeader::Parse(raw, &header) && header.type == EventType::kFormatDescription) {
    if (header.length != raw.size()) {
      return absl::DataLossError(
          absl::StrCat("FORMAT_DESCRIPTION event of ", raw.size(), " bytes whose header says ", header.length));
    }
    FormatDescription format;
    bool has_checksum = false;
    RETURN_IF_ERROR(ParseFormatDescription(header, raw, &format, &has_checksum));
    // A server that knows checksums gives a file's head one whether or not the events behind it have any: else a
    // damaged algorithm would switch them off. A sender that changes the head makes no new one for a log without.
    const bool checksummed = format.checksum == FormatDescription::Checksum::kCrc32 || (file_ && !has_format_);
    // The in-use flag is cleared in place when a file is closed, and the checksum is one of the event without it.
    if (verify_checksums_ && has_checksum && checksummed) {
      const size_t size = raw.size() - kChecksumSize;
      std::string closed(raw.substr(0, size));
      closed[17] = static_cast<char>(closed[17] & ~kEventFlagInUse);
      if (ByteReader(raw.substr(size)).U32() != Crc32(closed)) {
        return absl::DataLossError("wrong checksum of a FORMAT_DESCRIPTION event");
      }
    }
    format_ = std::move(format);
    has_format_ = true;
    event_.body = format_;
    return &event_;
  }
  ASSIGN_OR_RETURN(const absl::string_view body, Body(raw));
  RETURN_IF_ERROR(ParseBody(body));
  return &event_;
}

absl::StatusOr<const Event*> EventParser::ParseInner(absl::string_view raw) {
  EventHeader& header = event_.header;
  if (!EventHeader::Parse(raw, &header)) return absl::DataLossError("truncated event in a transaction payload");
  switch (header.type) {
    case EventType::kFormatDescription:
    case EventType::kRotate:
    case EventType::kStop:
    case EventType::kTransactionPayload:
      return absl::DataLossError(absl::StrCat(EventTypeName(header.type), " event in a transaction payload"));
    default:
      break;
  }
  if (header.length != raw.size()) return absl::DataLossError("truncated event in a transaction payload");
  RETURN_IF_ERROR(ParseBody(raw.substr(kEventHeaderSize)));
  return &event_;
}

absl::Status EventParser::ParseBody(absl::string_view body) {
  const EventType type = event_.header.type;
  if (!has_format_ && type != EventType::kRotate && type != EventType::kHeartbeat && type != EventType::kHeartbeatV2) {
    return absl::DataLossError(absl::StrCat(EventTypeName(type), " event before any FORMAT_DESCRIPTION"));
  }
  const uint8_t post_header_length = format_.PostHeaderLength(type);
  switch (type) {
    case EventType::kTableMap:
      event_.body = TableMapEvent{body, post_header_length};
      return absl::OkStatus();
    case EventType::kWriteRowsV0:
    case EventType::kUpdateRowsV0:
    case EventType::kDeleteRowsV0:
    case EventType::kWriteRowsV1:
    case EventType::kUpdateRowsV1:
    case EventType::kDeleteRowsV1:
    case EventType::kWriteRows:
    case EventType::kUpdateRows:
    case EventType::kDeleteRows:
    case EventType::kPartialUpdateRows:
    case EventType::kWriteRowsCompressedV1:
    case EventType::kUpdateRowsCompressedV1:
    case EventType::kDeleteRowsCompressedV1:
    case EventType::kWriteRowsCompressed:
    case EventType::kUpdateRowsCompressed:
    case EventType::kDeleteRowsCompressed:
      event_.body = RowsBody{body, post_header_length};
      return absl::OkStatus();
    case EventType::kGtid:
      return ParseGtid(body, /*anonymous=*/false, &event_);
    case EventType::kAnonymousGtid:
      return ParseGtid(body, /*anonymous=*/true, &event_);
    case EventType::kGtidTagged:
      return ParseGtidTagged(body, &event_);
    case EventType::kMariadbGtid:
      return ParseMariadbGtid(body, &event_);
    case EventType::kQuery:
    case EventType::kQueryCompressed:
    case EventType::kExecuteLoadQuery:
      return ParseQuery(body, post_header_length, &uncompressed_, &event_);
    case EventType::kXid:
      return ParseXid(body, post_header_length, &event_);
    case EventType::kXaPrepare:
      return ParseXaPrepare(body, post_header_length, &event_);
    case EventType::kRotate:
      return ParseRotate(body, &event_);
    case EventType::kStop:
      event_.body = StopEvent();
      return absl::OkStatus();
    case EventType::kRowsQuery:
      // rows_query := size:1 text                      the size is that of the text modulo 256 and of no use
      if (body.empty()) return TooShort(type);
      event_.body = RowsQueryEvent{body.substr(1)};
      return absl::OkStatus();
    case EventType::kAnnotateRows:
      // annotate_rows := text
      event_.body = RowsQueryEvent{body};
      return absl::OkStatus();
    case EventType::kHeartbeat:
    case EventType::kHeartbeatV2:
      return ParseHeartbeat(body, format_.is_mariadb(), &event_);
    case EventType::kTransactionPayload:
      return ParseTransactionPayload(body, &event_);
    case EventType::kIncident:
      return ParseIncident(body, &event_);
    case EventType::kStartEncryption:
      event_.body = StartEncryptionEvent();
      return absl::OkStatus();
    case EventType::kPreviousGtids:
    case EventType::kGtidList:
    case EventType::kIntvar:
    case EventType::kRand:
    case EventType::kUserVar:
    case EventType::kLoad:
    case EventType::kSlave:
    case EventType::kCreateFile:
    case EventType::kAppendBlock:
    case EventType::kExecLoad:
    case EventType::kDeleteFile:
    case EventType::kNewLoad:
    case EventType::kBeginLoadQuery:
    case EventType::kIgnorable:
    case EventType::kTransactionContext:
    case EventType::kViewChange:
    case EventType::kBinlogCheckpoint:
      event_.body = SkippedEvent();
      return absl::OkStatus();
    case EventType::kFormatDescription:  // Parse has read it.
    case EventType::kUnknown:
    case EventType::kStartV3:
      break;
  }
  if (event_.header.ignorable()) {
    event_.body = SkippedEvent();
    return absl::OkStatus();
  }
  return absl::UnimplementedError(absl::StrCat("event of unknown ", EventTypeName(type),
                                               " that may not be ignored: the log was written by a server newer than "
                                               "this program, or is damaged"));
}

}  // namespace cdc
