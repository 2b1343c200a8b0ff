// SPDX-License-Identifier: Apache-2.0
//
// Input: the length of a JSON text (2 bytes, little-endian) and the text; a list of differences.
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "cdc/event/byte_reader.h"
#include "cdc/event/text_buffer.h"
#include "cdc/value/json_diff.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cdc::ByteReader reader(absl::string_view(reinterpret_cast<const char*>(data), size));
  const absl::string_view document = reader.Bytes(reader.U16());
  if (!reader.ok()) return 0;
  cdc::TextBuffer text;
  (void)cdc::ApplyJsonDiffs(document, reader.rest(), &text);
  return 0;
}
