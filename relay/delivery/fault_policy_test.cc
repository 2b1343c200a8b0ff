// SPDX-License-Identifier: Apache-2.0
#include "relay/delivery/fault_policy.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace relay {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Action = FaultPolicy::Action;

class FaultPolicyTest : public ::testing::Test {
 protected:
  void FailRow(RowKey row) { policy_.Failed(row, "orders", kafka::Fault::kRow, 10, "too large"); }
  void FailTopic(RowKey row) { policy_.Failed(row, "orders", kafka::Fault::kDestination, 3, "unknown topic"); }
  Action Judge(RowKey row) { return policy_.Judge(row, "orders").action; }

  relay::base::FakeClock clock_;
  FaultPolicy policy_{{.publish_attempts = 2, .poison_limit_per_minute = 3}, &clock_};
  const RowKey a_{0, 1}, b_{0, 2}, c_{0, 3};
};

TEST_F(FaultPolicyTest, EachRowOfAFailedBatchIsTriedAloneAndOnlyTheGuiltyIsPoison) {
  FailRow(a_);
  FailRow(b_);
  EXPECT_FALSE(policy_.quiet());
  EXPECT_EQ(Judge(a_), Action::kSendAlone);
  policy_.Delivered(a_, "orders");
  EXPECT_EQ(Judge(a_), Action::kSend);
  EXPECT_EQ(Judge(b_), Action::kSendAlone);
  FailRow(b_);
  EXPECT_EQ(Judge(b_), Action::kSendAlone);
  FailRow(b_);
  const FaultPolicy::Verdict verdict = policy_.Judge(b_, "orders");
  EXPECT_EQ(verdict.action, Action::kPoison);
  EXPECT_EQ(verdict.attempts, 2);
  EXPECT_EQ(verdict.reason, "too large");
  policy_.Forget(b_);
  EXPECT_TRUE(policy_.quiet());
}

TEST_F(FaultPolicyTest, ManyPoisonRowsInAMinuteAreAnOutage) {
  for (uint64_t id = 10; id < 13; ++id) {
    FailRow({0, id});
    for (int i = 0; i < 2; ++i) {
      Judge({0, id});
      FailRow({0, id});
    }
    EXPECT_EQ(Judge({0, id}), Action::kPoison) << id;
  }
  FailRow(a_);
  for (int i = 0; i < 2; ++i) {
    Judge(a_);
    FailRow(a_);
  }
  EXPECT_EQ(Judge(a_), Action::kWait);
  EXPECT_EQ(policy_.breaker().code, 10);
  EXPECT_EQ(policy_.breaker().reason, "too large");
  EXPECT_EQ(Judge(a_), Action::kSendAlone);
  EXPECT_EQ(policy_.breaker().code, 10) << "a try is no end of it";
  clock_.Advance(absl::Seconds(61));
  FailRow(a_);
  EXPECT_EQ(Judge(a_), Action::kPoison);
  EXPECT_EQ(policy_.breaker().code, 0);
}

TEST_F(FaultPolicyTest, ARowThatIsTakenClosesTheBreaker) {
  for (int i = 0; i < 3; ++i) policy_.Condemn(10, "too large");
  FailRow(a_);
  for (int i = 0; i < 2; ++i) {
    Judge(a_);
    FailRow(a_);
  }
  EXPECT_EQ(Judge(a_), Action::kWait);
  EXPECT_EQ(Judge(a_), Action::kSendAlone);
  policy_.Delivered(a_, "orders");
  EXPECT_EQ(policy_.breaker().code, 0);
  EXPECT_TRUE(policy_.quiet());
}

TEST_F(FaultPolicyTest, RowsThatCannotBeSentCountAgainstTheBreakerToo) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(policy_.Condemn(87, "no object").action, Action::kPoison);
  EXPECT_EQ(policy_.Condemn(87, "no object").action, Action::kWait);
  EXPECT_EQ(policy_.Condemn(10, "too large").action, Action::kPoison) << "each code by itself";
  EXPECT_EQ(policy_.breaker().code, 87);
  clock_.Advance(absl::Seconds(61));
  EXPECT_EQ(policy_.Condemn(87, "no object").action, Action::kPoison);
  EXPECT_EQ(policy_.breaker().code, 0);
}

