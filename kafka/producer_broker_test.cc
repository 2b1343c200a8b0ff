// SPDX-License-Identifier: Apache-2.0

// The producer's promises on a real broker, named by OUTBOX_TEST_KAFKA (host:port); skipped without one.

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kafka/producer.h"
#include "kafka/producer_harness.h"
#include "testing/kafka/topic_admin.h"
#include "testing/kafka/topic_reader.h"

namespace kafka {
namespace {

using ::testing::HasSubstr;
using ::testing_kafka::CreateTopic;
using ::testing_kafka::ReadTopic;
using ::testing_kafka::StoredRecord;

class ProducerBrokerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* const bootstrap = std::getenv("OUTBOX_TEST_KAFKA");
    if (bootstrap == nullptr) GTEST_SKIP() << "OUTBOX_TEST_KAFKA names no broker";
    bootstrap_ = bootstrap;
    topic_ = absl::StrCat("producer-", getpid(), "-", absl::ToUnixNanos(absl::Now()));
  }

  std::unique_ptr<Producer> Made(std::vector<Property> extra = {}) {
    absl::StatusOr<std::unique_ptr<Producer>> producer = Producer::Create(OptionsFor(bootstrap_, std::move(extra)));
    EXPECT_TRUE(producer.ok()) << producer.status();
    return *std::move(producer);
  }

  std::string bootstrap_;
  std::string topic_;
};

TEST_F(ProducerBrokerTest, RecordArrivesByteForByte) {
  ASSERT_TRUE(CreateTopic(bootstrap_, topic_, 1).ok());
  auto producer = Made();
  AckThread acks(producer.get());
  const Header headers[] = {{"traceparent", "00-ab-cd-01"}, {"empty", ""}, {"null", std::nullopt}};
  Record record;
  record.topic = topic_;
  record.key = "schl\xc3\xbcssel";
  record.value = "{\"a\": \"\xf0\x9f\x98\x80\"}";
  record.headers = headers;
  record.timestamp = absl::FromUnixMillis(1700000000123);
  ASSERT_TRUE(producer->Produce(record).ok());
  record.value = std::nullopt;
  record.headers = {};
  ASSERT_TRUE(producer->Produce(record).ok());
  ASSERT_TRUE(Eventually([&] { return acks.reports().size() == 2; }));
  const auto stored = ReadTopic(bootstrap_, topic_);
  ASSERT_TRUE(stored.ok()) << stored.status();
  ASSERT_EQ(stored->size(), 2u);
  const StoredRecord& first = (*stored)[0];
  EXPECT_EQ(first.key, "schl\xc3\xbcssel");
  EXPECT_EQ(first.value, "{\"a\": \"\xf0\x9f\x98\x80\"}");
  EXPECT_EQ(first.timestamp, absl::FromUnixMillis(1700000000123));
  ASSERT_EQ(first.headers.size(), 3u);
  EXPECT_EQ(first.headers[0].second, "00-ab-cd-01");
  EXPECT_EQ(first.headers[1].second, "");
  EXPECT_EQ(first.headers[2].second, std::nullopt);
  EXPECT_EQ((*stored)[1].value, std::nullopt);
}

// With several requests in flight, as in production: what follows the refused batch is on its way already, and the
// broker must refuse it too.
TEST_F(ProducerBrokerTest, NothingOvertakesABatchThatTheBrokerRefuses) {
  ASSERT_TRUE(CreateTopic(bootstrap_, topic_, 1, {{"max.message.bytes", "20000"}}).ok());
  auto producer = Made({{"compression.type", "none"}, {"batch.size", "5000"}});
  AckThread acks(producer.get());
  constexpr uint64_t kRecords = 2000;
  constexpr uint64_t kLarge = 777;
  uint64_t accepted = 0;
  for (; accepted < kRecords; ++accepted) {
    const std::string value = absl::StrCat(accepted, accepted == kLarge ? std::string(30'000, 'x') : "");
    Record record;
    record.topic = topic_;
    record.value = value;
    record.sequence = accepted;
    if (!ProduceWaiting(*producer, record).ok()) break;
  }
  ASSERT_TRUE(Eventually([&] { return acks.reports().size() == accepted; }));
  EXPECT_EQ(FaultOfStatus(producer->FatalError()), Fault::kInstance) << producer->FatalError();
  uint64_t delivered = 0;
  for (const Report& report : acks.reports()) {
    if (report.fault == Fault::kNone) {
      EXPECT_LT(report.sequence, kLarge);
      ++delivered;
    } else {
      EXPECT_NE(report.fault, Fault::kDestination) << report.reason;
    }
  }
  EXPECT_LE(delivered, kLarge);
  const auto stored = ReadTopic(bootstrap_, topic_);
  ASSERT_TRUE(stored.ok()) << stored.status();
  ASSERT_EQ(stored->size(), delivered);
  for (uint64_t i = 0; i < delivered; ++i) EXPECT_EQ((*stored)[i].value, absl::StrCat(i));
}

TEST_F(ProducerBrokerTest, KeysGoToTheirPartitions) {
  ASSERT_TRUE(CreateTopic(bootstrap_, topic_, 3).ok());
  for (const Partitioner partitioner : {Partitioner::kMurmur2, Partitioner::kFnv1a, Partitioner::kCrc32}) {
    ProducerOptions options = OptionsFor(bootstrap_);
    options.partitioner = partitioner;
    auto producer = *Producer::Create(options);
    AckThread acks(producer.get());
    for (uint64_t i = 0; i < 30; ++i) {
      const std::string key = absl::StrCat("key", i);
      Record record;
      record.topic = topic_;
      record.value = "v";
      record.partition_key = key;
      record.sequence = i;
      ASSERT_TRUE(producer->Produce(record).ok());
    }
    ASSERT_TRUE(Eventually([&] { return acks.reports().size() == 30; }));
    for (const Report& report : acks.reports()) {
      EXPECT_EQ(report.partition, PartitionOf(PartitionHash(partitioner, absl::StrCat("key", report.sequence)), 3));
    }
  }
}

}  // namespace
}  // namespace kafka
