// SPDX-License-Identifier: Apache-2.0
#include "relay/stream/history_check.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cdc/stream_item.h"
#include "cdc/transaction_reader.h"
#include "relay/base/status_macros.h"
#include "relay/sql/dump_identity.h"

namespace relay {
namespace {

using Verdict = HistoryCheck::Verdict;

// Transactions of others that may come before the one in question: prepared XA branches, held back from the set.
constexpr int kMostTransactions = 1000;

bool SameSecond(int64_t a, int64_t b) { return a / 1'000'000 == b / 1'000'000; }

std::string At(int64_t micros) { return absl::FormatTime(absl::FromUnixMicros(micros), absl::UTCTimeZone()); }

HistoryCheck Compare(const std::string& what, int64_t found, int64_t expected) {
  // A time that was taken from an event's header has whole seconds, and then from which event is the reader's choice.
  const bool whole_seconds = expected % 1'000'000 == 0 || found % 1'000'000 == 0;
  if (found == expected || (whole_seconds && SameSecond(found, expected))) {
    return {Verdict::kSame, absl::StrCat(what, " stands in the log as it was read")};
  }
  return {Verdict::kRewritten, absl::StrCat(what, " was committed at ", At(expected),
                                            " when it was read, and the log has it at ", At(found))};
}

absl::StatusOr<HistoryCheck> CheckByGtid(cdc::TransactionReader* reader, const Fingerprint& last) {
  for (int seen = 0; seen < kMostTransactions;) {
    ASSIGN_OR_RETURN(const cdc::StreamItem* item, reader->Next());
    if (item->kind == cdc::StreamItem::Kind::kEnd) break;
    if (!item->gtid.has_value()) continue;
    ++seen;
    if (*item->gtid == *last.gtid) {
      return Compare(last.gtid->ToString(), absl::ToUnixMicros(item->commit_time), last.commit_micros);
    }
  }
  return HistoryCheck{Verdict::kUnknown, absl::StrCat(last.gtid->ToString(), " was not found in the log")};
}

// Reads a file from its start to the fingerprint's place.
absl::StatusOr<HistoryCheck> CheckByPosition(cdc::TransactionReader* reader, const Fingerprint& last) {
  std::optional<int64_t> micros;
  std::optional<cdc::Gtid> gtid;
  while (true) {
    ASSIGN_OR_RETURN(const cdc::StreamItem* item, reader->Next());
    if (item->kind == cdc::StreamItem::Kind::kEnd || last.end < item->end) {
      if (item->kind != cdc::StreamItem::Kind::kEnd && item->kind != cdc::StreamItem::Kind::kIdle &&
          item->begin < last.end) {
        return HistoryCheck{Verdict::kRewritten,
                            absl::StrCat(last.end.ToString(), " lies inside of a transaction now")};
      }
      break;
    }
    if (item->kind == cdc::StreamItem::Kind::kIdle) continue;
    micros = absl::ToUnixMicros(item->commit_time);
    gtid = item->gtid;
  }
  if (!micros.has_value()) {
    return HistoryCheck{Verdict::kUnknown,
                        absl::StrCat("no transaction stands before ", last.end.ToString(), " in its file")};
  }
  if (last.gtid.has_value() && gtid.has_value() && *gtid != *last.gtid) {
    return HistoryCheck{Verdict::kRewritten, absl::StrCat("before ", last.end.ToString(), " the log has ",
                                                          gtid->ToString(), ", not ", last.gtid->ToString())};
  }
  return Compare(absl::StrCat("the transaction before ", last.end.ToString()), *micros, last.commit_micros);
}

}  // namespace

absl::StatusOr<HistoryCheck> CheckHistory(cdc::LiveSourceOptions dump, const ServerInfo& server,
                                          const Checkpoint& reached) {
  const Fingerprint& last = reached.last;
  const bool by_gtid = server.flavor == SqlSession::Flavor::kMysql && server.gtids_decide() && last.gtid.has_value() &&
                       reached.gtids.Contains(*last.gtid);
  if (last.empty() || last.commit_micros == 0 || (!by_gtid && last.end.empty())) {
    return HistoryCheck{Verdict::kUnknown, "the checkpoint names no last transaction"};
  }
  dump.wait = false;
  SetRandomIdentity(&dump);
  if (by_gtid) {
    cdc::GtidSet before = reached.gtids;
    cdc::GtidSet one;
    one.Add(*last.gtid);
    before.Subtract(one);
    dump.start = std::move(before);
  } else {
    const bool listed = std::any_of(server.logs.begin(), server.logs.end(),
                                    [&](const BinaryLog& log) { return log.name == last.end.file; });
    if (!listed) {
      // Purged, or counted anew.
      const bool beyond = !server.logs.empty() && cdc::CompareBinlogFiles(last.end.file, server.logs.back().name) > 0;
      return HistoryCheck{beyond ? Verdict::kRewritten : Verdict::kUnknown,
                          absl::StrCat("the server has no log ", last.end.file,
                                       beyond ? absl::StrCat(" yet, its newest is ", server.logs.back().name) : "")};
    }
    dump.start = cdc::BinlogPosition{last.end.file, 0};
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<cdc::LiveSource> source, cdc::LiveSource::Connect(dump));
  cdc::TransactionReader reader(source.get(), /*layouts=*/nullptr, /*interests=*/{});
  absl::StatusOr<HistoryCheck> checked = by_gtid ? CheckByGtid(&reader, last) : CheckByPosition(&reader, last);
  if (absl::IsOutOfRange(checked.status())) {
    return HistoryCheck{Verdict::kUnknown, std::string(checked.status().message())};
  }
  return checked;
}

}  // namespace relay
