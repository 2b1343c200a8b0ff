// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_VALUE_JSON_STRING_H_
#define CDC_VALUE_JSON_STRING_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"
#include "cdc/event/text_buffer.h"

namespace cdc {

// Strings of JSON documents as the server prints them: quotes, backslashes and control characters escaped, the latter
// as \b \f \n \r \t or \u00xx, everything else as it is. Source: MySQL, sql-common/json_dom.cc, double_quote.

// Appends `text` in quotes.
void AppendJsonString(absl::string_view text, TextBuffer* out);

// Writes [from, end) escaped to `out`, which has room for 6 bytes a byte and 16 more; returns where it ended.
char* PutJsonEscaped(const char* from, const char* end, char* out);

// Whether any of the bytes is one that PutJsonEscaped escapes.
template <typename Word>
bool NeedsJsonEscape(Word word) {
  constexpr Word kOnes = static_cast<Word>(~Word{0}) / 255;
  constexpr Word kHighs = kOnes * 0x80;
  const Word quote = word ^ kOnes * '"';
  const Word backslash = word ^ kOnes * '\\';
  const Word found = ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) | ((word - kOnes * 0x20) & ~word);
  return (found & kHighs) != 0;
}

// Copies sizeof(Word) to twice as many bytes by two words that may overlap, if none needs an escape. Most names and
// words of a document are as short.
template <typename Word>
bool CopyShortJson(absl::string_view text, char* out) {
  Word first;
  Word last;
  std::memcpy(&first, text.data(), sizeof(Word));
  std::memcpy(&last, text.data() + text.size() - sizeof(Word), sizeof(Word));
  if (NeedsJsonEscape(first) || NeedsJsonEscape(last)) return false;
  std::memcpy(out, &first, sizeof(Word));
  std::memcpy(out + text.size() - sizeof(Word), &last, sizeof(Word));
  return true;
}

// A string of at most kJsonStringPiece bytes in quotes; `out` has room for JsonStringRoom of it.
inline constexpr size_t kJsonStringPiece = 4096;
constexpr size_t JsonStringRoom(size_t length) { return 6 * length + 18; }

inline char* PutJsonString(absl::string_view text, char* out) {
  const size_t length = text.size();
  *out++ = '"';
  if ((length >= 8 && length <= 16 && CopyShortJson<uint64_t>(text, out)) ||
      (length >= 4 && length < 8 && CopyShortJson<uint32_t>(text, out))) {
    out += length;
  } else {
    out = PutJsonEscaped(text.data(), text.data() + length, out);
  }
  *out++ = '"';
  return out;
}

}  // namespace cdc

#endif  // CDC_VALUE_JSON_STRING_H_
