// SPDX-License-Identifier: Apache-2.0
//
// An outbox row → the record it asks for (design §5).
#ifndef RELAY_OUTBOX_OUTBOX_DECODER_H_
#define RELAY_OUTBOX_OUTBOX_DECODER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cdc/value/column_value.h"
#include "kafka/record.h"
#include "relay/outbox/header_json.h"

namespace relay {

// Names of the headers that --add-headers adds.
inline constexpr absl::string_view kIdHeader = "outbox-id";
inline constexpr absl::string_view kGtidHeader = "outbox-gtid";
inline constexpr absl::string_view kCommitTimeHeader = "outbox-commit-time";

// Allocates nothing a row once its buffers have grown to the rows' size. Not thread-safe.
class OutboxDecoder {
 public:
  struct Options {
    // --timestamp=commit; else a record has the time at which it is sent.
    bool commit_timestamp = false;
    // --add-headers. A row that comes from the table has neither GTID nor commit time, and so has no such header.
    bool add_id = false;
    bool add_gtid = false;
    bool add_commit_time = false;  // UTC, microseconds: 2026-11-24T01:02:03.000456Z
  };

  explicit OutboxDecoder(Options options) : options_(options) {}

  OutboxDecoder(const OutboxDecoder&) = delete;
  OutboxDecoder& operator=(const OutboxDecoder&) = delete;

  // Fills all of *record but `sequence`. `row` is in the order of OutboxColumn. `gtid` is empty and `commit_time`
  // absl::InfinitePast() where unknown. The views of *record point into `row`, `gtid` and this decoder; they live until
  // its next call.
  //   InvalidArgument      a row fault: no topic, or headers that are no JSON object. kafka::FaultOfStatus knows it.
  //   FailedPrecondition   the row image lacks a column that only the table can tell (design §4, Columns).
  absl::Status Decode(absl::Span<const cdc::ColumnValue> row, absl::Time commit_time, absl::string_view gtid,
                      kafka::Record* record);

 private:
  void AddHeaders(absl::Span<const cdc::ColumnValue> row, absl::Time commit_time, absl::string_view gtid);

  const Options options_;
  HeaderJson header_json_;
  std::vector<kafka::Header> headers_;
  // The text of the last commit time: a transaction's rows share it.
  absl::Time formatted_time_ = absl::InfinitePast();
  std::string formatted_;
};

}  // namespace relay

#endif  // RELAY_OUTBOX_OUTBOX_DECODER_H_
