// SPDX-License-Identifier: Apache-2.0
#include "cdc/crc32.h"

#include <zlib.h>

#include <cstddef>

#include "cdc/byte_reader.h"
#include "cdc/event_header.h"

namespace cdc {

uint32_t Crc32(absl::string_view bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

bool HasValidChecksum(absl::string_view event) {
  if (event.size() < kChecksumSize) return false;
  const size_t size = event.size() - kChecksumSize;
  return ByteReader(event.substr(size)).U32() == Crc32(event.substr(0, size));
}

}  // namespace cdc
