// SPDX-License-Identifier: Apache-2.0
#include "relay/sql/primary_finder.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace relay {

std::optional<size_t> ChoosePrimary(absl::Span<const ServerInfo> writable, const cdc::GtidSet& reached,
                                    bool grace_over) {
  std::optional<size_t> most;
  uint64_t most_count = 0;
  for (size_t i = 0; i < writable.size(); ++i) {
    if (!writable[i].gtids_decide() || writable[i].gtid_executed.Contains(reached)) return i;
    cdc::GtidSet common = writable[i].gtid_executed;
    if (common.is_mariadb() == reached.is_mariadb()) common.Intersect(reached);
    if (!most.has_value() || common.Count() > most_count) {
      most = i;
      most_count = common.Count();
    }
  }
  return grace_over ? most : std::nullopt;
}

absl::StatusOr<PrimaryFinder::Found> PrimaryFinder::Find(const cdc::GtidSet& reached, const absl::Notification* stop) {
  waits_ = false;
  absl::Status problem;
  bool replica = false;
  std::vector<std::unique_ptr<SqlSession>> sessions;
  std::vector<ServerInfo> writable;
  const size_t hosts = connector_.endpoint().hosts.size();
  // Of one host there is no choice.
  const bool grace_over = hosts == 1 || (lacking_since_.has_value() && clock_->Monotonic() - *lacking_since_ >= grace_);
  std::optional<size_t> chosen;
  for (size_t i = 0; i < hosts && !chosen.has_value(); ++i) {
    if (stop->HasBeenNotified()) return absl::CancelledError("stopping");
    auto session = connector_.ConnectTo(i);
    if (!session.ok()) {
      problem.Update(session.status());
      continue;
    }
    auto info = AskServerInfo(session->get());
    if (!info.ok()) {
      problem.Update(info.status());
      continue;
    }
    if (!info->primary()) {
      replica = true;
      continue;
    }
    sessions.push_back(*std::move(session));
    writable.push_back(*std::move(info));
    chosen = ChoosePrimary(writable, reached, /*grace_over=*/false);
  }
  if (!chosen.has_value()) chosen = ChoosePrimary(writable, reached, grace_over);
  if (chosen.has_value()) {
    lacking_since_.reset();
    return Found{std::move(sessions[*chosen]), std::move(writable[*chosen])};
  }
  waits_ = replica || !writable.empty();
  if (!writable.empty()) {
    if (!lacking_since_.has_value()) lacking_since_ = clock_->Monotonic();
    return absl::UnavailableError(
        absl::StrCat("no writable host has every transaction that was read; one that has is waited for "
                     "(--failover-grace, ",
                     absl::FormatDuration(grace_), ")"));
  }
  if (replica) {
    return absl::UnavailableError(
        "none of the hosts is a writable primary (read_only, or replicating from another server); one is waited for");
  }
  return problem;
}

}  // namespace relay
