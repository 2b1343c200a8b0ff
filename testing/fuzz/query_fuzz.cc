// SPDX-License-Identifier: Apache-2.0
//
// Input: the first byte, bits of the sql_mode; a statement.
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "cdc/event.h"
#include "cdc/query_classifier.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  cdc::QueryEvent query;
  query.schema = "app";
  query.text = absl::string_view(reinterpret_cast<const char*>(data) + 1, size - 1);
  query.sql_mode = (data[0] & 1 ? 4 : 0) | (data[0] & 2 ? uint64_t{1} << 20 : 0);
  (void)cdc::ClassifyQuery(query);
  (void)cdc::NamesIdentifier(query.text, "kafka_outbox");
  return 0;
}
