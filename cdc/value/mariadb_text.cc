// SPDX-License-Identifier: Apache-2.0
//
// INET4 and INET6 are addresses in network order, UUID the 16 bytes in reading order.
#include "cdc/value/mariadb_text.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cdc/value/number_text.h"

namespace cdc {
namespace {

constexpr char kHex[] = "0123456789abcdef";

template <size_t kSize>
bool Unpack(absl::string_view bytes, uint8_t (&full)[kSize]) {
  if (bytes.size() > kSize) return false;
  std::memset(full, 0, kSize);
  std::memcpy(full, bytes.data(), bytes.size());
  return true;
}

void AppendDotted(const uint8_t* address, TextBuffer* out) {
  for (int i = 0; i < 4; ++i) {
    if (i > 0) out->Append('.');
    AppendUnsigned(address[i], out);
  }
}

void AppendHexWord(uint32_t word, TextBuffer* out) {
  bool started = false;
  for (int shift = 12; shift >= 0; shift -= 4) {
    const uint32_t digit = word >> shift & 15;
    if (digit == 0 && !started && shift > 0) continue;
    started = true;
    out->Append(kHex[digit]);
  }
}

}  // namespace

bool AppendInet4(absl::string_view bytes, TextBuffer* out) {
  uint8_t address[4];
  if (!Unpack(bytes, address)) return false;
  AppendDotted(address, out);
  return true;
}

bool AppendInet6(absl::string_view bytes, TextBuffer* out) {
  uint8_t address[16];
  if (!Unpack(bytes, address)) return false;
  uint32_t words[8];
  for (int i = 0; i < 8; ++i) words[i] = static_cast<uint32_t>(address[2 * i] << 8 | address[2 * i + 1]);
  // The first longest run of zeros becomes "::", also a run of one.
  int gap = -1;
  int gap_length = 0;
  for (int i = 0; i < 8;) {
    int end = i;
    while (end < 8 && words[end] == 0) ++end;
    if (end - i > gap_length) {
      gap = i;
      gap_length = end - i;
    }
    i = end == i ? i + 1 : end;
  }
  for (int i = 0; i < 8; ++i) {
    if (i == gap) {
      if (i == 0) out->Append(':');
      out->Append(':');
      i += gap_length - 1;
    } else if (i == 6 && gap == 0 && (gap_length == 6 || (gap_length == 5 && words[5] == 0xffff))) {
      AppendDotted(address + 12, out);  // IPv4-compatible or IPv4-mapped
      return true;
    } else {
      AppendHexWord(words[i], out);
      if (i != 7) out->Append(':');
    }
  }
  return true;
}

bool AppendUuid(absl::string_view bytes, TextBuffer* out) {
  uint8_t uuid[16];
  if (!Unpack(bytes, uuid)) return false;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out->Append('-');
    out->Append(kHex[uuid[i] >> 4]);
    out->Append(kHex[uuid[i] & 15]);
  }
  return true;
}

}  // namespace cdc
