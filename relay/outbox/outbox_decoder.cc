// SPDX-License-Identifier: Apache-2.0

#include "relay/outbox/outbox_decoder.h"

#include "absl/strings/str_cat.h"
#include "kafka/fault.h"
#include "relay/outbox/outbox_table.h"

namespace relay {
namespace {

using cdc::ColumnValue;

bool NeedsTheTable(const ColumnValue& value) {
  return value.state == ColumnValue::State::kAbsent || value.state == ColumnValue::State::kJsonDiff;
}

// The text; empty for NULL and for a column that an older table does not have.
absl::string_view TextOf(const ColumnValue& value) { return value.has_value() ? value.text : absl::string_view(); }

absl::Status RowFault(absl::string_view why) { return kafka::FaultStatus(kafka::kInvalidRecord, why); }

}  // namespace

absl::Status OutboxDecoder::Decode(absl::Span<const ColumnValue> row, absl::Time commit_time, absl::string_view gtid,
                                   kafka::Record* record) {
  for (const OutboxColumn column : {kTopic, kPayloadJson}) {
    if (NeedsTheTable(row[column])) {
      return absl::FailedPreconditionError(absl::StrCat("the row image does not carry column ",
                                                        kOutboxColumnNames[column], ": read the row from the table"));
    }
  }
  if (row[kPayloadHeaders].state == ColumnValue::State::kJsonDiff) {
    return absl::FailedPreconditionError(
        "the row image carries only a change of column payload_headers: read the row from the table");
  }

  record->topic = TextOf(row[kTopic]);
  if (record->topic.empty()) return RowFault("column topic is empty");
  record->value = row[kPayloadJson].is_null() ? std::nullopt : std::make_optional(row[kPayloadJson].text);

  const absl::string_view key = TextOf(row[kKey]);
  const absl::string_view partition_key = TextOf(row[kPartitionKey]);
  record->key = key.empty() ? std::nullopt : std::make_optional(key);
  record->partition_key = partition_key.empty() ? record->key : std::make_optional(partition_key);

  const absl::Status headers = header_json_.Parse(TextOf(row[kPayloadHeaders]), &headers_);
  if (!headers.ok()) return RowFault(headers.message());
  AddHeaders(row, commit_time, gtid);
  record->headers = headers_;

  record->timestamp =
      options_.commit_timestamp && commit_time != absl::InfinitePast() ? std::make_optional(commit_time) : std::nullopt;
  return absl::OkStatus();
}

void OutboxDecoder::AddHeaders(absl::Span<const ColumnValue> row, absl::Time commit_time, absl::string_view gtid) {
  if (options_.add_id && row[kId].has_value()) headers_.push_back({kIdHeader, row[kId].text});
  if (options_.add_gtid && !gtid.empty()) headers_.push_back({kGtidHeader, gtid});
  if (options_.add_commit_time && commit_time != absl::InfinitePast()) {
    if (commit_time != formatted_time_) {
      formatted_ = absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", commit_time, absl::UTCTimeZone());
      formatted_time_ = commit_time;
    }
    headers_.push_back({kCommitTimeHeader, formatted_});
  }
}

}  // namespace relay
