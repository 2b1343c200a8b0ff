// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_COMMAND_SIGNALS_H_
#define RELAY_COMMAND_SIGNALS_H_

#include <csignal>
#include <thread>

#include "absl/synchronization/notification.h"

namespace relay {

// While it lives, SIGTERM and SIGINT wait to be taken. The first thing in main:
// a stop that comes while the process starts is then not lost (a container's
// first process ignores signals that it does not handle) nor fatal.
class StopSignalsHeld {
 public:
  StopSignalsHeld();
  ~StopSignalsHeld();
  StopSignalsHeld(const StopSignalsHeld&) = delete;
  StopSignalsHeld& operator=(const StopSignalsHeld&) = delete;

 private:
  sigset_t previous_;
};

// While it lives, SIGTERM and SIGINT notify `stop` and SIGPIPE is ignored. A
// second SIGTERM or SIGINT ends the process at once, as it would have without us.
// Construct in the main thread before any other: threads inherit the mask, so
// that only the watcher's own thread sees the signals.
class SignalWatcher {
 public:
  explicit SignalWatcher(absl::Notification* stop);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  void Watch();

  absl::Notification* const stop_;
  absl::Notification done_;
  sigset_t previous_;
  std::thread thread_;
};

}  // namespace relay

#endif  // RELAY_COMMAND_SIGNALS_H_
