// SPDX-License-Identifier: Apache-2.0
#include "relay/http/cached_probe.h"

#include <atomic>
#include <thread>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace relay {
namespace {

TEST(CachedProbeTest, AnAnswerIsKept) {
  int asked = 0;
  CachedProbe kept([&] { return ++asked, absl::OkStatus(); }, absl::Hours(1), absl::Seconds(1));
  EXPECT_TRUE(kept.Ask().ok());
  EXPECT_TRUE(kept.Ask().ok());
  EXPECT_EQ(asked, 1);
  CachedProbe forgotten([&] { return ++asked, absl::OkStatus(); }, -absl::Seconds(1), absl::Seconds(1));
  EXPECT_TRUE(forgotten.Ask().ok());
  EXPECT_TRUE(forgotten.Ask().ok());
  EXPECT_EQ(asked, 3);
}

TEST(CachedProbeTest, OnlyOneThreadIsHeldUp) {
  absl::Notification asking, go_on;
  CachedProbe probe(
      [&] {
        asking.Notify();
        go_on.WaitForNotification();
        return absl::OkStatus();
      },
      absl::Hours(1), absl::Milliseconds(1));
  std::thread first([&] { EXPECT_TRUE(probe.Ask().ok()); });
  asking.WaitForNotification();
  EXPECT_TRUE(absl::IsUnavailable(probe.Ask()));
  go_on.Notify();
  first.join();
  EXPECT_TRUE(probe.Ask().ok());
}

TEST(CachedProbeTest, WhoWaitsGetsTheOthersAnswer) {
  absl::Notification asking, go_on;
  std::atomic<int> asked = 0;
  CachedProbe probe(
      [&] {
        ++asked;
        asking.Notify();
        go_on.WaitForNotification();
        return absl::PermissionDeniedError("no");
      },
      absl::Hours(1), absl::Hours(1));
  std::thread first([&] { EXPECT_TRUE(absl::IsPermissionDenied(probe.Ask())); });
  asking.WaitForNotification();
  std::thread second([&] { EXPECT_TRUE(absl::IsPermissionDenied(probe.Ask())); });
  go_on.Notify();
  first.join();
  second.join();
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace relay
