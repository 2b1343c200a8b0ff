// SPDX-License-Identifier: Apache-2.0

#include "kafka/producer.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kafka/producer_harness.h"
#include "testing/kafka/mock_cluster.h"
#include "testing/kafka/topic_reader.h"

namespace kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing_kafka::MockCluster;
using ::testing_kafka::ReadTopic;
using ::testing_kafka::StoredRecord;

std::unique_ptr<Producer> Made(const ProducerOptions& options) {
  absl::StatusOr<std::unique_ptr<Producer>> producer = Producer::Create(options);
  EXPECT_TRUE(producer.ok()) << producer.status();
  return *std::move(producer);
}

TEST(ProducerTest, RecordArrivesByteForByte) {
  MockCluster cluster;
  cluster.CreateTopic("orders", 1);
  auto producer = Made(OptionsFor(cluster.bootstrap()));
  AckThread acks(producer.get());
  const std::string value("{\"a\": \"\xc3\xa9\"}\0tail", 16);
  const Header headers[] = {
      {"traceparent", "00-ab-cd-01"}, {"empty", ""}, {"null", std::nullopt}, {"traceparent", "again"}};
  Record record;
  record.topic = "orders";
  record.key = absl::string_view("k\0y", 3);
  record.value = value;
  record.headers = headers;
  record.timestamp = absl::FromUnixMillis(1700000000123);
  record.sequence = 7;
  ASSERT_TRUE(producer->Produce(record).ok());
  record.key = std::nullopt;
  record.value = std::nullopt;
  record.headers = {};
  record.timestamp = std::nullopt;
  record.sequence = 8;
  ASSERT_TRUE(producer->Produce(record).ok());
  record.key = "";
  record.value = "";
  record.sequence = 9;
  const absl::Time before = absl::Now() - absl::Seconds(1);
  ASSERT_TRUE(producer->Produce(record).ok());
  ASSERT_TRUE(Eventually([&] { return acks.reports().size() == 3; }));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(acks.reports()[i].fault, Fault::kNone);
    EXPECT_EQ(acks.reports()[i].sequence, 7 + i);
    EXPECT_EQ(acks.reports()[i].offset, static_cast<int64_t>(i));
    EXPECT_EQ(acks.reports()[i].topic, "orders");
  }
  const auto stored = ReadTopic(cluster.bootstrap(), "orders");
  ASSERT_TRUE(stored.ok()) << stored.status();
  ASSERT_EQ(stored->size(), 3u);
  const StoredRecord& first = (*stored)[0];
  EXPECT_EQ(first.key, std::string("k\0y", 3));
  EXPECT_EQ(first.value, value);
  EXPECT_EQ(first.timestamp, absl::FromUnixMillis(1700000000123));
  ASSERT_EQ(first.headers.size(), 4u);
  EXPECT_EQ(first.headers[0].first, "traceparent");
  EXPECT_EQ(first.headers[0].second, "00-ab-cd-01");
  EXPECT_EQ(first.headers[1].second, "");
  EXPECT_EQ(first.headers[2].second, std::nullopt);
  EXPECT_EQ(first.headers[3].second, "again");
  EXPECT_EQ((*stored)[1].key, std::nullopt);
  EXPECT_EQ((*stored)[1].value, std::nullopt);
  EXPECT_TRUE((*stored)[1].headers.empty());
  EXPECT_EQ((*stored)[2].key, "");
  EXPECT_EQ((*stored)[2].value, "");
  EXPECT_GE((*stored)[2].timestamp, before);
  // Their room comes free behind the last report.
  EXPECT_TRUE(Eventually([&] { return producer->queued_records() == 0 && producer->queued_bytes() == 0; }));
}

class ProducerPartitionTest : public ::testing::TestWithParam<Partitioner> {};

