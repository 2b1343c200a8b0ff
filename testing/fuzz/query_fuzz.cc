// SPDX-License-Identifier: Apache-2.0
//
// Input: the first byte, bits of the sql_mode and the client's character set; a statement.
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "cdc/event/event.h"
#include "cdc/query_classifier.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  cdc::QueryEvent query;
  query.schema = "app";
  query.text = absl::string_view(reinterpret_cast<const char*>(data) + 1, size - 1);
  query.sql_mode = (data[0] & 1 ? 4 : 0) | (data[0] & 2 ? uint64_t{1} << 20 : 0);
  constexpr uint32_t kCollations[] = {0,  1,  8,  13,
                                      28, 45, 95, 248};  // big5, latin1, sjis, gbk, utf8mb4, cp932, gb18030
  query.client_collation = kCollations[data[0] >> 2 & 7];
  (void)cdc::ClassifyQuery(query);
  (void)cdc::NamesIdentifier(query.text, "kafka_outbox");
  return 0;
}
