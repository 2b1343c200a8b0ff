// SPDX-License-Identifier: Apache-2.0
#include "relay/jobs/interval.h"

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace relay {
namespace {

TEST(IntervalTest, IsDueAtOnceAndThenOnceEach) {
  Interval interval(absl::Seconds(5));
  absl::Duration now = absl::Hours(1);
  EXPECT_TRUE(interval.Due(now));
  EXPECT_FALSE(interval.Due(now + absl::Seconds(4)));
  EXPECT_TRUE(interval.Due(now + absl::Seconds(7)));
  // It began anew when it was used, not when it was due.
  EXPECT_FALSE(interval.Due(now + absl::Seconds(11)));
  EXPECT_TRUE(interval.Due(now + absl::Seconds(12)));
}

}  // namespace
}  // namespace relay
