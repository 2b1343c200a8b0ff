// SPDX-License-Identifier: Apache-2.0
#include "relay/status/stall_watch.h"

#include "gtest/gtest.h"

namespace relay {
namespace {

TEST(StallWatchTest, GrowsOnlyWhileTheSourceIsAheadAndTheMarkStands) {
  StallWatch watch;
  const absl::Time start = absl::UnixEpoch();
  const auto at = [&](int seconds) { return start + absl::Seconds(seconds); };
  EXPECT_EQ(watch.Look(at(0), 7, true), absl::ZeroDuration());
  EXPECT_EQ(watch.Look(at(10), 7, true), absl::Seconds(10));
  EXPECT_EQ(watch.Look(at(70), 7, true), absl::Seconds(70));
  EXPECT_EQ(watch.Look(at(80), 8, true), absl::ZeroDuration());
  EXPECT_EQ(watch.Look(at(90), 8, true), absl::Seconds(10));
  EXPECT_EQ(watch.Look(at(100), 8, false), absl::ZeroDuration());
  EXPECT_EQ(watch.Look(at(5000), 8, false), absl::ZeroDuration());
  EXPECT_EQ(watch.Look(at(5001), 8, true), absl::Seconds(1));
}

}  // namespace
}  // namespace relay
