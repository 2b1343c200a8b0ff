// SPDX-License-Identifier: Apache-2.0

// What the producer makes of every answer that a broker can give, asked of
// librdkafka's mock cluster. A mock is no broker: it does not check sequence
// numbers, so these tests keep one request in flight.

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kafka/producer.h"
#include "kafka/producer_harness.h"
#include "testing/kafka/mock_cluster.h"
#include "testing/kafka/topic_reader.h"

namespace kafka {
namespace {

using ::testing::HasSubstr;
using ::testing_kafka::MockCluster;
using ::testing_kafka::ReadTopic;
using ::testing_kafka::StoredRecord;

constexpr uint64_t kRecords = 1000;
constexpr uint64_t kBatch = 100;

std::unique_ptr<Producer> Made(const MockCluster& cluster, std::vector<Property> extra = {}) {
  extra.insert(extra.end(), {{"batch.num.messages", absl::StrCat(kBatch)},
                             {"max.in.flight.requests.per.connection", "1"},
                             {"retry.backoff.ms", "10"},
                             {"topic.metadata.refresh.fast.interval.ms", "20"}});
  absl::StatusOr<std::unique_ptr<Producer>> producer = Producer::Create(OptionsFor(cluster.bootstrap(), extra));
  EXPECT_TRUE(producer.ok()) << producer.status();
  return *std::move(producer);
}

Record Numbered(const std::string& text, uint64_t sequence, absl::string_view topic = "orders") {
  Record record;
  record.topic = topic;
  record.value = text;
  record.key = record.partition_key = "key";
  record.sequence = sequence;
  return record;
}

std::vector<std::string> Values(const MockCluster& cluster) {
  const absl::StatusOr<std::vector<StoredRecord>> stored = ReadTopic(cluster.bootstrap(), "orders");
  EXPECT_TRUE(stored.ok()) << stored.status();
  std::vector<std::string> values;
  for (const StoredRecord& record : *stored) values.push_back(*record.value);
  return values;
}

// The mock writes again what it was sent again: unlike a broker, it does not compare sequence numbers.
std::vector<std::string> FirstOfEach(const std::vector<std::string>& values) {
  std::vector<std::string> first;
  std::set<std::string> seen;
  for (const std::string& value : values) {
    if (seen.insert(value).second) first.push_back(value);
  }
  return first;
}

std::vector<std::string> UpTo(uint64_t end) {
  std::vector<std::string> values;
  for (uint64_t i = 0; i < end; ++i) values.push_back(absl::StrCat(i));
  return values;
}

class ProducerCodeTest : public ::testing::TestWithParam<int> {
 protected:
  // Sends kRecords in order while the broker answers one batch with the code.
  void Run(MockCluster& cluster, Producer& producer, AckThread& acks) {
    cluster.CreateTopic("orders", 1);
    // Both before the first batch, so that batches are full ones.
    ASSERT_TRUE(producer.ProbeTopic("orders", kPatience).ok());
    cluster.SetRoundTrip(20);
    cluster.FailProduce({0, 0, GetParam()});
    for (uint64_t i = 0; i < kRecords; ++i) {
      const std::string text = absl::StrCat(i);
      const absl::Status status = producer.Produce(Numbered(text, i));
      if (!status.ok()) {
        // The failure may come while we are still at it.
        EXPECT_FALSE(producer.FatalError().ok() && FaultOfStatus(status) == Fault::kNone) << status;
        accepted_ = i;
        break;
      }
      accepted_ = i + 1;
    }
    EXPECT_TRUE(Eventually([&] { return acks.reports().size() == accepted_; }))
        << acks.reports().size() << " reports of " << accepted_;
  }

