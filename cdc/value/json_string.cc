// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/json_string.h"

#include "absl/base/optimization.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace cdc {
namespace {

// For each byte the letter after the backslash, 'u' for \u00XX, 0 for none.
struct EscapeTable {
  char letter[256] = {};
  constexpr EscapeTable() {
    for (int i = 0; i < 0x20; ++i) letter[i] = 'u';
    Set('\b', 'b');
    Set('\t', 't');
    Set('\n', 'n');
    Set('\f', 'f');
    Set('\r', 'r');
    Set('"', '"');
    Set('\\', '\\');
  }
  constexpr void Set(char byte, char escape) { letter[static_cast<uint8_t>(byte)] = escape; }
};
constexpr EscapeTable kEscapes;

char* PutEscape(uint8_t byte, char letter, char* out) {
  *out++ = '\\';
  *out++ = letter;
  if (letter == 'u') {
    constexpr char kHex[] = "0123456789abcdef";
    *out++ = '0';
    *out++ = '0';
    *out++ = kHex[byte >> 4];
    *out++ = kHex[byte & 15];
  }
  return out;
}

}  // namespace

char* PutJsonEscaped(const char* from, const char* end, char* out) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i space = _mm_set1_epi8(0x20);
  const __m128i bias = _mm_set1_epi8(static_cast<char>(0x80));
  while (end - from >= 16) {
    const __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), chunk);
    const __m128i control = _mm_cmplt_epi8(_mm_xor_si128(chunk, bias), _mm_xor_si128(space, bias));
    const __m128i special =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(chunk, quote), _mm_cmpeq_epi8(chunk, backslash)), control);
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special));
    if (mask == 0) {
      from += 16;
      out += 16;
      continue;
    }
    const int clean = __builtin_ctz(mask);
    from += clean;
    out += clean;
    const auto byte = static_cast<uint8_t>(*from++);
    out = PutEscape(byte, kEscapes.letter[byte], out);
  }
#endif
  while (from < end) {
    const auto byte = static_cast<uint8_t>(*from++);
    const char letter = kEscapes.letter[byte];
    if (ABSL_PREDICT_TRUE(letter == 0)) {
      *out++ = static_cast<char>(byte);
    } else {
      out = PutEscape(byte, letter, out);
    }
  }
  return out;
}

void AppendJsonString(absl::string_view text, TextBuffer* out) {
  if (text.size() <= kJsonStringPiece)
    return out->Commit(PutJsonString(text, out->Reserve(JsonStringRoom(text.size()))));
  // By pieces, so that room for the worst case stays small.
  out->Append('"');
  for (size_t from = 0; from < text.size(); from += kJsonStringPiece) {
    const absl::string_view piece = text.substr(from, kJsonStringPiece);
    out->Commit(PutJsonEscaped(piece.data(), piece.data() + piece.size(), out->Reserve(JsonStringRoom(piece.size()))));
  }
  out->Append('"');
}

}  // namespace cdc
