// SPDX-License-Identifier: Apache-2.0
//
// Binary JSON (MySQL, sql-common/json_binary.h), little-endian:
//
//   document   type (1), value
//   type       0 small object   1 large object   2 small array   3 large array   4 literal
//              5 int16  6 uint16  7 int32  8 uint32  9 int64  10 uint64  11 double  12 string  15 opaque
//   object     count, bytes, key entry*, value entry*, keys, values
//   array      count, bytes, value entry*, values
//   key entry  offset, key length (2)
//   value entry  type (1), value if it fits, else its offset
//   string     length (7 bits a byte, low first, high bit = more), bytes
//   opaque     column type (1), length as of a string, bytes
//   literal    0 null, 1 true, 2 false
//
// count, bytes and offsets take 2 bytes in small containers and 4 in large ones; offsets count from the container's
// count. Literals and 16-bit integers always fit a value entry, 32-bit integers those of large containers. The text:
// MySQL, sql-common/json_dom.cc, wrapper_to_string.
#include "cdc/value/json_text.h"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "cdc/event/byte_reader.h"
#include "cdc/event/column_type.h"
#include "cdc/value/decimal_text.h"
#include "cdc/value/json_string.h"
#include "cdc/value/number_text.h"
#include "cdc/value/temporal_text.h"

namespace cdc {
namespace {

enum JsonType : uint8_t {
  kSmallObject = 0,
  kLargeObject = 1,
  kSmallArray = 2,
  kLargeArray = 3,
  kLiteral = 4,
  kInt16 = 5,
  kUint16 = 6,
  kInt32 = 7,
  kUint32 = 8,
  kInt64 = 9,
  kUint64 = 10,
  kDouble = 11,
  kString = 12,
  kOpaque = 15,
};

// The server's base64 breaks the line after 76 characters.
void AppendBase64(absl::string_view bytes, TextBuffer* out) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t column = 0;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    char* text = out->Reserve(6);
    if (column == 76) {
      *text++ = '\\';
      *text++ = 'n';
      column = 0;
    }
    const size_t left = bytes.size() - i;
    const uint32_t a = static_cast<uint8_t>(bytes[i]);
    const uint32_t b = left > 1 ? static_cast<uint8_t>(bytes[i + 1]) : 0;
    const uint32_t c = left > 2 ? static_cast<uint8_t>(bytes[i + 2]) : 0;
    const uint32_t group = a << 16 | b << 8 | c;
    *text++ = kAlphabet[group >> 18];
    *text++ = kAlphabet[group >> 12 & 63];
    *text++ = left > 1 ? kAlphabet[group >> 6 & 63] : '=';
    *text++ = left > 2 ? kAlphabet[group & 63] : '=';
    out->Commit(text);
    column += 4;
  }
}

// Prints one document. Each byte of it may be printed once: `budget_` falls by what each part takes, so that parts that
// overlap cannot blow the text up.
class JsonPrinter {
 public:
  JsonPrinter(size_t document_size, TextBuffer* out) : budget_(document_size), out_(out) {}

  const char* error() const { return error_; }

  // A value that begins at `data` and ends at its end at the latest.
  bool Value(uint8_t type, absl::string_view data, int depth) {
    ByteReader reader(data);
    switch (type) {
      case kSmallObject:
        return Container</*kIsObject=*/true, 2>(data, depth);
      case kLargeObject:
        return Container</*kIsObject=*/true, 4>(data, depth);
      case kSmallArray:
        return Container</*kIsObject=*/false, 2>(data, depth);
      case kLargeArray:
        return Container</*kIsObject=*/false, 4>(data, depth);
      case kLiteral:
        return Spend(1) && Literal(reader.U8()) && Ended(reader);
      case kInt16:
        AppendInteger(static_cast<int16_t>(reader.U16()), out_);
        return Spend(2) && Ended(reader);
      case kUint16:
        AppendUnsigned(reader.U16(), out_);
        return Spend(2) && Ended(reader);
      case kInt32:
        AppendInteger(static_cast<int32_t>(reader.U32()), out_);
        return Spend(4) && Ended(reader);
      case kUint32:
        AppendUnsigned(reader.U32(), out_);
        return Spend(4) && Ended(reader);
      case kInt64:
        AppendInteger(static_cast<int64_t>(reader.U64()), out_);
        return Spend(8) && Ended(reader);
      case kUint64:
        AppendUnsigned(reader.U64(), out_);
        return Spend(8) && Ended(reader);
      case kDouble:
        AppendJsonDouble(reader.F64(), out_);
        return Spend(8) && Ended(reader);
      case kString:
        return String(reader);
      case kOpaque:
        return Opaque(reader);
      default:
        return Fail("unknown type");
    }
  }

