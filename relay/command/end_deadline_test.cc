// SPDX-License-Identifier: Apache-2.0
#include "relay/command/end_deadline.h"

#include <gtest/gtest.h>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace relay {
namespace {

TEST(EndDeadlineDeathTest, EndsTheProcessWhenTheEndTakesTooLong) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        absl::Notification stop;
        stop.Notify();
        const EndDeadline deadline(&stop, absl::Milliseconds(10));
        absl::SleepFor(absl::InfiniteDuration());
      },
      testing::ExitedWithCode(1), "process.failed.*MySQL does not answer");
}

TEST(EndDeadlineTest, LetsAnEndBeThatComesInTime) {
  absl::Notification stop;
  const EndDeadline deadline(&stop, absl::InfiniteDuration());
  stop.Notify();
}

TEST(EndDeadlineTest, LetsAnEndBeThatNoOneAskedFor) {
  const absl::Notification stop;
  const EndDeadline deadline(&stop, absl::ZeroDuration());
}

}  // namespace
}  // namespace relay
