// SPDX-License-Identifier: Apache-2.0

// The delivery against a real broker, named by OUTBOX_TEST_KAFKA (host:port); skipped without one.

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "relay/delivery/delivery_harness.h"
#include "testing/kafka/topic_admin.h"

namespace relay {
namespace {

class DeliveryBrokerTest : public DeliveryHarness {
 protected:
  void SetUp() override {
    const char* const bootstrap = std::getenv("OUTBOX_TEST_KAFKA");
    if (bootstrap == nullptr) GTEST_SKIP() << "OUTBOX_TEST_KAFKA names no broker";
    bootstrap_ = bootstrap;
    topic_ = absl::StrCat("delivery-", getpid(), "-", absl::ToUnixNanos(absl::Now()));
  }

  // Incompressible, so that sizes are what they seem.
  static std::string Text(int number, size_t bytes) {
    std::string text = absl::StrCat(number, ":");
    uint64_t state = static_cast<uint64_t>(number) * 0x9e3779b97f4a7c15 + 1;
    while (text.size() < bytes) {
      state = state * 6364136223846793005 + 1442695040888963407;
      text.push_back(static_cast<char>('!' + (state >> 33) % 90));
    }
    return text;
  }

  std::string topic_;
};

TEST_F(DeliveryBrokerTest, PublishesEveryRowOnceInOrder) {
  ASSERT_TRUE(testing_kafka::CreateTopic(bootstrap_, topic_, 1).ok());
  Start();
  Run(Numbered(topic_, 50'000));
  EXPECT_EQ(Stored(topic_), UpTo(50'000));
  EXPECT_EQ(producers_, 1);
}

// The limit of the topic is on the batch, and below the default batch.
TEST_F(DeliveryBrokerTest, TopicThatTakesOnlySmallBatchesGetsThem) {
  ASSERT_TRUE(testing_kafka::CreateTopic(bootstrap_, topic_, 1, {{"max.message.bytes", "20000"}}).ok());
  Start();
  std::vector<TestRow> rows;
  std::vector<std::string> values;
  for (int i = 0; i < 1000; ++i) {
    values.push_back(Text(i, 500));
    rows.push_back({topic_, values.back()});
  }
  Run(rows);
  EXPECT_THAT(poison_, ::testing::IsEmpty());
  EXPECT_EQ(Stored(topic_), values);
  EXPECT_LT(smallest_batch_, 20'000u);
}

TEST_F(DeliveryBrokerTest, RowTooLargeForItsTopicIsPoisonAndItsNeighboursArePublishedOnceInOrder) {
  ASSERT_TRUE(testing_kafka::CreateTopic(bootstrap_, topic_, 1, {{"max.message.bytes", "300000"}}).ok());
  Start();
  std::vector<TestRow> rows;
  std::vector<std::string> values;
  for (int i = 0; i < 2000; ++i) {
    const bool large = i == 700 || i == 1300;
    rows.push_back({topic_, Text(i, large ? 400'000 : 500)});
    if (!large) values.push_back(rows.back().value);
  }
  Run(rows);
  EXPECT_EQ(poison_.size(), 2u);
  EXPECT_EQ(poison_.count(700), 1u);
  EXPECT_EQ(poison_.count(1300), 1u);
  EXPECT_THAT(poison_[700], ::testing::HasSubstr("MSG_SIZE_TOO_LARGE"));
  EXPECT_EQ(Stored(topic_), values);
}

// A compacted topic takes no record without a key: the broker refuses the whole batch.
TEST_F(DeliveryBrokerTest, RowThatTheBrokersValidationRefusesIsPoison) {
  ASSERT_TRUE(testing_kafka::CreateTopic(bootstrap_, topic_, 1, {{"cleanup.policy", "compact"}}).ok());
  Start({.publish_attempts = 2});
  Run({{topic_, "no key"}});
  ASSERT_EQ(poison_.size(), 1u);
  EXPECT_THAT(poison_[0], ::testing::HasSubstr("INVALID_RECORD"));
}

}  // namespace
}  // namespace relay
