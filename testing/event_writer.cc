// SPDX-License-Identifier: Apache-2.0
#include "testing/event_writer.h"

#include <zlib.h>
#include <zstd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "cdc/event/crc32.h"
#include "glog/logging.h"

namespace testing_support {
namespace {

using cdc::EventType;

// As MySQL 9.7 writes it, types 1 to 42.
constexpr uint8_t kMysqlPostHeaders[] = {0, 13, 0, 8, 0, 0, 0, 0, 4,  0,  4,  0,  0,  0, 99, 0,  4, 26, 8,  0, 0,
                                         0, 0,  0, 0, 2, 0, 0, 0, 10, 10, 10, 42, 42, 0, 18, 52, 0, 10, 40, 0, 0};
// As MariaDB 10.11 does, types 1 to 41 and 160 to 171; between them stand zeros.
constexpr uint8_t kMariadbPostHeaders[] = {56, 13, 0, 8, 0, 18, 0, 4, 4,  4,  4,  18, 0, 0, 228, 0, 4, 26, 8,  0, 0,
                                           0,  8,  8, 8, 2, 0,  0, 0, 10, 10, 10, 0,  0, 0, 0,   0, 0, 10, 10, 10};
constexpr uint8_t kMariadbOwnPostHeaders[] = {0, 4, 19, 4, 0, 13, 8, 8, 8, 10, 10, 10};
constexpr size_t kFirstOfMariadb = 160;
constexpr char kUuid[] = "\x91\x1e\xa5\xf6\x0c\x1b\x11\xef\x92\x62\x02\x42\xac\x12\x00\x02";

std::string Fixed(uint64_t value, size_t width) {
  std::string out;
  for (size_t i = 0; i < width; ++i) out.push_back(i < 8 ? static_cast<char>(value >> 8 * i) : '\0');
  return out;
}

template <size_t size>
std::string Bytes(const uint8_t (&bytes)[size]) {
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

std::string LengthEncoded(uint64_t value) {
  if (value <= 250) return Fixed(value, 1);
  if (value <= 0xFFFF) return absl::StrCat("\xFC", Fixed(value, 2));
  if (value <= 0xFFFFFF) return absl::StrCat("\xFD", Fixed(value, 3));
  return absl::StrCat("\xFE", Fixed(value, 8));
}

// As MariaDB's log_bin_compress does: see cdc/event/mariadb_compression.h.
std::string Compressed(absl::string_view bytes) {
  std::string packed(compressBound(bytes.size()), '\0');
  uLongf size = packed.size();
  CHECK_EQ(compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                    bytes.size()),
           Z_OK);
  packed.resize(size);
  CHECK_LT(bytes.size(), 256u);
  return absl::StrCat("\x81", Fixed(bytes.size(), 1), packed);
}

}  // namespace

EventWriter::EventWriter(bool checksums) : post_header_lengths(Bytes(kMysqlPostHeaders)), checksums_(checksums) {}

void EventWriter::BecomeMariadb() {
  post_header_lengths = Bytes(kMariadbPostHeaders);
  post_header_lengths.resize(kFirstOfMariadb - 1);
  post_header_lengths += Bytes(kMariadbOwnPostHeaders);
  server_version = "10.11.14-MariaDB-log";
}

EventWriter EventWriter::Bare() const {
  EventWriter writer(false);
  writer.bare_ = true;
  writer.post_header_lengths = post_header_lengths;
  writer.timestamp = timestamp;
  return writer;
}

std::string EventWriter::Event(EventType type, absl::string_view body) {
  const bool checksum = checksums_ || type == EventType::kFormatDescription;
  const size_t size = cdc::kEventHeaderSize + body.size() + (checksum ? cdc::kChecksumSize : 0);
  const bool placed = !bare_ && (flags & cdc::kEventFlagArtificial) == 0;
  if (placed) offset += size;
  std::string event = absl::StrCat(Fixed(timestamp, 4), Fixed(static_cast<uint8_t>(type), 1), Fixed(1, 4),
                                   Fixed(size, 4), Fixed(placed ? offset : 0, 4), Fixed(flags, 2), body);
  if (checksum) event += Fixed(cdc::Crc32(event), 4);
  return event;
}

std::string EventWriter::FormatDescription() {
  std::string version = server_version;
  version.resize(50);
  return Event(EventType::kFormatDescription, absl::StrCat(Fixed(4, 2), version, Fixed(0, 4), Fixed(19, 1),
                                                           post_header_lengths, Fixed(checksums_ ? 1 : 0, 1)));
}

std::string EventWriter::Rotate(absl::string_view file, uint64_t to, bool artificial) {
  const uint16_t before = std::exchange(flags, artificial ? cdc::kEventFlagArtificial : 0);
  std::string event = Event(EventType::kRotate, absl::StrCat(Fixed(to, 8), file));
  flags = before;
  offset = to;
  return event;
}

std::string EventWriter::Gtid(uint64_t number, uint64_t commit_us) {
  return Event(EventType::kGtid, absl::StrCat(Fixed(1, 1), absl::string_view(kUuid, 16), Fixed(number, 8), Fixed(2, 1),
                                              Fixed(0, 16), Fixed(commit_us, 7), LengthEncoded(0), Fixed(90704, 4)));
}

std::string EventWriter::AnonymousGtid() {
  return Event(EventType::kAnonymousGtid, absl::StrCat(Fixed(1, 1), std::string(16, '\0'), Fixed(0, 8), Fixed(2, 1),
                                                       Fixed(0, 16), Fixed(0, 7), LengthEncoded(0), Fixed(90704, 4)));
}

std::string EventWriter::MariadbGtid(uint64_t number, bool standalone) {
  return Event(EventType::kMariadbGtid,
               absl::StrCat(Fixed(number, 8), Fixed(0, 4), Fixed(standalone ? 1 : 0, 1), std::string(6, '\0')));
}

std::string EventWriter::TableId(EventType type, uint64_t table_id) const {
  return Fixed(table_id, post_header_lengths[static_cast<size_t>(type) - 1] == 6 ? 4 : 6);
}

std::string EventWriter::Query(absl::string_view text, absl::string_view schema) {
  return Event(EventType::kQuery, absl::StrCat(Fixed(9, 4), Fixed(0, 4), Fixed(schema.size(), 1), Fixed(0, 2),
                                               Fixed(0, 2), schema, Fixed(0, 1), text));
}

std::string EventWriter::Xid() { return Event(EventType::kXid, Fixed(7, 8)); }

std::string EventWriter::XaPrepare(absl::string_view gtrid, bool one_phase) {
  return Event(EventType::kXaPrepare,
               absl::StrCat(Fixed(one_phase ? 1 : 0, 1), Fixed(1, 4), Fixed(gtrid.size(), 4), Fixed(0, 4), gtrid));
}

std::string EventWriter::TableMap(uint64_t table_id, absl::string_view table) {
  // INT and VARCHAR(100) of utf8mb4; optional metadata: signedness, default charset, names.
  const std::string names = absl::StrCat(Fixed(2, 1), "id", Fixed(4, 1), "text");
  return Event(EventType::kTableMap,
               absl::StrCat(TableId(EventType::kTableMap, table_id), Fixed(1, 2), Fixed(3, 1), "app", Fixed(0, 1),
                            Fixed(table.size(), 1), table, Fixed(0, 1), Fixed(2, 1), "\x03\x0F", Fixed(2, 1),
                            Fixed(400, 2), Fixed(2, 1), Fixed(1, 1), Fixed(1, 1), Fixed(0, 1), Fixed(2, 1), Fixed(3, 1),
                            LengthEncoded(255), Fixed(4, 1), Fixed(names.size(), 1), names));
}

std::string EventWriter::Rows(EventType type, uint64_t table_id, const std::vector<Row>& rows) {
  const bool update = type == EventType::kUpdateRowsV1 || type == EventType::kUpdateRows ||
                      type == EventType::kUpdateRowsCompressedV1 || type == EventType::kUpdateRowsCompressed;
  const bool second =
      (type >= EventType::kWriteRows && type <= EventType::kDeleteRows) || type >= EventType::kWriteRowsCompressed;
  std::string content;
  for (const Row& row : rows) {
    absl::StrAppend(&content, Fixed(0, 1), Fixed(row.id, 4), Fixed(row.text.size(), 2), row.text);
  }
  return Event(type, absl::StrCat(TableId(type, table_id), Fixed(1, 2), second ? Fixed(2, 2) : "", Fixed(2, 1),
                                  Fixed(3, 1), update ? Fixed(3, 1) : "",
                                  type >= EventType::kWriteRowsCompressedV1 ? Compressed(content) : content));
}

std::string EventWriter::Insert(uint64_t table_id, const std::vector<Row>& rows) {
  return Rows(EventType::kWriteRows, table_id, rows);
}
std::string EventWriter::Update(uint64_t table_id, const std::vector<Row>& rows) {
  return Rows(EventType::kUpdateRows, table_id, rows);
}
std::string EventWriter::Delete(uint64_t table_id, const std::vector<Row>& rows) {
  return Rows(EventType::kDeleteRows, table_id, rows);
}

std::string EventWriter::Heartbeat(absl::string_view file, uint32_t log_pos) {
  const uint64_t kept = offset;
  EventWriter writer = *this;
  writer.offset = log_pos - (cdc::kEventHeaderSize + file.size() + (checksums_ ? cdc::kChecksumSize : 0));
  std::string event = writer.Event(EventType::kHeartbeat, file);
  offset = kept;
  return event;
}

std::string EventWriter::Incident() {
  return Event(EventType::kIncident, absl::StrCat(Fixed(1, 2), Fixed(4, 1), "lost"));
}

std::string EventWriter::Stop() { return Event(EventType::kStop, ""); }

std::string EventWriter::Payload(const std::vector<std::string>& events) {
  std::string plain;
  for (const std::string& event : events) plain += event;
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  const size_t size = ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3);
  CHECK(!ZSTD_isError(size));
  packed.resize(size);
  const auto field = [](uint8_t type, uint64_t value) {
    const std::string encoded = LengthEncoded(value);
    return absl::StrCat(Fixed(type, 1), LengthEncoded(encoded.size()), encoded);
  };
  return Event(EventType::kTransactionPayload,
               absl::StrCat(field(2, 0), field(3, plain.size()), field(1, packed.size()), Fixed(0, 1), packed));
}

}  // namespace testing_support
