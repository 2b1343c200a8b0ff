// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_COMMAND_END_DEADLINE_H_
#define RELAY_COMMAND_END_DEADLINE_H_

#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace relay {

// Ends the process, with kExitFailed and one line, when an end that was asked for takes too long. A statement that a
// silent server holds up has only its own timeouts, far beyond the patience of whoever sent SIGTERM; his SIGKILL would
// leave no word of it.
class EndDeadline {
 public:
  // `stop`, which must outlive this, is the request to end. From then on there is `patience`.
  EndDeadline(const absl::Notification* stop, absl::Duration patience);
  EndDeadline(const EndDeadline&) = delete;
  EndDeadline& operator=(const EndDeadline&) = delete;
  // All is done that had to be: the deadline is off.
  ~EndDeadline();

 private:
  void Watch();

  const absl::Notification* const stop_;
  const absl::Duration patience_;
  absl::Notification done_;
  std::thread thread_;
};

}  // namespace relay

#endif  // RELAY_COMMAND_END_DEADLINE_H_