 private:
  bool Fail(const char* error) {
    error_ = error;
    return false;
  }
  bool Spend(uint64_t bytes) {
    if (bytes > budget_) return Fail("its parts overlap");
    budget_ -= bytes;
    return true;
  }
  bool Ended(const ByteReader& reader) { return reader.ok() || Fail("a value is cut short"); }

  bool Literal(uint32_t value) {
    switch (value) {
      case 0:
        out_->Append("null");
        return true;
      case 1:
        out_->Append("true");
        return true;
      case 2:
        out_->Append("false");
        return true;
      default:
        return Fail("unknown literal");
    }
  }

  // Length and bytes of a string or an opaque value.
  bool Payload(ByteReader& reader, absl::string_view* payload) {
    uint64_t length = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const uint8_t byte = reader.U8();
      length |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) {
        *payload = reader.Bytes(length);
        return Ended(reader) && Spend(payload->size() + 1);
      }
    }
    return Fail("a string's length is malformed");
  }

  bool String(ByteReader& reader) {
    absl::string_view text;
    if (!Payload(reader, &text)) return false;
    AppendJsonString(text, out_);
    return true;
  }

  bool Opaque(ByteReader& reader) {
    const auto type = static_cast<ColumnType>(reader.U8());
    absl::string_view payload;
    if (!Payload(reader, &payload)) return false;
    switch (type) {
      case ColumnType::kNewDecimal: {
        if (payload.size() < 2) return Fail("a decimal is cut short");
        const auto precision = static_cast<uint8_t>(payload[0]);
        const auto scale = static_cast<uint8_t>(payload[1]);
        if (!IsDecimalFormat(precision, scale) ||
            !AppendDecimal(payload.substr(2), precision, scale, /*zerofill=*/false, out_)) {
          return Fail("a decimal is malformed");
        }
        return true;
      }
      case ColumnType::kDate:
      case ColumnType::kTime:
      case ColumnType::kDatetime:
      case ColumnType::kTimestamp: {
        if (payload.size() != 8) return Fail("a date or time is malformed");
        const auto packed = static_cast<int64_t>(ByteReader(payload).U64());
        out_->Append('"');
        if (type == ColumnType::kDate) {
          AppendPackedDate(packed, out_);
        } else if (type == ColumnType::kTime) {
          AppendPackedTime(packed, out_);
        } else {
          AppendPackedDatetime(packed, out_);
        }
        out_->Append('"');
        return true;
      }
      case ColumnType::kVarString:
        AppendJsonString(payload, out_);
        return true;
      default:
        out_->Append("\"base64:type");
        AppendUnsigned(static_cast<uint8_t>(type), out_);
        out_->Append(':');
        AppendBase64(payload, out_);
        out_->Append('"');
        return true;
    }
  }

  template <size_t kWidth>
  static uint32_t Offset(const char* at) {
    uint32_t value = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    std::memcpy(&value, at, kWidth);
#else
    for (size_t i = kWidth; i-- > 0;) value = value << 8 | static_cast<uint8_t>(at[i]);
#endif
    return value;
  }

  static bool IsInlined(uint8_t type, size_t width) {
    return (type >= kLiteral && type <= kUint16) || (width == 4 && (type == kInt32 || type == kUint32));
  }

  // The value of an entry, written to `out`; null if it is none.
  template <size_t kWidth>
  static char* PutInlined(uint8_t type, const char* inlined, char* out) {
    constexpr size_t kRoom = 20;
    switch (type) {
      case kLiteral: {
        const uint32_t literal = Offset<kWidth>(inlined);
        if (literal > 2) return nullptr;
        constexpr absl::string_view kLiterals[] = {"null", "true", "false"};
        const absl::string_view name = kLiterals[literal];
        std::memcpy(out, name.data(), name.size());
        return out + name.size();
      }
      case kInt16:
        return std::to_chars(out, out + kRoom, static_cast<int16_t>(Offset<2>(inlined))).ptr;
      case kUint16:
        return std::to_chars(out, out + kRoom, Offset<2>(inlined)).ptr;
      case kInt32:
        return std::to_chars(out, out + kRoom, static_cast<int32_t>(Offset<kWidth>(inlined))).ptr;
      default:
        return std::to_chars(out, out + kRoom, Offset<kWidth>(inlined)).ptr;
    }
  }

  template <bool kIsObject, size_t kWidth>
  bool Container(absl::string_view data, int depth) {
    constexpr size_t kKeyEntry = kIsObject ? kWidth + 2 : 0;
    constexpr size_t kValueEntry = kWidth + 1;
    if (++depth > kMaxJsonDepth) return Fail("nested too deep");
    if (data.size() < 2 * kWidth) return Fail("a container is cut short");
    const uint32_t count = Offset<kWidth>(data.data());
    const uint32_t bytes = Offset<kWidth>(data.data() + kWidth);
    const uint64_t head = 2 * kWidth + uint64_t{count} * (kKeyEntry + kValueEntry);
    if (bytes > data.size() || head > bytes) return Fail("a container is cut short");
    if (!Spend(head)) return false;
    data = data.substr(0, bytes);

    out_->Append(kIsObject ? '{' : '[');
    const char* key_entry = data.data() + 2 * kWidth;
    const char* value_entry = key_entry + size_t{count} * kKeyEntry;
    for (uint32_t i = 0; i < count; ++i) {
      absl::string_view key;
      if constexpr (kIsObject) {
        const uint32_t offset = Offset<kWidth>(key_entry);
        const uint32_t length = Offset<2>(key_entry + kWidth);
        key_entry += kKeyEntry;
        if (offset < head || uint64_t{offset} + length > bytes) return Fail("a key lies outside its object");
        if (!Spend(length)) return false;
        key = data.substr(offset, length);
      }
      // Room for a separator, the name and a value that stands in the entry, so that these are written in one go.
      constexpr size_t kInlinedRoom = 24;
      char* text =
          out_->Reserve(2 + (key.size() <= kJsonStringPiece ? JsonStringRoom(key.size()) : 0) + 2 + kInlinedRoom);
      if (i > 0) {
        *text++ = ',';
        *text++ = ' ';
      }
      if constexpr (kIsObject) {
        if (ABSL_PREDICT_TRUE(key.size() <= kJsonStringPiece)) {
          text = PutJsonString(key, text);
        } else {
          out_->Commit(text);
          AppendJsonString(key, out_);
          text = out_->Reserve(2 + kInlinedRoom);
        }
        *text++ = ':';
        *text++ = ' ';
      }
      const auto type = static_cast<uint8_t>(*value_entry);
      const char* inlined = value_entry + 1;
      value_entry += kValueEntry;
      if (IsInlined(type, kWidth)) {
        text = PutInlined<kWidth>(type, inlined, text);
        if (text == nullptr) return Fail("unknown literal");
        out_->Commit(text);
        continue;
      }
      out_->Commit(text);
      const uint32_t offset = Offset<kWidth>(inlined);
      if (offset < head || offset >= bytes) return Fail("a value lies outside its container");
      if (!Value(type, data.substr(offset), depth)) return false;
    }
    out_->Append(kIsObject ? '}' : ']');
    return true;
  }

  uint64_t budget_;
  TextBuffer* out_;
  const char* error_ = "";
};

}  // namespace

absl::Status AppendJsonText(absl::string_view document, TextBuffer* out) {
  if (document.empty()) {  // what the server takes for an empty column, too
    out->Append("null");
    return absl::OkStatus();
  }
  JsonPrinter printer(document.size(), out);
  if (!printer.Value(static_cast<uint8_t>(document[0]), document.substr(1), /*depth=*/0)) {
    return absl::DataLossError(
        absl::StrCat("malformed JSON document of ", document.size(), " bytes: ", printer.error()));
  }
  return absl::OkStatus();
}

}  // namespace cdc
