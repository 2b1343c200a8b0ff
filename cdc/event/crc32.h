// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_EVENT_CRC32_H_
#define CDC_EVENT_CRC32_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace cdc {

// The checksum at the end of events (binlog_checksum=CRC32): zlib's CRC-32 of all bytes before it.
uint32_t Crc32(absl::string_view bytes);

// True if the last four bytes of `event` are the checksum of those before. False if it is shorter than that.
bool HasValidChecksum(absl::string_view event);

}  // namespace cdc

#endif  // CDC_EVENT_CRC32_H_
