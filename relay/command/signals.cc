// SPDX-License-Identifier: Apache-2.0
#include "relay/command/signals.h"

#include <pthread.h>

#include "absl/strings/str_cat.h"
#include "relay/status/logging.h"

namespace relay {
namespace {

sigset_t WatchedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

StopSignalsHeld::StopSignalsHeld() {
  const sigset_t signals = WatchedSignals();
  pthread_sigmask(SIG_BLOCK, &signals, &previous_);
}

StopSignalsHeld::~StopSignalsHeld() { pthread_sigmask(SIG_SETMASK, &previous_, nullptr); }

SignalWatcher::SignalWatcher(absl::Notification* stop) : stop_(stop) {
  std::signal(SIGPIPE, SIG_IGN);
  const sigset_t signals = WatchedSignals();
  pthread_sigmask(SIG_BLOCK, &signals, &previous_);
  thread_ = std::thread([this] { Watch(); });
}

SignalWatcher::~SignalWatcher() {
  done_.Notify();
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

void SignalWatcher::Watch() {
  const sigset_t signals = WatchedSignals();
  const timespec patience = {0, 50'000'000};
  while (!done_.HasBeenNotified()) {
    const int signal = sigtimedwait(&signals, nullptr, &patience);
    if (signal <= 0) continue;
    if (stop_->HasBeenNotified()) {
      // The default action ends the process, as whoever sent it twice means.
      pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
      raise(signal);
    }
    LogEvent(LogLevel::kInfo, LogCode::kProcessStopping,
             absl::StrCat("stopping: ", signal == SIGTERM ? "SIGTERM" : "SIGINT", " (again: end at once)"));
    stop_->Notify();
  }
}

}  // namespace relay
