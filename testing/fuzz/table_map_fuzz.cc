// SPDX-License-Identifier: Apache-2.0
//
// Input: bit 0 of the first byte, the dialect; the body of a table map event.
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "cdc/event/table_map.h"
#include "cdc/value/rows_decoder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const absl::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const cdc::Dialect dialect = (data[0] & 1) != 0 ? cdc::Dialect::kMariaDb : cdc::Dialect::kMySql;
  for (uint8_t post_header_length : {6, 8}) {
    (void)cdc::TableMap::ParseName(body, post_header_length);
    absl::StatusOr<cdc::TableMap> map = cdc::TableMap::Parse(body, post_header_length, dialect);
    if (map.ok()) (void)cdc::RowsDecoder::CreateForAll(*map, nullptr);
  }
  return 0;
}
