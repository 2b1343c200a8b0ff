// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_EVENT_EVENT_PARSER_H_
#define CDC_EVENT_EVENT_PARSER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/event/event.h"
#include "cdc/event/event_header.h"

namespace cdc {

// Turns raw events into Event. Remembers the last format description, which says how those behind it are laid out and
// whether they carry a checksum. Allocates nothing in steady state. Not thread-safe.
class EventParser {
 public:
  // `verify_checksums` false: checksums are cut off unread. `file`: the events are all those of a file, as its server
  // wrote them; a dump's sender changes format descriptions.
  explicit EventParser(bool verify_checksums = true, bool file = false)
      : verify_checksums_(verify_checksums), file_(file) {}

  // Parses one event as an EventSource gives it. The result lives until the next call, its views as long as `raw` (of a
  // compressed query: until the next call).
  //
  // DataLoss: truncated, malformed or a wrong checksum. Unimplemented: a type that is unknown and must not be ignored,
  // or a log older than MySQL 5.0's. The messages do not say where: the caller knows.
  absl::StatusOr<const Event*> Parse(absl::string_view raw);

  // The same for an event out of a transaction payload, which has no checksum.
  absl::StatusOr<const Event*> ParseInner(absl::string_view raw);

  // The last format description; lengths of a first ROTATE are known without one.
  const FormatDescription& format() const { return format_; }

 private:
  // The event without header and checksum.
  absl::StatusOr<absl::string_view> Body(absl::string_view raw);
  absl::Status ParseBody(absl::string_view body);

  const bool verify_checksums_;
  const bool file_;
  bool has_format_ = false;
  FormatDescription format_;
  std::string uncompressed_;
  Event event_;
};

}  // namespace cdc

#endif  // CDC_EVENT_EVENT_PARSER_H_
