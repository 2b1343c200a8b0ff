// SPDX-License-Identifier: Apache-2.0
//
// Puts the relay together from a Config and runs it (design §3):
//
//   Relay
//   ├─ SqlConnector                     sessions of each thread
//   ├─ CheckpointStore, Ledger          what is remembered
//   ├─ AckTracker, FaultPolicy          what the threads share
//   ├─ PipelineState, SweepQueue
//   ├─ Delivery ─ kafka::Producer
//   ├─ StreamWorker (stream thread) ─ cdc::TransactionReader ─ cdc::LiveSource
//   │    └─ RowSender ─ OutboxDecoder
//   ├─ AckWorker (ack thread)
//   └─ SqlWorker (SQL thread) ─ PoisonRecorder, CompletedMarker, Cleaner
#ifndef RELAY_RELAY_H_
#define RELAY_RELAY_H_

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "relay/config/config.h"
#include "relay/status/metrics.h"
#include "relay/status/relay_status.h"

namespace relay {

// Runs until `stop` is notified, then flushes, saves and returns OK. Everything passed in must outlive the call. An
// error is one that waiting can't mend; its message names the setting and the cure.
absl::Status RunRelay(const Config& config, Metrics* metrics, StatusBoard* board, const absl::Notification* stop);

}  // namespace relay

#endif  // RELAY_RELAY_H_
