// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/mariadb_compression.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "cdc/event/byte_reader.h"

namespace cdc {
namespace {

// No event is larger than 1 GiB, and so is nothing that one was made of.
constexpr uint64_t kMaxSize = uint64_t{1} << 30;
// deflate makes at most 1032 bytes out of one.
constexpr uint64_t kMaxRatio = 1032;
constexpr size_t kFirstStep = 64 * 1024;

}  // namespace

absl::Status UncompressMariadb(absl::string_view compressed, std::string* out) {
  out->clear();
  ByteReader reader(compressed);
  const uint8_t head = reader.U8();
  const size_t width = head & 7;
  const uint64_t size = reader.BigEndianOf(width);
  if (!reader.ok() || (head & 0x80) == 0 || width < 1 || width > 4) {
    return absl::DataLossError("malformed head of a compressed event");
  }
  if ((head >> 4 & 7) != 0) {
    return absl::DataLossError(absl::StrCat("compressed event with unknown algorithm ", head >> 4 & 7));
  }
  if (size > kMaxSize || size > reader.remaining() * kMaxRatio) {
    return absl::DataLossError(absl::StrCat("compressed event claims ", size, " bytes in ", reader.remaining()));
  }
  z_stream stream = {};
  if (inflateInit(&stream) != Z_OK) return absl::ResourceExhaustedError("zlib: out of memory");
  absl::Cleanup end = [&stream] { inflateEnd(&stream); };
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(reader.rest().data()));
  stream.avail_in = static_cast<uInt>(reader.remaining());
  size_t done = 0;
  while (true) {
    if (done == out->size() && done < size) {
      out->resize(std::min<size_t>(size, std::max(std::max(out->capacity(), kFirstStep), done * 2)));
    }
    // Behind the promised size only the stream's end may come, for which one byte of room is enough.
    char surplus;
    const bool full = done == size;
    stream.next_out = reinterpret_cast<Bytef*>(full ? &surplus : out->data() + done);
    stream.avail_out = full ? 1 : static_cast<uInt>(out->size() - done);
    const int code = inflate(&stream, Z_SYNC_FLUSH);
    if (full && stream.avail_out == 0) return absl::DataLossError("compressed event holds more than its head says");
    if (!full) done = out->size() - stream.avail_out;
    if (code == Z_STREAM_END) break;
    if (code != Z_OK)
      return absl::DataLossError(absl::StrCat("compressed event does not uncompress (zlib ", code, ")"));
  }
  out->resize(done);
  if (done != size) {
    return absl::DataLossError(absl::StrCat("compressed event holds ", done, " bytes, its head says ", size));
  }
  return absl::OkStatus();
}

}  // namespace cdc
