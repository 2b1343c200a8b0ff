// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_SOURCE_EVENT_SOURCE_H_
#define CDC_SOURCE_EVENT_SOURCE_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cdc {

// Where binlog events come from: a live server (LiveSource) or a file
// (FileSource). The reader above it cannot tell them apart but for
// `contiguous`.
//
// A source begins with a ROTATE event that names the file and the position of
// what follows (a server makes one up at the start of every dump and so does
// FileSource), then a FORMAT_DESCRIPTION event.
//
// One thread calls Next; Interrupt may be called by any thread.
class EventSource {
 public:
  virtual ~EventSource() = default;

  // The next event as it stands in the log: 19 bytes of header, the body, and
  // the checksum if the log has one. The view is valid until the next call.
  //
  // An EMPTY view is a clean end: the end of the file, or the EOF of a dump that
  // was asked not to wait. A dump that waits has no clean end: there EOF is a
  // server shutting down, and Unavailable.
  //
  // Errors: Unavailable (connect again), OutOfRange (the log was purged),
  // PermissionDenied, FailedPrecondition (a setting is wrong; the message names
  // it), DataLoss (truncated or malformed), Aborted (another reader with our
  // identity took over), Cancelled (Interrupt was called).
  virtual absl::StatusOr<absl::string_view> Next() = 0;

  // Makes a waiting Next, and every later one, return Cancelled within 100 ms.
  virtual void Interrupt() = 0;

  // True if each event stands right behind the one before it, so that positions
  // are sums of lengths (a file). False if the sender may leave events out (a
  // dump by GTID set), so that the header's position counts.
  virtual bool contiguous() const { return false; }
};

}  // namespace cdc

#endif  // CDC_SOURCE_EVENT_SOURCE_H_