// The first records are queued before the topic's partitions are known, the
// last ones after that: both ways lead to the same partition.
TEST_P(ProducerPartitionTest, FollowsThePartitionKeyNotTheKey) {
  MockCluster cluster;
  cluster.CreateTopic("orders", 7);
  ProducerOptions options = OptionsFor(cluster.bootstrap());
  options.partitioner = GetParam();
  auto producer = Made(options);
  AckThread acks(producer.get());
  std::map<uint64_t, int32_t> expected;
  for (uint64_t i = 0; i < 400; ++i) {
    if (i == 200) {
      ASSERT_TRUE(Eventually([&] { return acks.reports().size() == 200; }));
    }
    const std::string key = absl::StrCat("key", i);
    const std::string partition_key = absl::StrCat("group", i % 20);
    Record record;
    record.topic = "orders";
    record.value = "v";
    record.sequence = i;
    if (i % 3 != 0) record.key = key;
    record.partition_key = i % 3 == 1 ? key : partition_key;
    expected[i] = PartitionOf(PartitionHash(GetParam(), *record.partition_key), 7);
    ASSERT_TRUE(producer->Produce(record).ok());
  }
  ASSERT_TRUE(Eventually([&] { return acks.reports().size() == 400; }));
  for (const Report& report : acks.reports()) {
    ASSERT_EQ(report.fault, Fault::kNone);
    EXPECT_EQ(report.partition, expected[report.sequence]) << report.sequence;
  }
}

INSTANTIATE_TEST_SUITE_P(All, ProducerPartitionTest,
                         ::testing::Values(Partitioner::kMurmur2, Partitioner::kFnv1a, Partitioner::kCrc32),
                         [](const auto& info) { return std::string(PartitionerName(info.param)); });

TEST(ProducerTest, KeylessRecordsStickToAPartitionAndThenMove) {
  MockCluster cluster;
  cluster.CreateTopic("orders", 8);
  auto producer = Made(OptionsFor(cluster.bootstrap()));
  AckThread acks(producer.get());
  const auto partitions_from = [&](uint64_t first) {
    std::map<uint64_t, int32_t> partitions;
    for (const Report& report : acks.reports()) {
      if (report.sequence >= first) partitions[report.sequence] = report.partition;
    }
    return partitions;
  };
  const auto all_eight = [](const std::map<uint64_t, int32_t>& partitions) {
    std::set<int32_t> different;
    for (const auto& [sequence, partition] : partitions) different.insert(partition);
    return different.size() == 8;
  };
  Record record;
  record.topic = "orders";
  record.value = "v";
  // They stick to none whose leader is not connected yet.
  constexpr uint64_t kKeyed = 200;
  for (; record.sequence < kKeyed; ++record.sequence) {
    const std::string key = absl::StrCat(record.sequence);
    record.partition_key = key;
    ASSERT_TRUE(producer->Produce(record).ok());
  }
  ASSERT_TRUE(Eventually([&] { return acks.reports().size() == kKeyed; }));
  ASSERT_TRUE(all_eight(partitions_from(0)));

  record.partition_key = std::nullopt;
  const absl::Time begin = absl::Now();
  ASSERT_TRUE(Eventually([&] {
    for (int i = 0; i < 50; ++i, ++record.sequence) EXPECT_TRUE(ProduceWaiting(*producer, record).ok());
    return all_eight(partitions_from(kKeyed));
  }));
  const int64_t moves_by_time = (absl::Now() - begin) / absl::Milliseconds(10) + 1;
  const std::map<uint64_t, int32_t> partitions = partitions_from(kKeyed);
  int64_t moves = 0;
  for (auto next = partitions.begin(), last = next++; next != partitions.end(); last = next++) {
    if (next->second != last->second) ++moves;
  }
  EXPECT_LE(moves, moves_by_time) << "of " << partitions.size();
}

TEST(ProducerTest, KeepsTheOrderOfEachPartition) {
  MockCluster cluster(3);
  cluster.CreateTopic("orders", 6);
  auto producer = Made(OptionsFor(cluster.bootstrap()));
  AckThread acks(producer.get());
  constexpr uint64_t kRecords = 30'000;
  for (uint64_t i = 0; i < kRecords; ++i) {
    const std::string key = absl::StrCat(i % 100);
    const std::string value = absl::StrCat(i);
    Record record;
    record.topic = "orders";
    record.key = record.partition_key = key;
    record.value = value;
    record.sequence = i;
    ASSERT_TRUE(ProduceWaiting(*producer, record).ok());
  }
  ASSERT_TRUE(Eventually([&] { return acks.reports().size() == kRecords; }));
  const auto stored = ReadTopic(cluster.bootstrap(), "orders");
  ASSERT_TRUE(stored.ok()) << stored.status();
  ASSERT_EQ(stored->size(), kRecords);
  for (size_t i = 1; i < stored->size(); ++i) {
    if ((*stored)[i].partition != (*stored)[i - 1].partition) continue;
    int previous = 0;
    int next = 0;
    ASSERT_TRUE(absl::SimpleAtoi(*(*stored)[i - 1].value, &previous));
    ASSERT_TRUE(absl::SimpleAtoi(*(*stored)[i].value, &next));
    ASSERT_LT(previous, next);
  }
}

