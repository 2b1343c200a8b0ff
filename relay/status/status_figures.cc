// SPDX-License-Identifier: Apache-2.0
#include "relay/status/status_figures.h"

#include <algorithm>
#include <cmath>

namespace relay {
namespace {

uint64_t CountOf(const MetricGauge& gauge) {
  const double value = gauge.value();
  return value > 0 ? static_cast<uint64_t>(value) : 0;
}

}  // namespace

RelayStatus StatusWithFigures(const StatusBoard& board, Metrics& metrics, absl::Time now) {
  metrics.Refresh();
  RelayStatus status = board.Snapshot();
  // Before the first save it is as old as the process: a save that never succeeds must be seen as well.
  const absl::Time since = std::max(status.checkpoint.saved, status.started);
  metrics.checkpoint_age.Set(since == absl::InfinitePast() ? absl::ZeroDuration() : now - since);
  metrics.table_rows.Set(metrics.unacknowledged.value() + metrics.ledger_rows.value() + metrics.poison_rows.value() +
                         metrics.kept_rows.value() + metrics.skipped_rows.value());

  status.lag = absl::Seconds(metrics.lag.value());
  status.unacknowledged_rows = CountOf(metrics.unacknowledged);
  status.published_rows = metrics.rows_published.value();
  status.swept_rows = metrics.rows_swept.value();
  status.published_bytes = metrics.bytes.value();
  status.poison_rows = CountOf(metrics.poison_rows);
  status.source.ahead_bytes = CountOf(metrics.source_ahead_bytes);
  if (const double seconds = metrics.seconds_to_purge.value(); std::isfinite(seconds)) {
    status.source.to_purge = absl::Seconds(seconds);
  }
  status.kafka.queue_records = CountOf(metrics.queue_records);
  status.kafka.queue_bytes = CountOf(metrics.queue_bytes);
  status.cleanup.ledger_rows = CountOf(metrics.ledger_rows);
  status.cleanup.deleted_rows = metrics.cleanup_rows.value();
  return status;
}

}  // namespace relay
