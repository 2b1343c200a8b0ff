// SPDX-License-Identifier: Apache-2.0

// The delivery against librdkafka's mock cluster, whose brokers fail as told: rows go in as the stream thread sends
// them, and what stands in the topics at the end is compared.

#include "relay/delivery/delivery.h"

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "relay/delivery/delivery_harness.h"
#include "testing/kafka/mock_cluster.h"

namespace relay {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing_kafka::MockCluster;

// rd_kafka_resp_err_t
constexpr int kUnknown = -1;
constexpr int kUnknownTopic = 3;
constexpr int kTooLarge = 10;
constexpr int kNotAuthorized = 29;
constexpr int kInvalidRecord = 87;
constexpr int kQuotaExceeded = 89;

class DeliveryTest : public DeliveryHarness {
 protected:
  DeliveryTest() {
    cluster_.CreateTopic("orders", 1);
    cluster_.CreateTopic("others", 1);
    bootstrap_ = cluster_.bootstrap();
  }

  void Start(FaultPolicy::Options policy = {}, std::vector<kafka::Property> properties = {}) {
    properties.insert(properties.end(), {{"max.in.flight.requests.per.connection", "1"},
                                         {"batch.num.messages", "50"},
                                         {"retry.backoff.ms", "10"},
                                         {"topic.metadata.propagation.max.ms", "200"}});
    DeliveryHarness::Start(policy, std::move(properties));
  }

  MockCluster cluster_;
};

TEST_F(DeliveryTest, PublishesEveryRowOnceInOrder) {
  Start();
  Run(Numbered("orders", 1000));
  EXPECT_EQ(Stored("orders"), UpTo(1000));
  EXPECT_EQ(producers_, 1);
}

TEST_F(DeliveryTest, ProducerThatDiesLosesNothingAndTurnsNothingAround) {
  Start();
  cluster_.FailProduce({0, kUnknown, 0, 0, kQuotaExceeded});
  Run(Numbered("orders", 1000));
  EXPECT_EQ(Stored("orders"), UpTo(1000));
  EXPECT_THAT(poison_, IsEmpty());
  EXPECT_GE(producers_, 3);
}

TEST_F(DeliveryTest, BatchTooLargeIsSentRowByRowAndThenInSmallerBatches) {
  Start();
  cluster_.FailProduce({0, kTooLarge});
  Run(Numbered("orders", 300));
  EXPECT_EQ(Stored("orders"), UpTo(300));
  EXPECT_THAT(poison_, IsEmpty());
  EXPECT_GT(smallest_batch_, 0u);
  EXPECT_LT(smallest_batch_, kafka::kDefaultBatchBytes);
}

TEST_F(DeliveryTest, RowThatFailsAloneIsPoisonAfterItsAttemptsAndNeighboursAreNot) {
  Start({.publish_attempts = 3});
  // One row is all there is, so its batch and its three tries alone.
  cluster_.FailProduce({kInvalidRecord, kInvalidRecord, kInvalidRecord, kInvalidRecord});
  std::vector<TestRow> rows = Numbered("orders", 1);
  Run(rows);
  ASSERT_EQ(poison_.size(), 1u);
  EXPECT_THAT(poison_[0], ::testing::HasSubstr("INVALID_RECORD"));
  EXPECT_THAT(Stored("orders"), IsEmpty());
}

TEST_F(DeliveryTest, RowThatPassesAtItsLastAttemptIsNoPoison) {
  Start({.publish_attempts = 3});
  cluster_.FailProduce({kInvalidRecord, kInvalidRecord, kInvalidRecord});
  Run(Numbered("orders", 1));
  EXPECT_THAT(poison_, IsEmpty());
  EXPECT_THAT(Stored("orders"), ElementsAre("0"));
}

TEST_F(DeliveryTest, RowKnownToBeTooLargeIsPoisonWithoutATry) {
  Start({}, {{"message.max.bytes", "2000"}});
  std::vector<TestRow> rows = Numbered("orders", 3);
  rows[1].value = std::string(3000, 'x');
  Run(rows);
  ASSERT_EQ(poison_.size(), 1u);
  EXPECT_THAT(poison_[1], ::testing::HasSubstr("message.max.bytes"));
  EXPECT_THAT(Stored("orders"), ElementsAre("0", "2"));
  EXPECT_EQ(producers_, 1);
}

class DeliveryTopicTest : public DeliveryTest, public ::testing::WithParamInterface<int> {};

TEST_P(DeliveryTopicTest, HeldTopicLetsOthersPassAndGoesOnInOrder) {
  Start();
  cluster_.SetTopicError("orders", GetParam());
  std::vector<TestRow> rows;
  for (int i = 0; i < 400; ++i) rows.push_back({i % 2 == 0 ? "orders" : "others", absl::StrCat(i / 2)});
  std::atomic<bool> done{false};
  std::thread cure([&] {
    // Until the others are through, and the topic is held.
    while (!done.load() && (metrics_.rows_published.value() < 200 || policy_->held_topics().empty())) {
      absl::SleepFor(absl::Milliseconds(10));
    }
    cluster_.SetTopicError("orders", 0);
  });
  Run(rows);
  done.store(true);
  cure.join();
  EXPECT_THAT(poison_, IsEmpty());
  EXPECT_EQ(Stored("orders"), UpTo(200));
  EXPECT_EQ(Stored("others"), UpTo(200));
}

TEST_P(DeliveryTopicTest, RowsOfATopicThatStaysAwayArePoisonAfterTheGrace) {
  Start({.topic_error_grace = absl::Seconds(2)});
  cluster_.SetTopicError("orders", GetParam());
  std::vector<TestRow> rows;
  for (int i = 0; i < 20; ++i) rows.push_back({i % 2 == 0 ? "orders" : "others", absl::StrCat(i / 2)});
  Run(rows);
  EXPECT_EQ(poison_.size(), 10u);
  for (const auto& [index, reason] : poison_) EXPECT_EQ(index % 2, 0u);
  EXPECT_EQ(Stored("others"), UpTo(10));
}

INSTANTIATE_TEST_SUITE_P(Codes, DeliveryTopicTest, ::testing::Values(kUnknownTopic, kNotAuthorized),
                         [](const auto& info) { return info.param == kUnknownTopic ? "Unknown" : "NotAuthorized"; });

}  // namespace
}  // namespace relay