TEST(ProducerTest, FullQueueIsSaidAndEmptiesWhenTheBrokerComesBack) {
  MockCluster cluster;
  cluster.CreateTopic("orders", 1);
  ProducerOptions options = OptionsFor(cluster.bootstrap());
  options.max_queued_bytes = 256 << 10;
  auto producer = Made(options);
  AckThread acks(producer.get());
  ASSERT_TRUE(producer->Reachable(kPatience).ok());
  cluster.SetDown();
  const std::string value(1000, 'x');
  Record record;
  record.topic = "orders";
  record.value = value;
  absl::Status status;
  while ((status = producer->Produce(record)).ok()) ++record.sequence;
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_LE(producer->queued_bytes(), options.max_queued_bytes);
  EXPECT_GT(producer->queued_bytes(), options.max_queued_bytes - 2000);
  EXPECT_EQ(producer->queued_records(), record.sequence);
  EXPECT_FALSE(producer->WaitForRoom(absl::Milliseconds(50)));
  EXPECT_TRUE(absl::IsDeadlineExceeded(producer->Flush(absl::Milliseconds(50))));
  EXPECT_TRUE(absl::IsUnavailable(producer->Reachable(absl::Milliseconds(50))));

  cluster.SetUp();
  ASSERT_TRUE(Eventually([&] { return producer->WaitForRoom(absl::Milliseconds(100)); }));
  EXPECT_TRUE(producer->Produce(record).ok());
  EXPECT_TRUE(producer->Flush(kPatience).ok());
  ASSERT_TRUE(Eventually([&] { return acks.reports().size() == record.sequence + 1; }));
  for (const Report& report : acks.reports()) {
    EXPECT_EQ(report.fault, Fault::kNone) << report.reason;
  }
  EXPECT_EQ(producer->queued_bytes(), 0u);
}

