// SPDX-License-Identifier: Apache-2.0
//
// Input: a binlog file. Read as a whole by the transaction reader, checksums unverified, so that the parsers meet what
// the fuzzer makes: as a file, now and then as what a server sends of it, and with little memory.
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/source/event_source.h"
#include "cdc/source/file_source.h"
#include "cdc/stream_item.h"
#include "cdc/transaction_reader.h"
#include "testing/transaction_text.h"

namespace {

// The events of a file as a dump has them, where a header's position counts.
class Dump : public cdc::EventSource {
 public:
  explicit Dump(cdc::EventSource* file) : file_(file) {}
  absl::StatusOr<absl::string_view> Next() override { return file_->Next(); }
  void Interrupt() override {}

 private:
  cdc::EventSource* const file_;
};

void Read(absl::string_view bytes, size_t memory_limit, bool as_dump) {
  auto file = cdc::FileSource::OverBytes(bytes, "fuzz");
  if (!file.ok()) return;
  Dump dump(file->get());
  testing_support::OutboxLayouts layouts;
  cdc::TransactionReaderOptions options;
  options.verify_checksums = false;
  options.memory_limit = memory_limit;
  cdc::TransactionReader reader(as_dump ? static_cast<cdc::EventSource*>(&dump) : file->get(), &layouts,
                                {testing_support::OutboxInterest(), {"app", "types", {"id", "js", "c"}, "id"}},
                                options);
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
  Read(bytes, size_t{1} << 20, /*as_dump=*/size % 4 == 1);
  // Spilling costs system calls: now and then is enough.
  if (size % 16 == 0) Read(bytes, 200, /*as_dump=*/false);
  return 0;
}