TEST_F(FaultPolicyTest, ABreakerThatNobodyAsksAgainCloses) {
  for (int i = 0; i < 4; ++i) policy_.Condemn(87, "no object");
  EXPECT_FALSE(policy_.quiet());
  policy_.ForgetPast();
  EXPECT_EQ(policy_.breaker().code, 87);
  clock_.Advance(absl::Seconds(61));
  policy_.ForgetPast();
  EXPECT_EQ(policy_.breaker().code, 0);
  EXPECT_TRUE(policy_.quiet());
}

TEST_F(FaultPolicyTest, RowsOfAHeldTopicWaitWhileOthersGoOn) {
  FailTopic(a_);
  EXPECT_EQ(Judge(a_), Action::kHold);
  EXPECT_EQ(policy_.Judge(b_, "payments").action, Action::kSend);
}

TEST_F(FaultPolicyTest, AProbeThatIsTakenFreesTheTopic) {
  FailTopic(a_);
  EXPECT_EQ(Judge(a_), Action::kHold);
  EXPECT_THAT(policy_.TopicsToAsk(), IsEmpty());
  clock_.Advance(absl::Seconds(2));
  EXPECT_THAT(policy_.TopicsToAsk(), ElementsAre("orders"));
  EXPECT_FALSE(policy_.ReplayDue()) << "nobody has said yet that the topic is there";
  policy_.MayBeTried("orders");
  EXPECT_TRUE(policy_.ReplayDue());
  policy_.Replaying();
  EXPECT_FALSE(policy_.ReplayDue());
  EXPECT_EQ(Judge(a_), Action::kSendAlone);
  EXPECT_EQ(Judge(b_), Action::kHold);
  policy_.Delivered(a_, "orders");
  EXPECT_EQ(Judge(b_), Action::kSend);
  EXPECT_TRUE(policy_.ReplayDue()) << "b was left behind in this pass";
  policy_.Replaying();
  EXPECT_TRUE(policy_.quiet());
}

// Else the later one would stand before the earlier one in the topic.
TEST_F(FaultPolicyTest, ALaterRowIsNoProbeWhileAnEarlierOneIsLeftBehind) {
  FailTopic(a_);
  EXPECT_EQ(Judge(a_), Action::kHold);
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(Judge(b_), Action::kHold);
  policy_.MayBeTried("orders");
  EXPECT_EQ(Judge(c_), Action::kHold);
  policy_.Replaying();
  EXPECT_EQ(Judge(a_), Action::kSendAlone);
}

TEST_F(FaultPolicyTest, ARefusalIsAskedAboutLessAndLessOften) {
  FailTopic(a_);
  absl::Duration passed;
  int asked = 0;
  while (passed < absl::Minutes(4)) {
    for (const std::string& topic : policy_.TopicsToAsk()) {
      policy_.StillRefused(topic, 3, "unknown topic");
      ++asked;
    }
    EXPECT_FALSE(policy_.ReplayDue());
    clock_.Advance(absl::Seconds(1));
    passed += absl::Seconds(1);
  }
  EXPECT_GE(asked, 8);
  EXPECT_LE(asked, 16);
}

TEST_F(FaultPolicyTest, PastTheGraceAHeldTopicsRowsArePoisonAfterOneMoreProbe) {
  FailTopic(a_);
  EXPECT_EQ(Judge(a_), Action::kHold);
  clock_.Advance(absl::Minutes(6));
  EXPECT_EQ(Judge(b_), Action::kHold) << "a comes first";
  ASSERT_THAT(policy_.TopicsToAsk(), ElementsAre("orders"));
  policy_.StillRefused("orders", 3, "unknown topic");
  EXPECT_TRUE(policy_.ReplayDue());
  policy_.Replaying();
  EXPECT_EQ(Judge(a_), Action::kSendAlone);
  FailTopic(a_);
  EXPECT_EQ(Judge(a_), Action::kPoison);
  EXPECT_EQ(Judge(b_), Action::kPoison);
}

