// SPDX-License-Identifier: Apache-2.0
//
// column   head (1): 0 plain, data as it is; else algorithm << 4 | raw << 3 | n; original length (n bytes, big-endian);
//          data. Algorithm 8 is zlib; raw = without zlib's own header.
// Source: MariaDB, sql/field_comp.cc.
#include "cdc/value/compressed_column.h"

#include <zlib.h>

#include <cstddef>
#include <cstdint>

#include "cdc/event/byte_reader.h"

namespace cdc {
namespace {

// Deflate makes at most 258 bytes of 2 bits.
constexpr uint64_t kGreatestRatio = 1040;

absl::Status Malformed() { return absl::DataLossError("malformed compressed column"); }

absl::Status Inflate(absl::string_view data, uint64_t length, bool raw, TextBuffer* out) {
  if (length > (data.size() + 1) * kGreatestRatio) return Malformed();
  char* room = out->Reserve(static_cast<size_t>(length));
  z_stream stream = {};
  if (inflateInit2(&stream, raw ? -MAX_WBITS : MAX_WBITS) != Z_OK) {
    return absl::ResourceExhaustedError("no memory to decompress");
  }
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(room);
  stream.avail_out = static_cast<uInt>(length);
  const int result = inflate(&stream, Z_FINISH);
  const uint64_t made = stream.total_out;
  inflateEnd(&stream);
  if (result != Z_STREAM_END || made != length) return Malformed();
  out->Commit(room + length);
  return absl::OkStatus();
}

}  // namespace

absl::Status AppendUncompressedColumn(absl::string_view compressed, TextBuffer* out) {
  if (compressed.empty()) return absl::OkStatus();
  ByteReader reader(compressed);
  const uint8_t head = reader.U8();
  if (head == 0) {
    out->Append(reader.rest());
    return absl::OkStatus();
  }
  const size_t width = head & 7;
  const uint64_t length = reader.BigEndianOf(width);
  if (!reader.ok() || head >> 4 != 8 || width > 4) return Malformed();
  return Inflate(reader.rest(), length, (head & 8) != 0, out);
}

}  // namespace cdc
