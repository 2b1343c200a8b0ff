// SPDX-License-Identifier: Apache-2.0
#include "relay/command/end_deadline.h"

#include <unistd.h>

#include "relay/command/commands.h"
#include "relay/status/logging.h"

namespace relay {
namespace {

constexpr absl::Duration kStep = absl::Milliseconds(100);

}  // namespace

EndDeadline::EndDeadline(const absl::Notification* stop, absl::Duration patience)
    : stop_(stop), patience_(patience), thread_([this] { Watch(); }) {}

EndDeadline::~EndDeadline() {
  done_.Notify();
  thread_.join();
}

void EndDeadline::Watch() {
  while (!stop_->WaitForNotificationWithTimeout(kStep)) {
    if (done_.HasBeenNotified()) return;
  }
  if (done_.WaitForNotificationWithTimeout(patience_)) return;
  LogEvent(LogLevel::kFatal, LogCode::kProcessFailed,
           "the end takes too long, MySQL does not answer in time: the checkpoint may not be saved, and the next start "
           "sends again what was sent since the last save");
  // Threads are still at work on what a return would destroy.
  _exit(kExitFailed);
}

}  // namespace relay
