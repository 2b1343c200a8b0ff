// SPDX-License-Identifier: Apache-2.0

#include "relay/outbox/outbox_decoder.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "kafka/fault.h"
#include "relay/outbox/outbox_table.h"

namespace {

std::atomic<int> allocations{0};

}  // namespace

// Counts what the decoder allocates.
void* operator new(size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace relay {
namespace {

using cdc::ColumnValue;

class Row {
 public:
  Row() {
    Set(kId, "42");
    Set(kTopic, "orders");
    Set(kPayloadJson, "{\"a\": 1}");
    Set(kPayloadHeaders, "{}");
    Set(kKey, "");
    Set(kPartitionKey, "");
  }
  Row& Set(OutboxColumn column, absl::string_view text) {
    values_[column] = {ColumnValue::State::kValue, text};
    return *this;
  }
  Row& SetNull(OutboxColumn column) {
    values_[column] = {ColumnValue::State::kNull, ""};
    return *this;
  }
  Row& SetState(OutboxColumn column, ColumnValue::State state) {
    values_[column] = {state, ""};
    return *this;
  }
  absl::Span<const ColumnValue> values() const { return values_; }

 private:
  std::array<ColumnValue, kOutboxColumnCount> values_;
};

const absl::Time kCommit = absl::FromUnixMicros(1700000000123456);

struct Decoded {
  absl::Status status;
  kafka::Record record;
};

Decoded DecodeWith(OutboxDecoder& decoder, const Row& row, absl::string_view gtid = "") {
  Decoded decoded;
  decoded.status = decoder.Decode(row.values(), kCommit, gtid, &decoded.record);
  return decoded;
}

TEST(OutboxDecoderTest, TakesTopicValueAndKey) {
  OutboxDecoder decoder({});
  const Row row = Row().Set(kKey, "k1");
  const Decoded decoded = DecodeWith(decoder, row);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status;
  EXPECT_EQ(decoded.record.topic, "orders");
  EXPECT_EQ(decoded.record.value, "{\"a\": 1}");
  EXPECT_EQ(decoded.record.key, "k1");
  EXPECT_TRUE(decoded.record.headers.empty());
  EXPECT_EQ(decoded.record.timestamp, std::nullopt);
}

TEST(OutboxDecoderTest, PartitionFollowsPartitionKeyWithOrWithoutKey) {
  OutboxDecoder decoder({});
  Decoded decoded = DecodeWith(decoder, Row().Set(kKey, "k").Set(kPartitionKey, "p"));
  EXPECT_EQ(decoded.record.key, "k");
  EXPECT_EQ(decoded.record.partition_key, "p");
  decoded = DecodeWith(decoder, Row().Set(kKey, "k"));
  EXPECT_EQ(decoded.record.key, "k");
  EXPECT_EQ(decoded.record.partition_key, "k");
  decoded = DecodeWith(decoder, Row().Set(kPartitionKey, "p"));
  EXPECT_EQ(decoded.record.key, std::nullopt);
  EXPECT_EQ(decoded.record.partition_key, "p");
  decoded = DecodeWith(decoder, Row());
  EXPECT_EQ(decoded.record.key, std::nullopt);
  EXPECT_EQ(decoded.record.partition_key, std::nullopt);
}

TEST(OutboxDecoderTest, NullAndMissingKeysAreNoKeys) {
  OutboxDecoder decoder({});
  for (const ColumnValue::State state : {ColumnValue::State::kNull, ColumnValue::State::kAbsent}) {
    const Decoded decoded = DecodeWith(decoder, Row().SetState(kKey, state).SetState(kPartitionKey, state));
    ASSERT_TRUE(decoded.status.ok()) << decoded.status;
    EXPECT_EQ(decoded.record.key, std::nullopt);
    EXPECT_EQ(decoded.record.partition_key, std::nullopt);
  }
}

TEST(OutboxDecoderTest, NullPayloadIsATombstoneAndAnEmptyOneIsNot) {
  OutboxDecoder decoder({});
  EXPECT_EQ(DecodeWith(decoder, Row().SetNull(kPayloadJson)).record.value, std::nullopt);
  EXPECT_EQ(DecodeWith(decoder, Row().Set(kPayloadJson, "")).record.value, "");
  EXPECT_EQ(DecodeWith(decoder, Row().Set(kPayloadJson, "null")).record.value, "null");
}

TEST(OutboxDecoderTest, HeadersOfEveryKind) {
  OutboxDecoder decoder({});
  const Decoded decoded = DecodeWith(
      decoder, Row().Set(kPayloadHeaders, R"({"s": "a\"b", "n": 1.50, "b": true, "z": null, "o": {"x": [1]}})"));
  ASSERT_TRUE(decoded.status.ok()) << decoded.status;
  ASSERT_EQ(decoded.record.headers.size(), 5u);
  EXPECT_EQ(decoded.record.headers[0].value, "a\"b");
  EXPECT_EQ(decoded.record.headers[1].value, "1.50");
  EXPECT_EQ(decoded.record.headers[2].value, "true");
  EXPECT_EQ(decoded.record.headers[3].value, std::nullopt);
  EXPECT_EQ(decoded.record.headers[4].value, R"({"x": [1]})");
}

TEST(OutboxDecoderTest, NullEmptyAndMissingHeadersAreNone) {
  OutboxDecoder decoder({});
  for (const Row& row : {Row().SetNull(kPayloadHeaders), Row().Set(kPayloadHeaders, ""),
                         Row().SetState(kPayloadHeaders, ColumnValue::State::kAbsent)}) {
    const Decoded decoded = DecodeWith(decoder, row);
    ASSERT_TRUE(decoded.status.ok()) << decoded.status;
    EXPECT_TRUE(decoded.record.headers.empty());
  }
}

TEST(OutboxDecoderTest, HeadersThatAreNoObjectAreARowFault) {
  OutboxDecoder decoder({});
  for (const char* headers : {"[]", "1", "{\"a\": }"}) {
    const Decoded decoded = DecodeWith(decoder, Row().Set(kPayloadHeaders, headers));
    EXPECT_TRUE(absl::IsInvalidArgument(decoded.status)) << decoded.status;
    EXPECT_EQ(kafka::FaultOfStatus(decoded.status), kafka::Fault::kRow);
  }
}

TEST(OutboxDecoderTest, RowWithoutTopicIsARowFault) {
  OutboxDecoder decoder({});
  EXPECT_EQ(kafka::FaultOfStatus(DecodeWith(decoder, Row().Set(kTopic, "")).status), kafka::Fault::kRow);
  EXPECT_EQ(kafka::FaultOfStatus(DecodeWith(decoder, Row().SetNull(kTopic)).status), kafka::Fault::kRow);
}

TEST(OutboxDecoderTest, ImageWithoutTopicOrPayloadNeedsTheTable) {
  OutboxDecoder decoder({});
  for (const Row& row :
       {Row().SetState(kTopic, ColumnValue::State::kAbsent), Row().SetState(kPayloadJson, ColumnValue::State::kAbsent),
        Row().SetState(kPayloadJson, ColumnValue::State::kJsonDiff),
        Row().SetState(kPayloadHeaders, ColumnValue::State::kJsonDiff)}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(DecodeWith(decoder, row).status));
  }
}

TEST(OutboxDecoderTest, CommitTimestampOnRequest) {
  OutboxDecoder decoder({.commit_timestamp = true});
  EXPECT_EQ(DecodeWith(decoder, Row()).record.timestamp, kCommit);
  kafka::Record record;
  ASSERT_TRUE(decoder.Decode(Row().values(), absl::InfinitePast(), "", &record).ok());
  EXPECT_EQ(record.timestamp, std::nullopt);
}

TEST(OutboxDecoderTest, AddsHeadersOnRequestBehindTheRowsOwn) {
  OutboxDecoder decoder({.add_id = true, .add_gtid = true, .add_commit_time = true});
  const Decoded decoded =
      DecodeWith(decoder, Row().Set(kPayloadHeaders, R"({"a": "b"})"), "3e11fa47-71ca-11e1-9e33-c80aa9429562:23");
  ASSERT_EQ(decoded.record.headers.size(), 4u);
  EXPECT_EQ(decoded.record.headers[0].name, "a");
  EXPECT_EQ(decoded.record.headers[1].name, "outbox-id");
  EXPECT_EQ(decoded.record.headers[1].value, "42");
  EXPECT_EQ(decoded.record.headers[2].name, "outbox-gtid");
  EXPECT_EQ(decoded.record.headers[2].value, "3e11fa47-71ca-11e1-9e33-c80aa9429562:23");
  EXPECT_EQ(decoded.record.headers[3].name, "outbox-commit-time");
  EXPECT_EQ(decoded.record.headers[3].value, "2023-11-14T22:13:20.123456Z");
  kafka::Record record;
  ASSERT_TRUE(decoder.Decode(Row().values(), absl::InfinitePast(), "", &record).ok());
  ASSERT_EQ(record.headers.size(), 1u);
}

TEST(OutboxDecoderTest, OneRowLeavesNothingBehindForTheNext) {
  OutboxDecoder decoder({});
  kafka::Record record;
  ASSERT_TRUE(
      decoder.Decode(Row().Set(kKey, "k").Set(kPayloadHeaders, R"({"a": "b"})").values(), kCommit, "", &record).ok());
  ASSERT_TRUE(decoder.Decode(Row().SetNull(kPayloadJson).values(), kCommit, "", &record).ok());
  EXPECT_EQ(record.key, std::nullopt);
  EXPECT_EQ(record.partition_key, std::nullopt);
  EXPECT_EQ(record.value, std::nullopt);
  EXPECT_TRUE(record.headers.empty());
}

TEST(OutboxDecoderTest, SteadyStateAllocatesNothing) {
  OutboxDecoder decoder({.commit_timestamp = true, .add_id = true, .add_gtid = true, .add_commit_time = true});
  const Row row = Row().Set(kKey, "k").Set(
      kPayloadHeaders, R"({"traceparent": "00-ab", "esc": "a\nb", "o": {"x": ["\u00e9"]}, "n": 1})");
  kafka::Record record;
  ASSERT_TRUE(decoder.Decode(row.values(), kCommit, "gtid", &record).ok());
  const int before = allocations.load();
  bool all_ok = true;
  for (int i = 0; i < 1000; ++i) {
    all_ok = decoder.Decode(row.values(), kCommit, "gtid", &record).ok() && all_ok;
  }
  EXPECT_EQ(allocations.load(), before);
  EXPECT_TRUE(all_ok);
}

}  // namespace
}  // namespace relay
