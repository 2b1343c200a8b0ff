// SPDX-License-Identifier: Apache-2.0
#include "relay/base/clock.h"

#include "gtest/gtest.h"

namespace relay::base {
namespace {

TEST(FakeClockTest, MovesOnlyWhenTold) {
  FakeClock clock(absl::FromUnixSeconds(1000));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1000));
  clock.Advance(absl::Seconds(5));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1005));
  EXPECT_EQ(clock.Monotonic(), absl::Seconds(5));
}

TEST(RealClockTest, MonotonicNeverGoesBack) {
  absl::Duration last = RealClock()->Monotonic();
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration now = RealClock()->Monotonic();
    ASSERT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace relay::base
