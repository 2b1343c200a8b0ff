// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STATUS_STATUS_FIGURES_H_
#define RELAY_STATUS_STATUS_FIGURES_H_

#include "absl/time/time.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {

// The state of this moment with one truth for numbers: refreshes the metrics,
// sets those that follow from others or from the board (checkpoint age, rows in
// the table), and copies into the snapshot what both show.
RelayStatus StatusWithFigures(const StatusBoard& board, Metrics& metrics, absl::Time now);

}  // namespace relay

#endif  // RELAY_STATUS_STATUS_FIGURES_H_
