// SPDX-License-Identifier: Apache-2.0
#include "relay/http/kafka_watch.h"

#include <atomic>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "relay/status/logging.h"
#include "testing/eventually.h"

namespace relay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_support::Eventually;

TEST(KafkaWatchTest, SaysWhenKafkaComesAndThatItWasReachedOnce) {
  StatusBoard board;
  Metrics metrics("x");
  std::atomic<bool> up = false;
  KafkaWatch watch([&](absl::Duration) { return up ? absl::OkStatus() : absl::UnavailableError("k:9092 refused"); },
                   [] { return absl::InfinitePast(); }, &board, &metrics);
  ASSERT_TRUE(Eventually([&] { return board.Snapshot().kafka.problem.has_value(); }));
  EXPECT_FALSE(board.Snapshot().kafka.reached_once);
  EXPECT_THAT(board.Snapshot().kafka.problem->text, HasSubstr("KAFKA_HOST"));
  up = true;
  ASSERT_TRUE(Eventually([&] { return board.Snapshot().kafka.connected; }));
  EXPECT_TRUE(board.Snapshot().kafka.reached_once);
  EXPECT_FALSE(board.Snapshot().kafka.problem.has_value());
  EXPECT_EQ(metrics.kafka_connected.value(), 1);
}

TEST(KafkaWatchTest, AnotherKindOfTroubleIsLoggedToo) {
  StatusBoard board;
  Metrics metrics("x");
  absl::Mutex mutex;
  std::vector<std::string> lines;
  SetLogOutputForTest([&](absl::string_view line) {
    absl::MutexLock lock(&mutex);
    lines.emplace_back(line);
  });
  std::atomic<int> asked = 0;
  {
    KafkaWatch watch(
        [&](absl::Duration) -> absl::Status {
          if (++asked == 1) return absl::UnavailableError("timed out");
          if (asked == 2) return absl::UnavailableError("refused");
          return absl::FailedPreconditionError("TLS to Kafka fails");
        },
        [] { return absl::InfinitePast(); }, &board, &metrics);
    ASSERT_TRUE(Eventually([&] { return asked >= 4; }));
  }
  SetLogOutputForTest(nullptr);
  EXPECT_THAT(lines, ElementsAre(HasSubstr("timed out"), HasSubstr("TLS to Kafka fails")));
}

TEST(KafkaWatchTest, AsksAgainAtOnceWhileThereIsNoProducer) {
  StatusBoard board;
  Metrics metrics("x");
  std::atomic<int> asked = 0;
  KafkaWatch watch(
      [&](absl::Duration) { return ++asked < 100 ? absl::CancelledError("no producer yet") : absl::OkStatus(); },
      [] { return absl::InfinitePast(); }, &board, &metrics);
  // With a second between two questions a hundred of them outlast any patience.
  ASSERT_TRUE(Eventually([&] { return board.Snapshot().kafka.connected; }));
  EXPECT_FALSE(board.Snapshot().kafka.problem.has_value());
}

TEST(KafkaWatchTest, RecentAcknowledgementsAreAnswerEnough) {
  StatusBoard board;
  Metrics metrics("x");
  std::atomic<int> asked = 0;
  {
    KafkaWatch watch([&](absl::Duration) { return ++asked, absl::UnavailableError("no"); }, [] { return absl::Now(); },
                     &board, &metrics);
    ASSERT_TRUE(Eventually([&] { return board.Snapshot().kafka.connected; }));
  }
  EXPECT_EQ(asked, 0);
}

}  // namespace
}  // namespace relay
