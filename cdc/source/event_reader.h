// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_SOURCE_EVENT_READER_H_
#define CDC_SOURCE_EVENT_READER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "cdc/event/binlog_position.h"
#include "cdc/event/event.h"
#include "cdc/event/event_parser.h"
#include "cdc/event/transaction_payload.h"
#include "cdc/source/event_source.h"

namespace cdc {

// The parsed events of a source, those within transaction payloads included, and where each stands. Not thread-safe.
class EventReader {
 public:
  // `source` must outlive the reader.
  EventReader(EventSource* source, bool verify_checksums)
      : source_(source), parser_(verify_checksums, source->contiguous()) {}

  // The next event, null at a clean end; valid until the next call. Of a transaction payload come its events and not
  // itself. Errors are those of the source and of EventParser, and name file and offset.
  // FailedPrecondition: a file that MariaDB encrypted.
  absl::StatusOr<const Event*> Next();

  // Where the event that Next gave last begins and ends; `end` is where the next one stands. Of an event in a payload,
  // those of the payload. Of a ROTATE, `end` is the place that it names.
  const BinlogPosition& begin() const { return begin_; }
  const BinlogPosition& end() const { return end_; }
  // Whether that event came out of a transaction payload, and which, counted from 1; 0: none.
  bool in_payload() const { return in_payload_; }
  uint64_t payload() const { return in_payload_ ? payloads_ : 0; }

  const FormatDescription& format() const { return parser_.format(); }

 private:
  void Advance(const Event& event);
  // A position of which the sender gives the low 32 bits, at or behind `end_`.
  uint64_t Unwrap(uint32_t low) const;
  static absl::Status Located(const BinlogPosition& at, const absl::Status& status);

  EventSource* const source_;
  EventParser parser_;
  TransactionPayloadReader payload_;
  BinlogPosition begin_;
  BinlogPosition end_;
  bool started_ = false;
  bool in_payload_ = false;
  uint64_t payloads_ = 0;
  // The file is one that a replica wrote of its source's events.
  bool is_relay_log_ = false;
};

}  // namespace cdc

#endif  // CDC_SOURCE_EVENT_READER_H_
