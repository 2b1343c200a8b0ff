// SPDX-License-Identifier: Apache-2.0
#include "relay/status/status_figures.h"

#include "gtest/gtest.h"

namespace relay {
namespace {

TEST(StatusFiguresTest, TheStatusShowsWhatTheMetricsShow) {
  StatusBoard board;
  Metrics metrics("x");
  metrics.OnCollect([&] { metrics.unacknowledged.Set(3); });
  metrics.rows_published.Add(10);
  metrics.ledger_rows.Set(8);
  metrics.poison_rows.Set(2);
  metrics.skipped_rows.Set(5);
  metrics.kept_rows.Set(100);
  metrics.lag.Set(absl::Milliseconds(1500));
  metrics.seconds_to_purge.Set(absl::Hours(2));
  const absl::Time now = absl::FromUnixSeconds(1000);
  board.Update([&](RelayStatus& status) { status.checkpoint.saved = now - absl::Seconds(4); });
  const RelayStatus status = StatusWithFigures(board, metrics, now);
  EXPECT_EQ(status.published_rows, 10u);
  EXPECT_EQ(status.unacknowledged_rows, 3u);
  EXPECT_EQ(status.poison_rows, 2u);
  EXPECT_EQ(status.lag, absl::Milliseconds(1500));
  EXPECT_EQ(status.source.to_purge, absl::Hours(2));
  EXPECT_EQ(metrics.table_rows.value(), 118);
  EXPECT_EQ(metrics.checkpoint_age.value(), 4);
}

TEST(StatusFiguresTest, NothingIsKnownBeforeTheFirstCheckpoint) {
  StatusBoard board;
  Metrics metrics("x");
  EXPECT_FALSE(StatusWithFigures(board, metrics, absl::Now()).source.to_purge.has_value());
  EXPECT_EQ(metrics.checkpoint_age.value(), 0);
}

TEST(StatusFiguresTest, ACheckpointThatIsNeverSavedGrowsOld) {
  StatusBoard board;
  Metrics metrics("x");
  const absl::Time now = absl::FromUnixSeconds(1000);
  board.Update([&](RelayStatus& status) { status.started = now - absl::Minutes(5); });
  StatusWithFigures(board, metrics, now);
  EXPECT_EQ(metrics.checkpoint_age.value(), 300);
}

}  // namespace
}  // namespace relay
