// SPDX-License-Identifier: Apache-2.0
#include "relay/fault_policy.h"

#include "gtest/gtest.h"

namespace relay {
namespace {

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
  EXPECT_TRUE(policy_.breaker_open());
  EXPECT_EQ(Judge(a_), Action::kSendAlone);
  clock_.Advance(absl::Seconds(61));
  EXPECT_FALSE(policy_.breaker_open());
  FailRow(a_);
  EXPECT_EQ(Judge(a_), Action::kPoison);
}

TEST_F(FaultPolicyTest, RowsOfAHeldTopicWaitWhileOthersGoOn) {
  FailTopic(a_);
  EXPECT_EQ(Judge(a_), Action::kHold);
  EXPECT_EQ(policy_.Judge(b_, "payments").action, Action::kSend);
}

TEST_F(FaultPolicyTest, AProbeThatIsTakenFreesTheTopic) {
  FailTopic(a_);
  EXPECT_FALSE(policy_.ReplayDue());
  clock_.Advance(absl::Seconds(2));
  EXPECT_TRUE(policy_.ReplayDue());
  policy_.Replaying();
  EXPECT_EQ(Judge(a_), Action::kSendAlone);
  EXPECT_EQ(Judge(b_), Action::kHold);
  policy_.Delivered(a_, "orders");
  EXPECT_EQ(Judge(b_), Action::kSend);
  EXPECT_TRUE(policy_.ReplayDue()) << "b was left behind in this pass";
  policy_.Replaying();
  EXPECT_TRUE(policy_.quiet());
}

TEST_F(FaultPolicyTest, PastTheGraceAHeldTopicsRowsArePoisonAfterOneMoreProbe) {
  FailTopic(a_);
  clock_.Advance(absl::Minutes(6));
  EXPECT_EQ(Judge(a_), Action::kSendAlone);
  FailTopic(a_);
  EXPECT_EQ(Judge(a_), Action::kPoison);
  EXPECT_EQ(Judge(b_), Action::kPoison);
}

TEST_F(FaultPolicyTest, AHeldTopicIsHeldForEverWhenSoConfigured) {
  FaultPolicy policy({.hold_topics_for_ever = true}, &clock_);
  policy.Failed(a_, "orders", kafka::Fault::kDestination, 3, "unknown topic");
  clock_.Advance(absl::Hours(6));
  EXPECT_EQ(policy.Judge(a_, "orders").action, Action::kSendAlone);
  policy.Failed(a_, "orders", kafka::Fault::kDestination, 3, "unknown topic");
  EXPECT_EQ(policy.Judge(a_, "orders").action, Action::kHold);
}

TEST_F(FaultPolicyTest, NobodysFaultIsNotRemembered) {
  policy_.Failed(a_, "orders", kafka::Fault::kRetry, -195, "transport");
  policy_.Failed(a_, "orders", kafka::Fault::kInstance, 90, "fenced");
  EXPECT_TRUE(policy_.quiet());
}

}  // namespace
}  // namespace relay
