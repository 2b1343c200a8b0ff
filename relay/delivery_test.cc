// SPDX-License-Identifier: Apache-2.0

// The delivery against librdkafka's mock cluster, whose brokers fail as told: rows go in as the stream thread sends
// them, and what stands in the topics at the end is compared.

#include "relay/delivery.h"

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kafka/client_properties.h"
#include "testing/kafka/mock_cluster.h"
#include "testing/kafka/topic_reader.h"

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

constexpr absl::Duration kPatience = absl::Seconds(40);

struct TestRow {
  std::string topic;
  std::string value;
};

class DeliveryTest : public ::testing::Test {
 protected:
  DeliveryTest() : metrics_("test") {
    cluster_.CreateTopic("orders", 1);
    cluster_.CreateTopic("others", 1);
  }
  ~DeliveryTest() override {
    ack_stop_.store(true);
    if (ack_thread_.joinable()) ack_thread_.join();
  }

  void Start(FaultPolicy::Options policy = {}, std::vector<kafka::Property> properties = {}) {
    properties.insert(properties.end(), {{"max.in.flight.requests.per.connection", "1"},
                                         {"batch.num.messages", "50"},
                                         {"retry.backoff.ms", "10"},
                                         {"topic.metadata.propagation.max.ms", "200"}});
    tracker_ =
        std::make_unique<AckTracker>(AckTracker::Limits{}, LowWaterMark{}, [](size_t, absl::Span<const uint64_t>) {});
    policy_ = std::make_unique<FaultPolicy>(policy, relay::base::RealClock());
    delivery_ = std::make_unique<Delivery>(
        [this, properties](size_t batch_bytes) -> absl::StatusOr<std::unique_ptr<kafka::Producer>> {
          kafka::ClientSettings settings;
          settings.brokers = cluster_.bootstrap();
          settings.properties = properties;
          kafka::ProducerOptions options;
          options.properties = *kafka::ClientProperties(settings);
          options.batch_bytes = batch_bytes;
          ++producers_;
          smallest_batch_ = batch_bytes;
          return kafka::Producer::Create(options);
        },
        tracker_.get(), policy_.get(), &metrics_, &board_, [] {}, &stop_, relay::base::RealClock());
    ASSERT_TRUE(delivery_->Start().ok());
    ack_thread_ = std::thread([this] {
      while (!ack_stop_.load()) delivery_->Poll(absl::Milliseconds(20));
    });
  }

  // The stream thread: transactions of one row each, read again from the low-water mark whenever the delivery wants it,
  // until every row is published or poison.
  void Run(const std::vector<TestRow>& rows) {
    const absl::Time deadline = absl::Now() + kPatience;
    size_t next = 0;
    while (true) {
      ASSERT_LT(absl::Now(), deadline) << "still waiting at row " << next;
      if (delivery_->rewind_needed()) {
        ASSERT_TRUE(delivery_->Recover().ok());
        next = tracker_->Rewind().position.offset;
        continue;
      }
      if (next == rows.size()) {
        if (tracker_->progress().rows_waiting == 0) return;
        absl::SleepFor(absl::Milliseconds(5));
        continue;
      }
      if (SendOne(rows[next], next)) ++next;
    }
  }

  // False when the row has to be sent again after a recovery.
  bool SendOne(const TestRow& row, size_t index) {
    cdc::StreamItem item;
    item.kind = cdc::StreamItem::Kind::kTransaction;
    item.begin = {"binlog.000001", index};
    item.end = {"binlog.000001", index + 1};
    item.commit_time = absl::Now();
    tracker_->Begin(item);
    const RowKey key{0, index + 1};
    const AckTracker::Ticket ticket = tracker_->Add(key);
    if (!ticket.settled) {
      kafka::Record record;
      record.topic = row.topic;
      record.value = row.value;
      Delivery::Poison poison;
      switch (delivery_->Send({key, ticket.ordinal, item.commit_time}, &record, &poison)) {
        case Delivery::Result::kSent:
        case Delivery::Result::kHeld:
          break;
        case Delivery::Result::kPoison:
          poison_[index] = poison.reason;
          tracker_->Settle(ticket.ordinal);
          policy_->Forget(key);
          break;
        case Delivery::Result::kRewind:
        case Delivery::Result::kStopped:
          return false;
      }
    }
    tracker_->End();
    return true;
  }

  static std::vector<TestRow> Numbered(const std::string& topic, int count) {
    std::vector<TestRow> rows;
    for (int i = 0; i < count; ++i) rows.push_back({topic, absl::StrCat(i)});
    return rows;
  }

  std::vector<std::string> Stored(const std::string& topic) {
    const auto records = testing_kafka::ReadTopic(cluster_.bootstrap(), topic);
    EXPECT_TRUE(records.ok()) << records.status();
    std::vector<std::string> values;
    for (const testing_kafka::StoredRecord& record : *records) values.push_back(*record.value);
    return values;
  }

  static std::vector<std::string> UpTo(int count) {
    std::vector<std::string> values;
    for (int i = 0; i < count; ++i) values.push_back(absl::StrCat(i));
    return values;
  }

  MockCluster cluster_;
  Metrics metrics_;
  StatusBoard board_;
  absl::Notification stop_;
  std::unique_ptr<AckTracker> tracker_;
  std::unique_ptr<FaultPolicy> policy_;
  std::unique_ptr<Delivery> delivery_;
  std::thread ack_thread_;
  std::atomic<bool> ack_stop_{false};
  std::map<size_t, std::string> poison_;
  int producers_ = 0;
  size_t smallest_batch_ = 0;
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
