// SPDX-License-Identifier: Apache-2.0
//
// Input: the first byte, 0 zstd, 1 none, else MariaDB's zlib; the compressed bytes. A small input that makes much of
// itself is given up after 64 MiB.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "cdc/event/event.h"
#include "cdc/event/mariadb_compression.h"
#include "cdc/event/transaction_payload.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const absl::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] > 1) {
    std::string out;
    (void)cdc::UncompressMariadb(bytes, &out);
    return 0;
  }
  cdc::TransactionPayloadEvent event;
  event.compression = data[0] == 0 ? cdc::TransactionPayloadEvent::Compression::kZstd
                                   : cdc::TransactionPayloadEvent::Compression::kNone;
  event.payload = bytes;
  cdc::TransactionPayloadReader reader;
  if (!reader.Start(event).ok()) return 0;
  size_t total = 0;
  while (total < size_t{64} << 20) {
    auto raw = reader.Next();
    if (!raw.ok() || raw->empty()) return 0;
    total += raw->size();
  }
  return 0;
}
