// SPDX-License-Identifier: Apache-2.0
#include "relay/delivery/row_sender.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka/fault.h"
#include "relay/outbox/outbox_table.h"
#include "relay/status/logging.h"

namespace relay {

bool RowSender::MissingColumn(absl::Span<const cdc::ColumnValue> values) {
  using State = cdc::ColumnValue::State;
  return std::any_of(values.begin(), values.end(),
                     [](const cdc::ColumnValue& value) { return value.state == State::kJsonDiff; }) ||
         values[kTopic].state == State::kAbsent || values[kPayloadJson].state == State::kAbsent;
}

absl::StatusOr<Delivery::Result> RowSender::Send(absl::string_view schema, absl::Span<const cdc::ColumnValue> values,
                                                 const Delivery::Row& row, absl::Time commit_time,
                                                 absl::string_view gtid) {
  kafka::Record record;
  Delivery::Poison poison;
  Delivery::Result result = Delivery::Result::kPoison;
  const absl::Status decoded = decoder_->Decode(values, commit_time, gtid, &record);
  if (decoded.ok()) {
    result = delivery_->Send(row, &record, &poison);
  } else if (absl::IsInvalidArgument(decoded)) {
    result = delivery_->Condemn(kafka::CodeOfStatus(decoded), decoded.message(), &poison);
  } else {
    return decoded;
  }
  if (result == Delivery::Result::kSent) {
    metrics_->bytes.Add((record.key.has_value() ? record.key->size() : 0) +
                        (record.value.has_value() ? record.value->size() : 0));
  }
  if (result != Delivery::Result::kPoison) return result;

  const absl::string_view id = values[kId].text;
  const absl::string_view topic = values[kTopic].text;
  if (options_.halt_on_poison) {
    LogEvent(LogLevel::kError, LogCode::kRelayHalted, poison.reason,
             {{"schema", schema}, {"id", id}, {"topic", topic}});
    return absl::FailedPreconditionError(absl::StrCat(
        "--on-poison=halt: Kafka will not take row ", id, " of `", schema, "` (topic ", topic, "): ", poison.reason,
        "; raise the topic's limits, or start with --on-poison=skip, which marks the row and goes on: "
        "the log keeps the row as it was inserted, whatever becomes of it in the table"));
  }
  LogEvent(LogLevel::kError, LogCode::kRowPoisoned, poison.reason,
           {{"schema", schema}, {"id", id}, {"topic", topic}, {"attempts", poison.attempts}});
  PoisonRow poison_row(row.key.table, row.key.id, values);
  poison_row.attempts = static_cast<uint32_t>(poison.attempts);
  poison_row.reason = std::move(poison.reason);
  poison_row.gtid = std::string(gtid);
  if (commit_time != absl::InfinitePast()) poison_row.commit_time = commit_time;
  poison_(std::move(poison_row), row.ordinal);
  return result;
}

}  // namespace relay