  uint64_t accepted_ = 0;
};

std::string CodeTestName(const ::testing::TestParamInfo<int>& info) { return std::string(CodeName(info.param)); }

class LibraryRetriesTest : public ProducerCodeTest {};

TEST_P(LibraryRetriesTest, AllArriveOnceInOrder) {
  EXPECT_THAT(HandlingOf(GetParam()), ::testing::AnyOf(Handling::kByLibrary, Handling::kDelivered,
                                                       // From a produce request it is retried, from metadata not.
                                                       Handling::kDestination));
  MockCluster cluster;
  auto producer = Made(cluster);
  AckThread acks(producer.get());
  Run(cluster, *producer, acks);
  for (const Report& report : acks.reports()) {
    ASSERT_EQ(report.fault, Fault::kNone) << report.sequence << " " << report.reason;
  }
  EXPECT_TRUE(producer->FatalError().ok());
  if (GetParam() == RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER) return;  // The mock had not written it before.
  EXPECT_EQ(Values(cluster), UpTo(kRecords));
}

INSTANTIATE_TEST_SUITE_P(
    Codes, LibraryRetriesTest,
    ::testing::Values(RD_KAFKA_RESP_ERR_INVALID_MSG, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
                      RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
                      RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
                      RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER),
    CodeTestName);

class InstanceDiesTest : public ProducerCodeTest {};

TEST_P(InstanceDiesTest, NothingOvertakesTheBatchThatFailed) {
  MockCluster cluster;
  auto producer = Made(cluster);
  auto first_acks = std::make_unique<AckThread>(producer.get());
  AckThread& acks = *first_acks;
  Run(cluster, *producer, acks);
  const absl::Status fatal = producer->FatalError();
  EXPECT_TRUE(absl::IsAborted(fatal)) << fatal;
  EXPECT_EQ(FaultOfStatus(fatal), Fault::kInstance);
  const std::string late = "late";
  EXPECT_EQ(FaultOfStatus(producer->Produce(Numbered(late, kRecords))), Fault::kInstance);

  uint64_t delivered = 0;
  int blamed = 0;
  for (const Report& report : acks.reports()) {
    if (report.fault == Fault::kNone) {
      ++delivered;
    } else if (report.code == GetParam()) {
      ++blamed;
      EXPECT_EQ(report.fault, FaultOfCode(GetParam()));
    } else {
      EXPECT_EQ(report.fault, Fault::kRetry) << CodeName(report.code);
    }
  }
  EXPECT_GT(blamed, 0);
  EXPECT_LT(delivered, kRecords);
  // What is stored is what was acknowledged: a beginning without gaps.
  EXPECT_EQ(Values(cluster), UpTo(delivered));

  // The owner's part: a new instance, and everything again that was not
  // acknowledged.
  first_acks.reset();
  producer = Made(cluster);
  AckThread again(producer.get());
  for (uint64_t i = delivered; i < kRecords; ++i) {
    const std::string text = absl::StrCat(i);
    ASSERT_TRUE(ProduceWaiting(*producer, Numbered(text, i)).ok());
  }
  EXPECT_TRUE(Eventually([&] { return again.reports().size() == kRecords - delivered; }));
  EXPECT_EQ(Values(cluster), UpTo(kRecords));
}

INSTANTIATE_TEST_SUITE_P(
    Codes, InstanceDiesTest,
    ::testing::Values(RD_KAFKA_RESP_ERR_UNKNOWN, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
                      RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
                      RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
                      RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE, RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION,
                      RD_KAFKA_RESP_ERR_INVALID_REQUEST, RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT,
                      RD_KAFKA_RESP_ERR_POLICY_VIOLATION, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE,
                      RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
                      RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
                      RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,
                      RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID),
    CodeTestName);

TEST(ProducerFaultsTest, OutageIsWaitedOutWithNothingLostOrTurnedAround) {
  MockCluster cluster(2);
  cluster.CreateTopic("orders", 1);
  auto producer = Made(cluster);
  AckThread acks(producer.get());
  constexpr uint64_t kDownAt = 300;
  size_t in_flight = 0;  // At the most.
  for (uint64_t i = 0; i < kRecords; ++i) {
    if (i == kDownAt) {
      in_flight = kDownAt - acks.reports().size();
      cluster.SetDown();
    }
    if (i == 600) absl::SleepFor(absl::Milliseconds(1500));
    const std::string text = absl::StrCat(i);
    ASSERT_TRUE(ProduceWaiting(*producer, Numbered(text, i)).ok());
  }
  cluster.SetUp();
  ASSERT_TRUE(Eventually([&] { return acks.reports().size() == kRecords; }));
  for (const Report& report : acks.reports()) EXPECT_EQ(report.fault, Fault::kNone) << report.reason;
  const std::vector<std::string> values = Values(cluster);
  EXPECT_EQ(FirstOfEach(values), UpTo(kRecords));
  EXPECT_LE(values.size(), kRecords + in_flight);
}

TEST(ProducerFaultsTest, LeaderMayMove) {
  MockCluster cluster(3);
  cluster.CreateTopic("orders", 1);
  auto producer = Made(cluster);
  AckThread acks(producer.get());
  for (uint64_t i = 0; i < kRecords; ++i) {
    if (i % 100 == 0) cluster.SetLeader("orders", 0, static_cast<int>(i / 100 % 3) + 1);
    const std::string text = absl::StrCat(i);
    ASSERT_TRUE(ProduceWaiting(*producer, Numbered(text, i)).ok());
  }
  ASSERT_TRUE(Eventually([&] { return acks.reports().size() == kRecords; }));
  for (const Report& report : acks.reports()) EXPECT_EQ(report.fault, Fault::kNone) << report.reason;
  EXPECT_EQ(Values(cluster), UpTo(kRecords));
}

class TopicFaultTest : public ::testing::TestWithParam<int> {};

TEST_P(TopicFaultTest, TopicIsClosedUntilReopenedAndOthersGoOn) {
  MockCluster cluster;
  cluster.CreateTopic("orders", 1);
  cluster.CreateTopic("others", 1);
  cluster.SetTopicError("orders", GetParam());
  auto producer = Made(cluster, {{"topic.metadata.propagation.max.ms", "100"}});
  AckThread acks(producer.get());
  uint64_t accepted = 0;
  absl::Status status;
  ASSERT_TRUE(Eventually([&] {
    const std::string text = absl::StrCat(accepted);
    status = producer->Produce(Numbered(text, accepted));
    if (status.ok()) ++accepted;
    return !status.ok();
  }));
  EXPECT_EQ(FaultOfStatus(status), Fault::kDestination) << status;
  EXPECT_EQ(absl::IsPermissionDenied(status), GetParam() == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  ASSERT_TRUE(Eventually([&] { return acks.reports().size() == accepted; }));
  for (const Report& report : acks.reports()) {
    EXPECT_EQ(report.fault, Fault::kDestination) << report.reason;
    EXPECT_EQ(report.topic, "orders");
  }
  EXPECT_TRUE(producer->FatalError().ok()) << producer->FatalError();
  EXPECT_FALSE(producer->ProbeTopic("orders", kPatience).ok());

  const std::string text = "other";
  EXPECT_TRUE(producer->Produce(Numbered(text, accepted, "others")).ok());
  ASSERT_TRUE(Eventually([&] { return acks.reports().size() == accepted + 1; }));
  EXPECT_EQ(acks.reports().back().fault, Fault::kNone);

  // The topic comes back: still closed, so that nothing overtakes what failed.
  cluster.SetTopicError("orders", 0);
  ASSERT_TRUE(Eventually([&] { return producer->ProbeTopic("orders", kPatience).ok(); }));
  EXPECT_EQ(FaultOfStatus(producer->Produce(Numbered(text, accepted))), Fault::kDestination);
  producer->ReopenTopic("orders");
  for (uint64_t i = 0; i < 100; ++i) {
    const std::string number = absl::StrCat(i);
    ASSERT_TRUE(producer->Produce(Numbered(number, accepted + 1 + i)).ok());
  }
  ASSERT_TRUE(Eventually([&] { return acks.reports().size() == accepted + 101; }));
  EXPECT_EQ(Values(cluster), UpTo(100));
}

INSTANTIATE_TEST_SUITE_P(Codes, TopicFaultTest,
                         ::testing::Values(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
                                           RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                           RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION),
                         CodeTestName);

TEST(ProducerFaultsTest, TopicThatDisappearsUnderQueuedRecordsClosesBeforeTheirReportsAreSeen) {
  MockCluster cluster;
  cluster.CreateTopic("orders", 1);
  auto producer =
      Made(cluster, {{"topic.metadata.refresh.interval.ms", "100"}, {"topic.metadata.propagation.max.ms", "200"}});
  ASSERT_TRUE(producer->ProbeTopic("orders", kPatience).ok());
  cluster.SetRoundTrip(300);
  const std::string text = "x";
  for (uint64_t i = 0; i < kRecords; ++i) ASSERT_TRUE(producer->Produce(Numbered(text, i)).ok());
  cluster.SetTopicError("orders", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  // Nobody polls yet.
  absl::Status status;
  ASSERT_TRUE(Eventually([&] {
    status = producer->Produce(Numbered(text, kRecords));
    return !status.ok();
  }));
  cluster.SetTopicError("orders", 0);
  ASSERT_TRUE(Eventually([&] { return producer->ProbeTopic("orders", kPatience).ok(); }));
  EXPECT_EQ(FaultOfStatus(producer->Produce(Numbered(text, kRecords))), Fault::kDestination);
}

TEST(ProducerFaultsTest, DeniedIdempotenceNamesTheAcl) {
  MockCluster cluster;
  cluster.CreateTopic("orders", 1);
  // InitProducerId's answers.
  cluster.FailInitProducerId({RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED});
  auto producer = Made(cluster);
  ASSERT_TRUE(Eventually([&] { return !producer->FatalError().ok(); }));
  EXPECT_THAT(std::string(producer->FatalError().message()), HasSubstr("IdempotentWrite"));
}

TEST(ProducerFaultsTest, EndsSoonAfterAFatalError) {
  MockCluster cluster;
  cluster.CreateTopic("orders", 1);
  ProducerOptions options = OptionsFor(cluster.bootstrap());
  options.destroy_timeout = 2 * kPatience;  // What waits for it is seen.
  auto created = Producer::Create(options);
  ASSERT_TRUE(created.ok()) << created.status();
  std::unique_ptr<Producer> producer = *std::move(created);
  ASSERT_TRUE(producer->ProbeTopic("orders", kPatience).ok());
  cluster.FailProduce({RD_KAFKA_RESP_ERR_UNKNOWN});
  const std::string text = "x";
  for (uint64_t i = 0; i < kRecords; ++i) {
    if (!producer->Produce(Numbered(text, i)).ok()) break;
  }
  ASSERT_TRUE(Eventually([&] { return !producer->FatalError().ok(); }));
  const absl::Time begin = absl::Now();
  producer.reset();
  EXPECT_LT(absl::Now() - begin, kPatience / 2);
}

TEST(ProducerFaultsTest, SmallerBatchHalvesDownToAKilobyte) {
  EXPECT_EQ(SmallerBatch(10'000), 5'000u);
  EXPECT_EQ(SmallerBatch(1'500), 1'024u);
  EXPECT_EQ(SmallerBatch(1'024), 1'024u);
}

}  // namespace
}  // namespace kafka
