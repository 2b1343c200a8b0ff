// SPDX-License-Identifier: Apache-2.0
//
// How fast rows and documents become text, on the outbox rows of testing/testdata/outbox, and with transactions.cc how
// fast events become rows:
//
//   bazel run -c opt //testing/bench:decoder
//
// items_per_second counts rows or documents, bytes_per_second the log's bytes (of JSON the text's); allocations is a
// row's count of heap allocations. Copy is memcpy of the same bytes: the limit. decode.sh has mysqlbinlog beside it.
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "benchmark/benchmark.h"
#include "cdc/event/byte_reader.h"
#include "cdc/event/crc32.h"
#include "cdc/event/event.h"
#include "cdc/event/rows_event.h"
#include "cdc/event/table_map.h"
#include "cdc/event/text_buffer.h"
#include "cdc/source/event_reader.h"
#include "cdc/source/file_source.h"
#include "cdc/value/json_text.h"
#include "cdc/value/rows_decoder.h"
#include "glog/logging.h"
#include "relay/outbox/outbox_table.h"
#include "testing/counting_allocator.h"

namespace {

constexpr char kLog[] = "testing/testdata/outbox/outbox.binlog";

// The rows events of one size, as they stand in the log, checksum included.
struct Recorded {
  cdc::TableMap map;
  std::vector<std::string> raw;
  size_t bytes = 0;
  size_t rows = 0;
};

// Sizes are told by the average length of a row.
Recorded Read(size_t least, size_t most) {
  std::ifstream file(kLog, std::ios::binary);
  const std::string log((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto source = cdc::FileSource::OverBytes(log, "outbox.binlog");
  CHECK(source.ok()) << source.status() << ": run from the repository's root, or by bazel run";
  cdc::EventReader reader(source->get(), /*verify_checksums=*/true);
  Recorded recorded;
  std::unique_ptr<cdc::RowsDecoder> decoder;
  while (true) {
    auto event = reader.Next();
    CHECK(event.ok()) << event.status();
    if (*event == nullptr) break;
    if (const auto* map = std::get_if<cdc::TableMapEvent>(&(*event)->body)) {
      recorded.map = *cdc::TableMap::Parse(map->body, map->post_header_length, cdc::Dialect::kMySql);
      decoder = *cdc::RowsDecoder::Create(recorded.map, nullptr, {"id"});
    }
    const auto* rows = std::get_if<cdc::RowsBody>(&(*event)->body);
    if (rows == nullptr) continue;
    CHECK(decoder->Start(*cdc::RowsEvent::Parse(30, rows->body, rows->post_header_length)).ok());
    size_t count = 0;
    while (decoder->Next().value() != nullptr) ++count;
    const size_t average = rows->body.size() / count;
    if (average < least || average > most) continue;
    recorded.raw.push_back(log.substr(reader.begin().offset, reader.end().offset - reader.begin().offset));
    recorded.bytes += recorded.raw.back().size();
    recorded.rows += count;
  }
  CHECK_GT(recorded.rows, 0u);
  return recorded;
}

const Recorded& OfSize(int64_t size) {
  static const auto* const small = new Recorded(Read(0, 600));
  static const auto* const middle = new Recorded(Read(600, 5000));
  static const auto* const large = new Recorded(Read(5000, 1000000));
  return size < 1000 ? *small : size < 10000 ? *middle : *large;
}

constexpr size_t kHeader = 19;
constexpr size_t kChecksum = 4;

// A rows event from the checksum to the text of the columns that the relay wants.
void BM_Rows(benchmark::State& state) {
  const Recorded& recorded = OfSize(state.range(0));
  const bool verify = state.range(1) != 0;
  auto decoder = *cdc::RowsDecoder::Create(recorded.map, nullptr, relay::OutboxColumnNames());
  uint64_t allocated = 0;
  bool warm = false;
  for (auto _ : state) {
    const uint64_t before = testing_support::AllocationCount();
    for (const std::string& raw : recorded.raw) {
      if (verify) CHECK(cdc::HasValidChecksum(raw));
      const absl::string_view body = absl::string_view(raw).substr(kHeader, raw.size() - kHeader - kChecksum);
      auto event = cdc::RowsEvent::Parse(static_cast<uint8_t>(raw[4]), body, 10);
      CHECK(decoder->Start(*event).ok());
      while (true) {
        auto row = decoder->Next();
        if (*row == nullptr) break;
        benchmark::DoNotOptimize((*row)->after[relay::kPayloadJson].text.data());
      }
    }
    if (warm) allocated += testing_support::AllocationCount() - before;
    warm = true;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(recorded.rows));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(recorded.bytes));
  state.counters["allocations"] =
      static_cast<double>(allocated) / (static_cast<double>(state.iterations()) * static_cast<double>(recorded.rows));
}
BENCHMARK(BM_Rows)->ArgNames({"bytes", "crc"})->ArgsProduct({{100, 1024, 65536}, {0, 1}});

// The payloads as they stand in the log: behind the topic, four bytes of length.
std::vector<absl::string_view> PayloadsOf(const Recorded& recorded) {
  constexpr absl::string_view kTopic = "orders.placed";
  std::vector<absl::string_view> payloads;
  for (const absl::string_view log : recorded.raw) {
    for (size_t at = log.find(kTopic); at != absl::string_view::npos; at = log.find(kTopic, at)) {
      at += kTopic.size();
      const uint32_t length = cdc::ByteReader(log.substr(at)).U32();
      payloads.push_back(log.substr(at + 4, length));
      at += 4 + length;
    }
  }
  CHECK_EQ(payloads.size(), recorded.rows);
  return payloads;
}

// Binary JSON to the text that SELECT prints, nothing else.
void BM_JsonText(benchmark::State& state) {
  const std::vector<absl::string_view> payloads = PayloadsOf(OfSize(state.range(0)));
  cdc::TextBuffer text;
  uint64_t bytes = 0, allocated = 0;
  bool warm = false;
  for (auto _ : state) {
    const uint64_t before = testing_support::AllocationCount();
    for (const absl::string_view payload : payloads) {
      text.Clear();
      CHECK(cdc::AppendJsonText(payload, &text).ok());
      benchmark::DoNotOptimize(text.view().data());
      bytes += text.size();
    }
    if (warm) allocated += testing_support::AllocationCount() - before;
    warm = true;
  }
  const auto documents = state.iterations() * static_cast<int64_t>(payloads.size());
  state.SetItemsProcessed(documents);
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  state.counters["allocations"] = static_cast<double>(allocated) / static_cast<double>(documents);
}
BENCHMARK(BM_JsonText)->ArgName("bytes")->Arg(100)->Arg(1024)->Arg(65536);

void BM_Checksum(benchmark::State& state) {
  const Recorded& recorded = OfSize(state.range(0));
  for (auto _ : state) {
    for (const std::string& raw : recorded.raw) benchmark::DoNotOptimize(cdc::Crc32(raw));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(recorded.rows));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(recorded.bytes));
}
BENCHMARK(BM_Checksum)->Arg(100)->Arg(1024)->Arg(65536);

void BM_Copy(benchmark::State& state) {
  const Recorded& recorded = OfSize(state.range(0));
  std::string target(1 << 20, '\0');
  for (auto _ : state) {
    for (const std::string& raw : recorded.raw) {
      std::memcpy(target.data(), raw.data(), raw.size());
      benchmark::ClobberMemory();
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(recorded.rows));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(recorded.bytes));
}
BENCHMARK(BM_Copy)->Arg(100)->Arg(1024)->Arg(65536);

}  // namespace
