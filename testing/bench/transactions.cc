// SPDX-License-Identifier: Apache-2.0
//
// How fast events become rows, and foreign events are skipped, on one core: a part of //testing/bench:decoder.
//
// The events are those of transactions.binlog, recorded from a server, over and over from memory. Beside the rates
// stand allocations a row and memcpy of the same bytes as the limit.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "benchmark/benchmark.h"
#include "cdc/event/event_header.h"
#include "cdc/source/event_source.h"
#include "cdc/source/file_source.h"
#include "cdc/transaction_reader.h"
#include "glog/logging.h"
#include "testing/counting_allocator.h"
#include "testing/transaction_text.h"

namespace {

// Transactions of transactions.sql.
enum Recorded { k100Bytes, k1Kilobyte, k64Kilobytes, kForeign };

struct Recording {
  std::vector<std::string> head;                       // ROTATE, FORMAT_DESCRIPTION, PREVIOUS_GTIDS
  std::vector<std::vector<std::string>> transactions;  // each GTID, BEGIN, TABLE_MAP, rows, XID
};

const Recording& TheRecording() {
  static const Recording* const recording = [] {
    auto source = cdc::FileSource::Open("testing/bench/transactions.binlog");
    CHECK(source.ok()) << source.status() << ": run from the repository's root, or by bazel run";
    auto* out = new Recording;
    while (true) {
      auto event = (*source)->Next();
      CHECK(event.ok()) << event.status();
      if (event->empty()) break;
      cdc::EventHeader header;
      CHECK(cdc::EventHeader::Parse(*event, &header));
      if (header.type == cdc::EventType::kGtid) out->transactions.emplace_back();
      if (header.type == cdc::EventType::kRotate && !out->transactions.empty()) break;
      (out->transactions.empty() ? out->head : out->transactions.back()).emplace_back(*event);
    }
    return out;
  }();
  return *recording;
}

// The head once, then one transaction without end; `rows` times its table map and rows in each.
class RepeatingSource : public cdc::EventSource {
 public:
  RepeatingSource(Recorded which, int rows) : head_(TheRecording().head) {
    const std::vector<std::string>& one = TheRecording().transactions[which];
    for (size_t i = 0; i + 3 < one.size(); ++i) transaction_.push_back(one[i]);
    for (int i = 0; i < rows; ++i) {
      transaction_.push_back(one[one.size() - 3]);
      transaction_.push_back(one[one.size() - 2]);
    }
    transaction_.push_back(one.back());
    for (const std::string& event : transaction_) bytes_ += event.size();
  }

  absl::StatusOr<absl::string_view> Next() override {
    if (next_head_ < head_.size()) return head_[next_head_++];
    if (next_ == transaction_.size()) next_ = 0;
    return transaction_[next_++];
  }
  void Interrupt() override {}
  bool contiguous() const override { return true; }

  size_t transaction_bytes() const { return bytes_; }
  const std::vector<std::string>& transaction() const { return transaction_; }

 private:
  const std::vector<std::string>& head_;
  std::vector<std::string> transaction_;
  size_t bytes_ = 0;
  size_t next_head_ = 0;
  size_t next_ = 0;
};

// Of the table as its layout was at recording.
void BM_Transactions(benchmark::State& state, Recorded which, int rows, bool verify) {
  RepeatingSource source(which, rows);
  testing_support::OutboxLayouts layouts;
  cdc::TransactionReaderOptions options;
  options.verify_checksums = verify;
  cdc::TransactionReader reader(&source, &layouts, {testing_support::OutboxInterest()}, options);
  uint64_t seen = 0, text = 0;
  const auto next = [&] {
    auto item = reader.Next();
    CHECK(item.ok()) << item.status();
    while (true) {
      auto row = (*item)->rows == nullptr ? nullptr : (*item)->rows->NextRow();
      CHECK(row.ok()) << row.status();
      if (*row == nullptr) break;
      ++seen;
      for (const cdc::ColumnValue& value : (*row)->after) text += value.text.size();
    }
  };
  for (int i = 0; i < 100; ++i) next();
  seen = text = 0;
  uint64_t allocated = 0;
  for (auto _ : state) {
    const uint64_t before = testing_support::AllocationCount();
    next();
    allocated += testing_support::AllocationCount() - before;
  }
  const auto transactions = static_cast<int64_t>(state.iterations());
  state.SetBytesProcessed(transactions * static_cast<int64_t>(source.transaction_bytes()));
  benchmark::DoNotOptimize(text);
  // Foreign rows are skipped by their event, which here holds one.
  const int64_t items = transactions * rows;
  CHECK(seen == 0 || static_cast<int64_t>(seen) == items);
  state.SetItemsProcessed(items);
  state.counters["allocations"] = static_cast<double>(allocated) / static_cast<double>(items);
}

BENCHMARK_CAPTURE(BM_Transactions, row_100B, k100Bytes, 1, true);
BENCHMARK_CAPTURE(BM_Transactions, row_1KB, k1Kilobyte, 1, true);
BENCHMARK_CAPTURE(BM_Transactions, row_64KB, k64Kilobytes, 1, true);
BENCHMARK_CAPTURE(BM_Transactions, row_1KB_by_10, k1Kilobyte, 10, true);
BENCHMARK_CAPTURE(BM_Transactions, row_1KB_by_100, k1Kilobyte, 100, true);
BENCHMARK_CAPTURE(BM_Transactions, row_1KB_no_crc, k1Kilobyte, 1, false);
BENCHMARK_CAPTURE(BM_Transactions, foreign_1KB, kForeign, 1, true);
BENCHMARK_CAPTURE(BM_Transactions, foreign_1KB_by_100, kForeign, 100, true);
BENCHMARK_CAPTURE(BM_Transactions, foreign_1KB_by_100_no_crc, kForeign, 100, false);

void BM_TransactionsCopy(benchmark::State& state, Recorded which, int rows) {
  RepeatingSource source(which, rows);
  std::string to(source.transaction_bytes(), '\0');
  for (auto _ : state) {
    size_t at = 0;
    for (const std::string& event : source.transaction()) {
      std::memcpy(to.data() + at, event.data(), event.size());
      at += event.size();
    }
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * source.transaction_bytes()));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK_CAPTURE(BM_TransactionsCopy, row_1KB, k1Kilobyte, 1);
BENCHMARK_CAPTURE(BM_TransactionsCopy, foreign_1KB_by_100, kForeign, 100);

}  // namespace