TEST(ProducerTest, RecordLargerThanTheQueueGoesAlone) {
  MockCluster cluster;
  cluster.CreateTopic("orders", 1);
  ProducerOptions options = OptionsFor(cluster.bootstrap());
  options.max_queued_bytes = 10'000;
  auto producer = Made(options);
  AckThread acks(producer.get());
  const std::string value(500'000, 'x');
  for (uint64_t i = 0; i < 5; ++i) {
    Record record;
    record.topic = "orders";
    record.value = value;
    record.sequence = i;
    ASSERT_TRUE(ProduceWaiting(*producer, record).ok());
    EXPECT_LE(producer->queued_records(), 1u);
  }
  ASSERT_TRUE(Eventually([&] { return acks.reports().size() == 5; }));
}

TEST(ProducerTest, TooLargeIsKnownBeforeItIsSent) {
  MockCluster cluster;
  cluster.CreateTopic("orders", 1);
  auto producer = Made(OptionsFor(cluster.bootstrap(), {{"message.max.bytes", "5000"}}));
  AckThread acks(producer.get());
  const std::string large(6000, 'x');
  Record record;
  record.topic = "orders";
  record.value = large;
  const Header headers[] = {{"name", "value"}};
  record.headers = headers;
  const absl::Status status = producer->Produce(record);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(FaultOfStatus(status), Fault::kRow);
  EXPECT_EQ(CodeName(CodeOfStatus(status)), "MSG_SIZE_TOO_LARGE");
  EXPECT_THAT(std::string(status.message()), HasSubstr("message.max.bytes=5000"));
  EXPECT_EQ(producer->queued_records(), 0u);
  EXPECT_EQ(producer->queued_bytes(), 0u);
  record.value = "small";
  EXPECT_TRUE(producer->Produce(record).ok());
  ASSERT_TRUE(Eventually([&] { return acks.reports().size() == 1; }));
  EXPECT_EQ(acks.reports()[0].fault, Fault::kNone);
}

TEST(ProducerTest, TopicNameThatKafkaForbidsIsARowFault) {
  MockCluster cluster;
  auto producer = Made(OptionsFor(cluster.bootstrap()));
  for (const std::string& name : {std::string(""), std::string("."), std::string(".."), std::string("with space"),
                                  std::string("\xc3\xa9"), std::string(250, 'x')}) {
    Record record;
    record.topic = name;
    record.value = "v";
    const absl::Status status = producer->Produce(record);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << name;
    EXPECT_EQ(FaultOfStatus(status), Fault::kRow);
  }
  Record record;
  const std::string longest(249, 'x');
  record.topic = longest;
  EXPECT_TRUE(producer->Produce(record).ok());
}

TEST(ProducerTest, PurgedRecordsAreReportedForRetry) {
  MockCluster cluster;
  cluster.CreateTopic("orders", 1);
  auto producer = Made(OptionsFor(cluster.bootstrap()));
  AckThread acks(producer.get());
  cluster.SetDown();
  Record record;
  record.topic = "orders";
  record.value = "v";
  for (record.sequence = 0; record.sequence < 100; ++record.sequence) {
    ASSERT_TRUE(producer->Produce(record).ok());
  }
  producer->Purge();
  ASSERT_TRUE(Eventually([&] { return acks.reports().size() == 100; }));
  for (const Report& report : acks.reports()) {
    EXPECT_EQ(report.fault, Fault::kRetry) << report.reason;
  }
  // Their room comes free behind the last report.
  EXPECT_TRUE(Eventually([&] { return producer->queued_records() == 0; }));
}

TEST(ProducerTest, EndsSoonWithRecordsInFlightOrNoBroker) {
  MockCluster cluster;
  cluster.CreateTopic("orders", 1);
  ProducerOptions options = OptionsFor(cluster.bootstrap());
  options.destroy_timeout = 2 * kPatience;
  absl::Time begin;
  {
    auto producer = Made(options);
    ASSERT_TRUE(producer->ProbeTopic("orders", kPatience).ok());
    cluster.SetRoundTrip(60'000);
    Record record;
    record.topic = "orders";
    record.value = "v";
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(producer->Produce(record).ok());
    absl::SleepFor(absl::Milliseconds(50));
    begin = absl::Now();
  }
  // Neither its own patience nor the broker's answer was waited for.
  EXPECT_LT(absl::Now() - begin, kPatience / 2);
  {
    auto producer = Made(OptionsFor("127.0.0.1:1,nowhere.invalid:9092"));
    Record record;
    record.topic = "orders";
    record.value = "v";
    ASSERT_TRUE(producer->Produce(record).ok());
    EXPECT_TRUE(absl::IsUnavailable(producer->Reachable(absl::Milliseconds(300))));
    begin = absl::Now();
  }
  // A name server that does not answer may take all of destroy_timeout.
  EXPECT_LT(absl::Now() - begin, kPatience / 2);
}

TEST(ProducerTest, ClosedPortIsNamed) {
  auto producer = Made(OptionsFor("127.0.0.1:1"));
  absl::Status status;
  ASSERT_TRUE(Eventually([&] {
    status = producer->Reachable(absl::Milliseconds(100));
    return status.message().find("refused") != absl::string_view::npos;
  })) << status;
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("KAFKA_HOST")));
}

TEST(ProducerTest, BadPropertyIsNamedAndSecretsAreNot) {
  const absl::Status unknown = Producer::Create(OptionsFor("k:9092", {{"no.such.property", "1"}})).status();
  EXPECT_TRUE(absl::IsInvalidArgument(unknown));
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("no.such.property"));
  const absl::Status range = Producer::Create(OptionsFor("k:9092", {{"linger.ms", "lots"}})).status();
  EXPECT_TRUE(absl::IsInvalidArgument(range));
  EXPECT_THAT(std::string(range.message()), HasSubstr("linger.ms"));
  const absl::Status secret =
      Producer::Create(OptionsFor("k:9092", {{"ssl.key.pem", "s3cret"}, {"security.protocol", "ssl"}})).status();
  EXPECT_TRUE(absl::IsInvalidArgument(secret)) << secret;
  EXPECT_THAT(std::string(secret.message()), Not(HasSubstr("s3cret")));
}

TEST(ProducerTest, LogsGoToTheSink) {
  absl::Mutex mutex;
  std::vector<std::string> lines;
  ProducerOptions options = OptionsFor("127.0.0.1:1");
  options.log = [&](int, absl::string_view facility, absl::string_view text) {
    absl::MutexLock lock(&mutex);
    lines.push_back(absl::StrCat(facility, " ", text));
  };
  auto producer = Made(options);
  EXPECT_TRUE(Eventually([&] {
    absl::MutexLock lock(&mutex);
    return !lines.empty();
  }));
}

}  // namespace
}  // namespace kafka
