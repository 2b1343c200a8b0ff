// SPDX-License-Identifier: Apache-2.0
#include "cdc/table_plans.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cdc/event/table_map.h"
#include "relay/base/status_macros.h"

namespace cdc {
namespace {

// Ids grow whenever a server opens a table anew: what is old is forgotten between transactions.
constexpr size_t kMaxPlans = 4096;

}  // namespace

TablePlans::TablePlans(const std::vector<TableInterest>* interests, LayoutProvider* layouts, bool fold_names)
    : interests_(interests), layouts_(layouts), fold_names_(fold_names) {
  for (size_t i = 0; i < interests->size(); ++i) {
    by_name_.emplace(KeyOf((*interests)[i].schema, (*interests)[i].table), i);
  }
}

std::pair<std::string, std::string> TablePlans::KeyOf(absl::string_view schema, absl::string_view table) const {
  if (fold_names_) return {absl::AsciiStrToLower(schema), absl::AsciiStrToLower(table)};
  return {std::string(schema), std::string(table)};
}

void TablePlans::BeginTransaction() {
  ++transaction_;
  if (plans_.size() > kMaxPlans) {
    plans_.clear();
    last_ = nullptr;
  }
}

absl::Status TablePlans::Map(const TableMapEvent& event, Dialect dialect, const BinlogPosition& at) {
  ASSIGN_OR_RETURN(const TableMapName name, TableMap::ParseName(event.body, event.post_header_length));
  Plan* plan = last_;
  if (plan == nullptr || last_id_ != name.table_id) {
    std::unique_ptr<Plan>& place = plans_[name.table_id];
    if (place == nullptr) place = std::make_unique<Plan>();
    plan = place.get();
    last_id_ = name.table_id;
    last_ = plan;
  }
  if (plan->body != event.body) {
    plan->transaction = 0;
    RETURN_IF_ERROR(Make(event, dialect, at, plan));
  }
  plan->transaction = transaction_;
  return absl::OkStatus();
}

absl::Status TablePlans::Make(const TableMapEvent& event, Dialect dialect, const BinlogPosition& at, Plan* plan) {
  plan->interest = kForeign;
  plan->decoder = nullptr;
  plan->body.clear();
  ASSIGN_OR_RETURN(const TableMapName name, TableMap::ParseName(event.body, event.post_header_length));
  const auto found = by_name_.find(KeyOf(name.schema, name.table));
  if (found != by_name_.end()) {
    const TableInterest& interest = (*interests_)[found->second];
    ASSIGN_OR_RETURN(const TableMap map, TableMap::Parse(event.body, event.post_header_length, dialect));
    TableLayout layout;
    bool has_layout = false;
    if (layouts_ != nullptr) {
      auto answer = layouts_->LayoutOf(interest.schema, interest.table, at);
      // With names in the map a layout only adds defaults, and the table may be gone or changed by now.
      if (!answer.ok() && (!map.has_names() || absl::IsUnavailable(answer.status()))) return answer.status();
      has_layout = answer.ok();
      if (has_layout) layout = *std::move(answer);
    }
    auto decoder = RowsDecoder::Create(map, has_layout ? &layout : nullptr, interest.columns);
    if (!decoder.ok() && has_layout && map.has_names()) {
      decoder = RowsDecoder::Create(map, nullptr, interest.columns);
    }
    if (!decoder.ok()) {
      return absl::Status(decoder.status().code(), absl::StrCat("table ", interest.schema, ".", interest.table, ": ",
                                                                decoder.status().message()));
    }
    plan->decoder = *std::move(decoder);
    plan->interest = found->second;
  }
  plan->body.assign(event.body.data(), event.body.size());
  return absl::OkStatus();
}

TablePlans::Plan* TablePlans::Find(uint64_t table_id) {
  Plan* plan = last_;
  if (plan == nullptr || last_id_ != table_id) {
    const auto found = plans_.find(table_id);
    if (found == plans_.end()) return nullptr;
    plan = found->second.get();
    last_id_ = table_id;
    last_ = plan;
  }
  return plan->transaction == transaction_ ? plan : nullptr;
}

void TablePlans::Forget(size_t interest, const BinlogPosition& at) {
  if (layouts_ != nullptr) {
    layouts_->TableChanged((*interests_)[interest].schema, (*interests_)[interest].table, at);
  }
  for (auto& [id, plan] : plans_) {
    if (plan->interest == interest) plan->body.clear();
  }
}

}  // namespace cdc