TEST_F(FaultPolicyTest, AnOutageOfTheBrokersDoesNotCountAgainstTheGrace) {
  FailTopic(a_);
  EXPECT_EQ(Judge(a_), Action::kHold);
  for (int minute = 0; minute < 60; ++minute) {
    clock_.Advance(absl::Minutes(1));
    for (const std::string& topic : policy_.TopicsToAsk()) policy_.NobodyAnswered(topic);
    EXPECT_FALSE(policy_.ReplayDue());
  }
  // The brokers are back, and still without the topic.
  clock_.Advance(absl::Seconds(30));
  policy_.StillRefused("orders", 3, "unknown topic");
  EXPECT_FALSE(policy_.ReplayDue());
  policy_.MayBeTried("orders");
  policy_.Replaying();
  EXPECT_EQ(Judge(a_), Action::kSendAlone);
  policy_.Failed(a_, "orders", kafka::Fault::kRetry, -195, "transport");
  EXPECT_EQ(Judge(a_), Action::kHold);
  clock_.Advance(absl::Minutes(6));
  policy_.StillRefused("orders", 3, "unknown topic");
  policy_.Replaying();
  EXPECT_EQ(Judge(a_), Action::kSendAlone);
  FailTopic(a_);
  EXPECT_EQ(Judge(a_), Action::kPoison);
}

TEST_F(FaultPolicyTest, AProbeThatIsARowFaultFreesTheTopic) {
  FailTopic(a_);
  Judge(a_);
  policy_.MayBeTried("orders");
  policy_.Replaying();
  EXPECT_EQ(Judge(a_), Action::kSendAlone);
  FailRow(a_);
  EXPECT_THAT(policy_.held_topics(), IsEmpty());
  EXPECT_EQ(Judge(a_), Action::kSendAlone) << "a suspect like any other";
  EXPECT_EQ(Judge(b_), Action::kSend);
}

TEST_F(FaultPolicyTest, ATopicPastItsGraceIsForgottenWhenNoMoreRowsCome) {
  FailTopic(a_);
  Judge(a_);
  clock_.Advance(absl::Minutes(6));
  policy_.StillRefused("orders", 3, "unknown topic");
  policy_.Replaying();
  Judge(a_);
  FailTopic(a_);
  EXPECT_EQ(Judge(a_), Action::kPoison);
  EXPECT_FALSE(policy_.ForgetPast());
  clock_.Advance(absl::Minutes(2));
  EXPECT_TRUE(policy_.ForgetPast());
  EXPECT_TRUE(policy_.quiet());
  EXPECT_THAT(policy_.held_topics(), IsEmpty());
}

TEST_F(FaultPolicyTest, AHeldTopicIsHeldForEverWhenSoConfigured) {
  FaultPolicy policy({.hold_topics_for_ever = true}, &clock_);
  policy.Failed(a_, "orders", kafka::Fault::kDestination, 3, "unknown topic");
  EXPECT_EQ(policy.Judge(a_, "orders").action, Action::kHold);
  clock_.Advance(absl::Hours(6));
  policy.StillRefused("orders", 3, "unknown topic");
  EXPECT_FALSE(policy.ReplayDue());
  policy.MayBeTried("orders");
  policy.Replaying();
  EXPECT_EQ(policy.Judge(a_, "orders").action, Action::kSendAlone);
  policy.Failed(a_, "orders", kafka::Fault::kDestination, 3, "unknown topic");
  EXPECT_EQ(policy.Judge(a_, "orders").action, Action::kHold);
  EXPECT_FALSE(policy.ForgetPast());
}

TEST_F(FaultPolicyTest, NobodysFaultIsNotRemembered) {
  policy_.Failed(a_, "orders", kafka::Fault::kRetry, -195, "transport");
  policy_.Failed(a_, "orders", kafka::Fault::kInstance, 90, "fenced");
  EXPECT_TRUE(policy_.quiet());
}

}  // namespace
}  // namespace relay
