// SPDX-License-Identifier: Apache-2.0
//
// Input: a binlog file. Read as a whole by the transaction reader, checksums unverified, so that the parsers meet what
// the fuzzer makes; the first byte's place in the magic number tells how much memory a transaction may have.
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "cdc/file_source.h"
#include "cdc/stream_item.h"
#include "cdc/transaction_reader.h"
#include "testing/transaction_text.h"

namespace {

void Read(absl::string_view bytes, size_t memory_limit) {
  auto source = cdc::FileSource::OverBytes(bytes, "fuzz");
  if (!source.ok()) return;
  testing_support::OutboxLayouts layouts;
  cdc::TransactionReaderOptions options;
  options.verify_checksums = false;
  options.memory_limit = memory_limit;
  cdc::TransactionReader reader(
      source->get(), &layouts, {testing_support::OutboxInterest(), {"app", "types", {"id", "js", "c"}, "id"}}, options);
  while (true) {
    auto item = reader.Next();
    if (!item.ok() || (*item)->kind == cdc::StreamItem::Kind::kEnd) return;
    while ((*item)->rows != nullptr) {
      auto row = (*item)->rows->NextRow();
      if (!row.ok() || *row == nullptr) break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  Read(bytes, size_t{1} << 20);
  // Spilling costs system calls: now and then is enough.
  if (size % 16 == 0) Read(bytes, 200);
  return 0;
}
