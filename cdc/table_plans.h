// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_TABLE_PLANS_H_
#define CDC_TABLE_PLANS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/event/binlog_position.h"
#include "cdc/event/event.h"
#include "cdc/event/table_map.h"
#include "cdc/stream_item.h"
#include "cdc/value/rows_decoder.h"
#include "cdc/value/table_layout.h"

namespace cdc {

// How to read the rows of each table id. A server repeats the table map before every statement, mostly the same: a plan
// is kept by id and is good as long as the map's bytes are. Not thread-safe.
class TablePlans {
 public:
  static constexpr size_t kForeign = static_cast<size_t>(-1);

  struct Plan {
    // Index into the interests, or kForeign.
    size_t interest = kForeign;
    // Null for a foreign table.
    std::unique_ptr<RowsDecoder> decoder;
    // Of the last transaction that mapped it.
    uint64_t transaction = 0;
    std::string body;
  };

  // `interests` must outlive this; `layouts` too, and may be null. `fold_names`: names match without regard to case.
  TablePlans(const std::vector<TableInterest>* interests, LayoutProvider* layouts, bool fold_names);

  // Maps are valid within one transaction only.
  void BeginTransaction();
  // Takes a table map in; its transaction begins at `at`. DataLoss: malformed. Else what RowsDecoder::Create and
  // LayoutProvider say.
  absl::Status Map(const TableMapEvent& event, Dialect dialect, const BinlogPosition& at);
  // The plan of an id mapped in this transaction, null if there is none.
  Plan* Find(uint64_t table_id);
  // The table's definition changes in a transaction that begins at `at`: its plans are made anew.
  void Forget(size_t interest, const BinlogPosition& at);

 private:
  std::pair<std::string, std::string> KeyOf(absl::string_view schema, absl::string_view table) const;
  absl::Status Make(const TableMapEvent& event, Dialect dialect, const BinlogPosition& at, Plan* plan);

  const std::vector<TableInterest>* const interests_;
  LayoutProvider* const layouts_;
  const bool fold_names_;
  absl::flat_hash_map<std::pair<std::string, std::string>, size_t> by_name_;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Plan>> plans_;
  uint64_t transaction_ = 1;
  // The plan that was used last, which the next event mostly asks for again.
  uint64_t last_id_ = 0;
  Plan* last_ = nullptr;
};

}  // namespace cdc

#endif  // CDC_TABLE_PLANS_H_
