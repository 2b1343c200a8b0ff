// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_DELIVERY_ROW_SENDER_H_
#define RELAY_DELIVERY_ROW_SENDER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cdc/value/column_value.h"
#include "kafka/record.h"
#include "relay/delivery/delivery.h"
#include "relay/delivery/poison_recorder.h"
#include "relay/outbox/outbox_decoder.h"
#include "relay/status/metrics.h"

namespace relay {

// A row, from the stream or the table, → its record → the producer; or, when Kafka will never take it, → the sink of
// poison rows. Stream thread.
class RowSender {
 public:
  struct Options {
    bool halt_on_poison = false;  // --on-poison=halt
  };
  // Takes a poison row to be recorded; its ordinal is to be settled then. May wait while many are.
  using PoisonSink = std::function<void(PoisonRow row, std::optional<uint64_t> ordinal)>;

  // All must outlive the sender.
  RowSender(Options options, OutboxDecoder* decoder, Delivery* delivery, Metrics* metrics, PoisonSink poison)
      : options_(options), decoder_(decoder), delivery_(delivery), metrics_(metrics), poison_(std::move(poison)) {}

  // `values` is in the order of OutboxColumn; `gtid` is empty and `commit_time` infinite past when unknown. `schema` is
  // for messages.
  //   kPoison             the row was given to the sink: it is settled once it is recorded
  //   FailedPrecondition  --on-poison=halt and the row is poison (the message says which); or a column is missing that
  //                       only the table can tell (MissingColumn)
  absl::StatusOr<Delivery::Result> Send(absl::string_view schema, absl::Span<const cdc::ColumnValue> values,
                                        const Delivery::Row& row, absl::Time commit_time, absl::string_view gtid);

  // The row image lacks a column that the record needs: the row has to be read from the table.
  static bool MissingColumn(absl::Span<const cdc::ColumnValue> values);

 private:
  const Options options_;
  OutboxDecoder* const decoder_;
  Delivery* const delivery_;
  Metrics* const metrics_;
  const PoisonSink poison_;
};

}  // namespace relay

#endif  // RELAY_DELIVERY_ROW_SENDER_H_
