// SPDX-License-Identifier: Apache-2.0
#include "relay/status/json_line.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/escaping.h"

namespace relay {
namespace {

// Length of the well-formed UTF-8 sequence that begins at `text[i]`, 0 if there is none (Unicode, table 3-7).
size_t SequenceLength(absl::string_view text, size_t i) {
  const auto byte = [text](size_t at) { return at < text.size() ? static_cast<uint8_t>(text[at]) : 0; };
  const auto continues = [&](size_t at) { return (byte(at) & 0xC0) == 0x80; };
  const uint8_t first = byte(i);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(i + 1) ? 2 : 0;
  const uint8_t second = byte(i + 1);
  if (first >= 0xE0 && first <= 0xEF) {
    const bool fits = first == 0xE0 ? second >= 0xA0 : first == 0xED ? second <= 0x9F : true;
    return fits && continues(i + 1) && continues(i + 2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool fits = first == 0xF0 ? second >= 0x90 : first == 0xF4 ? second <= 0x8F : true;
    return fits && continues(i + 1) && continues(i + 2) && continues(i + 3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool AppendJsonString(absl::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  const size_t begin = out->size();
  out->push_back('"');
  size_t plain = 0;
  for (size_t i = 0; i < text.size();) {
    const uint8_t c = static_cast<uint8_t>(text[i]);
    if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    if (c >= 0x80) {
      const size_t length = SequenceLength(text, i);
      if (length == 0) {
        out->resize(begin);
        return false;
      }
      i += length;
      continue;
    }
    out->append(text.data() + plain, i - plain);
    plain = ++i;
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      default:
        out->append("\\u00");
        out->push_back(kHex[c >> 4]);
        out->push_back(kHex[c & 15]);
    }
  }
  out->append(text.data() + plain, text.size() - plain);
  out->push_back('"');
  return true;
}

void AppendJsonBase64(absl::string_view bytes, std::string* out) {
  out->push_back('"');
  out->append(absl::Base64Escape(bytes));
  out->push_back('"');
}

}  // namespace relay
