// SPDX-License-Identifier: Apache-2.0
#include "relay/status/relay_status.h"

#include <chrono>

namespace relay {
namespace {

int64_t SteadyNanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

absl::string_view RelayStateName(RelayState state) {
  switch (state) {
    case RelayState::kStarting:
      return "starting";
    case RelayState::kPollingDisabled:
      return "polling disabled";
    case RelayState::kWaiting:
      return "waiting";
    case RelayState::kStandby:
      return "standby";
    case RelayState::kSweeping:
      return "sweeping";
    case RelayState::kStreaming:
      return "streaming";
    case RelayState::kHolding:
      return "holding";
    case RelayState::kStopping:
      return "stopping";
  }
  return "";
}

absl::string_view RelayThreadName(RelayThread thread) {
  switch (thread) {
    case RelayThread::kStream:
      return "stream";
    case RelayThread::kAck:
      return "ack";
    case RelayThread::kSql:
      return "sql";
  }
  return "";
}

void StatusBoard::Update(absl::FunctionRef<void(RelayStatus&)> change) {
  absl::MutexLock lock(&mutex_);
  change(status_);
}

RelayStatus StatusBoard::Snapshot() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

void StatusBoard::Beat(RelayThread thread) {
  beats_[static_cast<size_t>(thread)].store(SteadyNanoseconds(), std::memory_order_relaxed);
}

void StatusBoard::End(RelayThread thread) { beats_[static_cast<size_t>(thread)].store(0, std::memory_order_relaxed); }

std::vector<std::string> StatusBoard::Stuck(absl::Duration limit) const {
  std::vector<std::string> stuck;
  const int64_t oldest = SteadyNanoseconds() - absl::ToInt64Nanoseconds(limit);
  for (size_t i = 0; i < kRelayThreads; ++i) {
    const int64_t beat = beats_[i].load(std::memory_order_relaxed);
    if (beat != 0 && beat < oldest) {
      stuck.emplace_back(RelayThreadName(static_cast<RelayThread>(i)));
    }
  }
  return stuck;
}

}  // namespace relay
