// SPDX-License-Identifier: Apache-2.0
#include "relay/base/backoff.h"

#include "absl/random/random.h"
#include "gtest/gtest.h"

namespace relay::base {
namespace {

TEST(BackoffTest, DoublesUpToTheMostAndStartsAnewAfterReset) {
  absl::BitGen random;
  Backoff backoff(random, absl::Milliseconds(100), absl::Milliseconds(350));
  for (absl::Duration limit :
       {absl::Milliseconds(100), absl::Milliseconds(200), absl::Milliseconds(350), absl::Milliseconds(350)}) {
    const absl::Duration delay = backoff.Next();
    EXPECT_GE(delay, limit / 2);
    EXPECT_LE(delay, limit);
  }
  backoff.Reset();
  EXPECT_LE(backoff.Next(), absl::Milliseconds(100));
}

}  // namespace
}  // namespace relay::base
