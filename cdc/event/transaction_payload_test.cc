// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/transaction_payload.h"

#include <zstd.h>

#include <cstdint>
#include <memory>
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

// As MySQL 8.0's first versions compress: a stream whose size zstd isn't told, so that the frame claims the level's
// whole window.
std::string CompressUnsized(absl::string_view plain, int window_log) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, 1);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window_log);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_enableLongDistanceMatching, 1);
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  ZSTD_outBuffer to = {out.data(), out.size(), 0};
  ZSTD_inBuffer from = {plain.data(), plain.size() / 2, 0};
  EXPECT_EQ(ZSTD_isError(ZSTD_compressStream2(context.get(), &to, &from, ZSTD_e_continue)), 0u);
  from.size = plain.size();
  EXPECT_EQ(ZSTD_compressStream2(context.get(), &to, &from, ZSTD_e_end), 0u);
  out.resize(to.pos);
  return out;
}

struct Result {
  std::vector<std::string> events;
  absl::Status status;
};

Result Read(TransactionPayloadReader* reader, absl::string_view payload,
            TransactionPayloadEvent::Compression compression = TransactionPayloadEvent::Compression::kZstd,
            uint64_t uncompressed_size = uint64_t{1} << 40) {
  TransactionPayloadEvent event;
  event.compression = compression;
  event.uncompressed_size = uncompressed_size;
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
  event.uncompressed_size = Joined(events).size();
  event.payload = payload;
  ASSERT_TRUE(reader.Start(event).ok());
  testing_support::ResetPeak();
  const uint64_t before = testing_support::LiveBytes();
  size_t count = 0;
  for (auto raw = reader.Next(); raw.ok() && !raw->empty(); raw = reader.Next()) ++count;
  EXPECT_EQ(count, events.size());
  // A window of 2 MiB at level 3, and a block.
  EXPECT_LT(testing_support::PeakBytes() - before, 3u << 20);
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

TEST(TransactionPayloadTest, ASmallTransactionOfTheHighestLevelCostsNoLargeWindow) {
  const auto events = SomeEvents(10, 300);
  const std::string plain = Joined(events);
  const std::string payload = CompressUnsized(plain, 27);
  ASSERT_EQ(static_cast<uint8_t>(payload[5]), 17 << 3) << "128 MiB";
  for (const auto& [said, most] : {std::make_pair(plain.size(), 2u << 20), std::make_pair(size_t{0}, 9u << 20)}) {
    TransactionPayloadReader reader;
    testing_support::ResetPeak();
    const uint64_t before = testing_support::LiveBytes();
    const Result result = Read(&reader, payload, TransactionPayloadEvent::Compression::kZstd, said);
    EXPECT_TRUE(result.status.ok()) << result.status;
    EXPECT_EQ(result.events, events);
    EXPECT_LT(testing_support::PeakBytes() - before, most);
  }
}

TEST(TransactionPayloadTest, ALargeTransactionHasItsWindowAndGivesItBack) {
  // Bytes that only a far match compresses.
  std::string noise;
  for (uint64_t state = 1; noise.size() < 6u << 20; state = state * 6364136223846793005u + 1442695040888963407u) {
    noise.push_back(static_cast<char>(state >> 56));
  }
  EventWriter w = EventWriter().Bare();
  const std::vector<std::string> events = {w.Query(noise), w.Query(noise)};
  const std::string plain = Joined(events);
  const std::string payload = CompressUnsized(plain, 27);
  ASSERT_LT(payload.size(), noise.size() + (1u << 20)) << "no match 6 MiB back";
  TransactionPayloadReader reader;
  testing_support::ResetPeak();
  const uint64_t before = testing_support::LiveBytes();
  uint64_t of_result = 0;
  {
    const Result result = Read(&reader, payload, TransactionPayloadEvent::Compression::kZstd, plain.size());
    EXPECT_TRUE(result.status.ok()) << result.status;
    EXPECT_TRUE(result.events == events);
    of_result = plain.size();
  }
  EXPECT_LT(testing_support::PeakBytes() - before, of_result + 2 * plain.size() + (16u << 20));
  EXPECT_LT(testing_support::LiveBytes() - before, 4u << 20);
}

TEST(TransactionPayloadTest, RefusesAFrameThatClaimsMoreThanItsEvent) {
  const std::string plain = Joined(SomeEvents(5, 300));
  std::string payload = Compress(plain);
  ASSERT_EQ(payload[4] & 0xE0, 0x60) << "one segment, its size in two bytes";
  payload[4] = static_cast<char>((payload[4] & ~0xC0) | 0x80);  // in four
  payload.insert(7, std::string("\x00\x07", 2));                // 100 MiB more
  TransactionPayloadReader reader;
  testing_support::ResetPeak();
  const uint64_t before = testing_support::LiveBytes();
  const Result result = Read(&reader, payload, TransactionPayloadEvent::Compression::kZstd, plain.size());
  EXPECT_EQ(result.status.code(), absl::StatusCode::kDataLoss) << result.status;
  EXPECT_LT(testing_support::PeakBytes() - before, 1u << 20);
}

TEST(TransactionPayloadTest, RefusesWhatIsNoFrame) {
  std::string payload = Compress(Joined(SomeEvents(5, 300)));
  TransactionPayloadReader reader;
  for (const char first : {'\x27', '\x22', '\x00'}) {  // zstd 0.7, zstd 0.2
    payload[0] = first;
    EXPECT_EQ(Read(&reader, payload).status.code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_EQ(Read(&reader, absl::string_view("\x50\x2A\x4D\x18\x00\x00\x00\x00", 8)).status.code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace cdc
