// SPDX-License-Identifier: Apache-2.0
#include "cdc/transaction_payload.h"

#include <zstd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "testing/counting_allocator.h"
#include "testing/event_writer.h"

namespace cdc {
namespace {

using testing_support::EventWriter;

std::string Compress(absl::string_view plain) {
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
  return out;
}

struct Result {
  std::vector<std::string> events;
  absl::Status status;
};

Result Read(TransactionPayloadReader* reader, absl::string_view payload,
            TransactionPayloadEvent::Compression compression = TransactionPayloadEvent::Compression::kZstd) {
  TransactionPayloadEvent event;
  event.compression = compression;
  event.payload = payload;
  Result result;
  result.status = reader->Start(event);
  while (result.status.ok()) {
    auto raw = reader->Next();
    result.status = raw.status();
    if (!raw.ok() || raw->empty()) break;
    result.events.emplace_back(*raw);
  }
  return result;
}

std::vector<std::string> SomeEvents(size_t count, size_t size) {
  EventWriter w = EventWriter().Bare();
  std::vector<std::string> events;
  for (size_t i = 0; i < count; ++i) {
    std::string text;
    while (text.size() < size) absl::StrAppend(&text, i, "-", text.size(), ";");
    events.push_back(w.Query(text));
  }
  return events;
}

std::string Joined(const std::vector<std::string>& events) {
  std::string out;
  for (const std::string& event : events) out += event;
  return out;
}

TEST(TransactionPayloadTest, GivesEveryEventAndIsReused) {
  TransactionPayloadReader reader;
  for (const auto& [count, size] : {std::make_pair(1, 10), std::make_pair(5000, 100), std::make_pair(3, 3000000),
                                    std::make_pair(0, 0), std::make_pair(70, 5000)}) {
    const auto events = SomeEvents(static_cast<size_t>(count), static_cast<size_t>(size));
    const Result zstd = Read(&reader, Compress(Joined(events)));
    EXPECT_TRUE(zstd.status.ok()) << zstd.status;
    EXPECT_EQ(zstd.events, events);
    EXPECT_FALSE(reader.active());
    const Result plain = Read(&reader, Joined(events), TransactionPayloadEvent::Compression::kNone);
    EXPECT_TRUE(plain.status.ok()) << plain.status;
    EXPECT_EQ(plain.events, events);
  }
}

TEST(TransactionPayloadTest, ReadsSeveralFrames) {
  const auto events = SomeEvents(20, 1000);
  std::string payload;
  for (const std::string& event : events) payload += Compress(event);
  TransactionPayloadReader reader;
  EXPECT_EQ(Read(&reader, payload).events, events);
}

TEST(TransactionPayloadTest, NoticesEveryCut) {
  const auto events = SomeEvents(5, 300);
  const std::string payload = Compress(Joined(events));
  TransactionPayloadReader reader;
  for (size_t size = 1; size < payload.size(); ++size) {
    EXPECT_EQ(Read(&reader, payload.substr(0, size)).status.code(), absl::StatusCode::kDataLoss) << size;
  }
  const std::string half = Joined(events).substr(0, 400);
  EXPECT_EQ(Read(&reader, Compress(half)).status.code(), absl::StatusCode::kDataLoss);
}

TEST(TransactionPayloadTest, HoldsOneEventAndNotTheTransaction) {
  const auto events = SomeEvents(2000, 20000);  // 40 MB
  const std::string payload = Compress(Joined(events));
  TransactionPayloadReader reader;
  TransactionPayloadEvent event;
  event.payload = payload;
  ASSERT_TRUE(reader.Start(event).ok());
  testing_support::ResetPeak();
  const uint64_t before = testing_support::LiveBytes();
  size_t count = 0;
  for (auto raw = reader.Next(); raw.ok() && !raw->empty(); raw = reader.Next()) ++count;
  EXPECT_EQ(count, events.size());
  EXPECT_LT(testing_support::PeakBytes() - before, 1u << 20);
}

TEST(TransactionPayloadTest, BelievesNoLengthThatTheBytesDoNotBack) {
  std::string lie = SomeEvents(1, 100)[0];
  lie[9] = lie[10] = lie[11] = '\xFF';  // 4 GB
  lie[12] = '\x7F';
  TransactionPayloadReader reader;
  testing_support::ResetPeak();
  const uint64_t before = testing_support::LiveBytes();
  EXPECT_EQ(Read(&reader, Compress(lie)).status.code(), absl::StatusCode::kDataLoss);
  EXPECT_LT(testing_support::PeakBytes() - before, 1u << 20);
}

}  // namespace
}  // namespace cdc
