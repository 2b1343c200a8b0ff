// SPDX-License-Identifier: Apache-2.0
//
// Input: bit 0 of the first byte, the dialect; the length of a table map's body (2 bytes, little-endian) and the body;
// the type of a rows event and its body.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "cdc/event/byte_reader.h"
#include "cdc/event/rows_event.h"
#include "cdc/event/table_map.h"
#include "cdc/event/text_buffer.h"
#include "cdc/value/json_diff.h"
#include "cdc/value/rows_decoder.h"

namespace {

// Reads every byte that the decoder gave out, so that a sanitizer looks at each.
size_t Touch(absl::Span<const cdc::ColumnValue> values) {
  size_t sum = 0;
  for (const cdc::ColumnValue& value : values) {
    if (value.state == cdc::ColumnValue::State::kJsonDiff) {
      cdc::TextBuffer text;
      (void)cdc::ApplyJsonDiffs("{\"a\": [1, {\"b\": null}]}", value.text, &text);
    }
    if (value.state == cdc::ColumnValue::State::kValue) {
      for (char byte : value.text) sum += static_cast<unsigned char>(byte);
    }
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cdc::ByteReader reader(absl::string_view(reinterpret_cast<const char*>(data), size));
  const cdc::Dialect dialect = (reader.U8() & 1) != 0 ? cdc::Dialect::kMariaDb : cdc::Dialect::kMySql;
  const absl::string_view map_body = reader.Bytes(reader.U16());
  const uint8_t type = reader.U8();
  if (!reader.ok()) return 0;
  absl::StatusOr<cdc::TableMap> map = cdc::TableMap::Parse(map_body, 8, dialect);
  if (!map.ok()) return 0;
  absl::StatusOr<std::unique_ptr<cdc::RowsDecoder>> decoder = cdc::RowsDecoder::CreateForAll(*map, nullptr);
  if (!decoder.ok()) return 0;
  const uint8_t post_header_length = type >= 30 && type <= 39 ? 10 : 8;
  absl::StatusOr<cdc::RowsEvent> event = cdc::RowsEvent::Parse(type, reader.rest(), post_header_length);
  if (!event.ok() || !(*decoder)->Start(*event).ok()) return 0;
  volatile size_t sum = 0;
  while (true) {
    absl::StatusOr<const cdc::RowImages*> row = (*decoder)->Next();
    if (!row.ok() || *row == nullptr) return 0;
    sum = sum + Touch((*row)->before) + Touch((*row)->after);
  }
}
