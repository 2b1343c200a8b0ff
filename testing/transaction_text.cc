// SPDX-License-Identifier: Apache-2.0
#include "testing/transaction_text.h"

#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cdc/source/file_source.h"
#include "relay/base/status_macros.h"

namespace testing_support {
namespace {

using cdc::ColumnDefinition;
using cdc::RowChange;
using cdc::SchemaChange;
using cdc::StreamItem;

std::string ImageText(absl::Span<const cdc::ColumnValue> values, const cdc::TableInterest& interest) {
  std::string out;
  for (size_t i = 0; i < values.size(); ++i) {
    switch (values[i].state) {
      case cdc::ColumnValue::State::kAbsent:
        break;
      case cdc::ColumnValue::State::kNull:
        absl::StrAppend(&out, " ", interest.columns[i], "=NULL");
        break;
      case cdc::ColumnValue::State::kValue:
        absl::StrAppend(&out, " ", interest.columns[i], "='", values[i].text, "'");
        break;
      case cdc::ColumnValue::State::kJsonDiff:
        absl::StrAppend(&out, " ", interest.columns[i], "=(", values[i].text.size(), " bytes of differences)");
        break;
    }
  }
  return out;
}

}  // namespace

cdc::TableInterest OutboxInterest() {
  return {"app",
          "kafka_outbox",
          {"id", "topic", "payload_json", "payload_headers", "key", "partition_key", "errored"},
          "id"};
}

absl::StatusOr<cdc::TableLayout> OutboxLayouts::LayoutOf(absl::string_view schema, absl::string_view table,
                                                         const cdc::BinlogPosition&) {
  if (schema != "app" || table != "kafka_outbox") return absl::NotFoundError(absl::StrCat(schema, ".", table));
  using Default = ColumnDefinition::Default;
  const std::string payload = json_ ? "json" : "longtext";
  cdc::TableLayout layout;
  layout.columns = {
      {"id", "bigint", "bigint", "", Default::kExpression, ""},
      {"batch_id", "char", "char(36)", "utf8mb4", Default::kNull, ""},
      {"push_started_at", "datetime", "datetime", "", Default::kNull, ""},
      {"push_completed_at", "datetime", "datetime", "", Default::kNull, ""},
      {"topic", "varchar", "varchar(255)", "utf8mb4", Default::kNone, ""},
      {"payload_json", payload, payload, json_ ? "" : "utf8mb4", Default::kNull, ""},
      {"payload_headers", payload, payload, json_ ? "" : "utf8mb4", Default::kNull, ""},
      {"push_attempts", "tinyint", "tinyint", "", Default::kConstant, "0"},
      {"errored", "tinyint", "tinyint", "", Default::kConstant, "0"},
      {"error_reason", "varchar", "varchar(255)", "utf8mb4", Default::kConstant, ""},
      {"created_at", "datetime", "datetime", "", Default::kExpression, ""},
      {"partition_key", "varchar", "varchar(255)", "utf8mb4", Default::kConstant, ""},
      {"key", "varchar", "varchar(255)", "utf8mb4", Default::kConstant, ""},
  };
  return layout;
}

absl::StatusOr<std::string> ItemText(const StreamItem& item, const std::vector<cdc::TableInterest>& interests) {
  static constexpr const char* kItemKinds[] = {"transaction", "foreign", "idle", "end"};
  static constexpr const char* kRowKinds[] = {"insert", "update", "delete"};
  static constexpr const char* kChanges[] = {"create", "alter", "rename", "drop", "truncate"};
  std::string out =
      absl::StrCat(kItemKinds[static_cast<int>(item.kind)], " ", item.begin.ToString(), " to ", item.end.ToString());
  if (item.kind == StreamItem::Kind::kTransaction || item.kind == StreamItem::Kind::kForeign) {
    absl::StrAppend(&out, " gtid ", item.gtid.has_value() ? item.gtid->ToString() : "none", " at ",
                    absl::FormatTime("%Y-%m-%dT%H:%M:%E*S", item.commit_time, absl::UTCTimeZone()));
  }
  if (item.gtid_withheld) out += " withheld";
  for (const cdc::Gtid& gtid : item.released_gtids) absl::StrAppend(&out, " releases ", gtid.ToString());
  if (item.unknown_xa_commit) out += " unknown-xa-commit";
  if (item.statement_dml) out += item.statement_names_table ? " statement-names-table" : " statement";
  if (item.incident) out += " incident";
  if (item.open_xa_changed) absl::StrAppend(&out, " open-xa ", item.open_xa.size());
  out += "\n";
  for (const cdc::OpenXaBranch& branch : item.open_xa) {
    absl::StrAppend(&out, "  open ", branch.xid, " gtid ",
                    branch.prepare_gtid.has_value() ? branch.prepare_gtid->ToString() : "none", " at ",
                    branch.prepare_position.ToString(), "\n");
  }
  for (const SchemaChange& change : item.schema_changes) {
    absl::StrAppend(&out, "  ", kChanges[static_cast<int>(change.kind)], " ", change.schema, ".", change.table, ": ",
                    change.statement.substr(0, change.statement.find('\n')), "\n");
  }
  if (item.rows == nullptr) return out;
  uint64_t rows = 0;
  while (true) {
    ASSIGN_OR_RETURN(const RowChange* row, item.rows->NextRow());
    if (row == nullptr) break;
    ++rows;
    const cdc::TableInterest& interest = interests[row->table];
    absl::StrAppend(&out, "  ", interests.size() > 1 ? absl::StrCat(interest.table, " ") : "",
                    kRowKinds[static_cast<int>(row->kind)]);
    if (!row->before.empty()) absl::StrAppend(&out, " before", ImageText(row->before, interest));
    if (!row->after.empty()) absl::StrAppend(&out, " after", ImageText(row->after, interest));
    out += "\n";
  }
  if (rows != item.row_count) {
    return absl::InternalError(absl::StrCat("row_count is ", item.row_count, " but there are ", rows, " rows"));
  }
  return out;
}

ReadResult ReadTransactions(absl::string_view bytes, const std::string& name,
                            const cdc::TransactionReaderOptions& options) {
  OutboxLayouts layouts(/*json=*/!absl::StartsWith(name, "mysql56"));
  return ReadTransactions(bytes, name, {OutboxInterest()}, &layouts, options);
}

ReadResult ReadTransactions(absl::string_view bytes, const std::string& name,
                            const std::vector<cdc::TableInterest>& interests, cdc::LayoutProvider* layouts,
                            const cdc::TransactionReaderOptions& options) {
  ReadResult result;
  auto source = cdc::FileSource::OverBytes(bytes, name);
  result.status = source.status();
  if (!source.ok()) return result;
  cdc::TransactionReader reader(source->get(), layouts, interests, options);
  while (true) {
    auto item = reader.Next();
    result.status = item.status();
    if (!item.ok() || (*item)->kind == StreamItem::Kind::kEnd) return result;
    auto text = ItemText(**item, interests);
    result.status = text.status();
    if (!text.ok()) return result;
    result.items.push_back(*std::move(text));
    result.begins.push_back((*item)->begin);
    result.ends.push_back((*item)->end);
  }
}

}  // namespace testing_support
