// SPDX-License-Identifier: Apache-2.0
#ifndef TESTING_TRANSACTION_TEXT_H_
#define TESTING_TRANSACTION_TEXT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/event/binlog_position.h"
#include "cdc/stream_item.h"
#include "cdc/transaction_reader.h"
#include "cdc/value/table_layout.h"

namespace testing_support {

// The table app.kafka_outbox of the fixtures, the columns that a relay wants of it.
cdc::TableInterest OutboxInterest();

// Knows that table as testing/testdata/*.sql make it, for fixtures without names in their table maps.
class OutboxLayouts : public cdc::LayoutProvider {
 public:
  // `json`: the payload columns are JSON, else LONGTEXT (MySQL 5.6).
  explicit OutboxLayouts(bool json = true) : json_(json) {}

  absl::StatusOr<cdc::TableLayout> LayoutOf(absl::string_view schema, absl::string_view table,
                                            const cdc::BinlogPosition& at) override;
  void TableChanged(absl::string_view, absl::string_view, const cdc::BinlogPosition&) override {}

 private:
  const bool json_;
};

// One line for the item, one for each of its rows.
absl::StatusOr<std::string> ItemText(const cdc::StreamItem& item, const std::vector<cdc::TableInterest>& interests);

// All that a reader makes of a binlog file's bytes: the text of each item, where it stands, and how it ended.
struct ReadResult {
  std::vector<std::string> items;
  std::vector<cdc::BinlogPosition> begins;
  std::vector<cdc::BinlogPosition> ends;
  absl::Status status;
};
// Of the table app.kafka_outbox.
ReadResult ReadTransactions(absl::string_view bytes, const std::string& name,
                            const cdc::TransactionReaderOptions& options = {});
// Of any tables; `layouts` may be null.
ReadResult ReadTransactions(absl::string_view bytes, const std::string& name,
                            const std::vector<cdc::TableInterest>& interests, cdc::LayoutProvider* layouts,
                            const cdc::TransactionReaderOptions& options = {});

}  // namespace testing_support

#endif  // TESTING_TRANSACTION_TEXT_H_
