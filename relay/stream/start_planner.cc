// SPDX-License-Identifier: Apache-2.0
#include "relay/stream/start_planner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"
#include "relay/delivery/sweep_queue.h"

namespace relay {
namespace {

PlannedSweep NewSweep(size_t table, SweepReason reason, bool judge_ledger) {
  SweepProgress progress;
  progress.phase = SweepProgress::Phase::kTable;
  progress.reason = std::string(SweepReasonName(reason));
  progress.judge_ledger = judge_ledger;
  return {table, reason, std::move(progress)};
}

LowWaterMark Now(const ServerInfo& server) {
  LowWaterMark mark;
  // Read before any row: it may lag what is visible, which costs repeats, never loss.
  mark.gtids = server.gtid_executed;
  // The set lags the log, too: a dump behind it may begin before the log's end, and only its first event says where.
  if (!server.gtids_decide()) mark.position = server.log_end.position;
  // An empty set is no place that could be saved.
  if (mark.gtids.empty() && mark.position.empty() && !server.log_end.position.empty()) {
    mark.position = {server.log_end.position.file, 4};
  }
  return mark;
}

StartPlan SweepFromNow(const StartFacts& facts, SweepReason reason, std::string explanation) {
  StartPlan plan;
  plan.from = Now(facts.server);
  plan.by_gtid = facts.server.gtids_decide();
  plan.restart = true;
  for (size_t i = 0; i < facts.tables.size(); ++i) {
    plan.sweep.push_back(NewSweep(i, reason, /*judge_ledger=*/reason == SweepReason::kPurged));
  }
  plan.explanation = std::move(explanation);
  return plan;
}

absl::StatusOr<StartPlan> FirstStart(const StartFacts& facts) {
  const ServerInfo& server = facts.server;
  StartPlan plan;
  plan.restart = true;
  plan.by_gtid = server.gtids_decide();
  plan.from = Now(server);
  plan.skip_pending = true;
  switch (facts.start.kind) {
    case StartPosition::Kind::kAuto:
      plan =
          SweepFromNow(facts, SweepReason::kFirstStart, "first start: the rows that wait in the table, then the log");
      break;
    case StartPosition::Kind::kLatest:
      plan.explanation = "first start, --start=latest: only what is inserted from now on";
      break;
    case StartPosition::Kind::kEarliest:
      if (server.logs.empty()) {
        return absl::FailedPreconditionError(
            "--start=earliest: the list of binary logs can't be read; GRANT REPLICATION CLIENT ON *.* (MariaDB: BINLOG "
            "MONITOR) to the relay's user");
      }
      plan.from.gtids = server.gtid_purged;
      plan.from.position = {server.logs.front().name, 4};
      // MariaDB has no set of what was purged: its oldest log's start is a position.
      if (server.flavor == SqlSession::Flavor::kMariadb) plan.by_gtid = false;
      plan.explanation = "first start, --start=earliest: from the oldest binary log";
      break;
    case StartPosition::Kind::kGtid: {
      if (!server.gtids_decide()) {
        return absl::FailedPreconditionError(absl::StrCat("--start=gtid:… needs gtid_mode=ON (the server has ",
                                                          server.gtid_mode,
                                                          "); use --start=file:NAME:POS, or set gtid_mode"));
      }
      auto set = cdc::GtidSet::Parse(facts.start.gtid_set);
      if (!set.ok()) return absl::FailedPreconditionError(absl::StrCat("--start=gtid:…: ", set.status().message()));
      plan.from.gtids = *std::move(set);
      plan.from.position = {};
      plan.explanation = "first start, --start=gtid";
      break;
    }
    case StartPosition::Kind::kFile:
      if (server.gtids_decide()) {
        return absl::FailedPreconditionError(
            "--start=file:… is for servers without GTIDs, and this one has them: which transactions lie before the "
            "position can't be told; use --start=gtid:SET");
      }
      plan.from.position = {facts.start.file, facts.start.offset};
      // What is executed by now may lie behind that position.
      plan.from.gtids = {};
      plan.explanation = "first start, --start=file";
      break;
  }
  return plan;
}

// Why reading can't go on behind what was reached.
struct Trouble {
  SweepReason reason;
  std::string explanation;
  bool shortfall = false;  // See StartPlan.
};

// Whether the log can be read on by position; else why not.
std::optional<Trouble> PositionTrouble(const StartFacts& facts) {
  const ServerInfo& server = facts.server;
  const cdc::BinlogPosition& position = facts.reached->position;
  if (server.logs.empty()) return std::nullopt;  // Not allowed to look: the dump will tell.
  const auto log = std::find_if(server.logs.begin(), server.logs.end(),
                                [&](const BinaryLog& candidate) { return candidate.name == position.file; });
  if (log == server.logs.end()) {
    if (cdc::CompareBinlogFiles(position.file, server.logs.front().name) < 0) {
      return Trouble{SweepReason::kPurged, absl::StrCat("the log ", position.file, " was purged")};
    }
    return Trouble{SweepReason::kHistoryRewritten, absl::StrCat("the server has no log ", position.file)};
  }
  if (log->size < position.offset) {
    return Trouble{SweepReason::kHistoryRewritten,
                   absl::StrCat("the log ", position.file, " is shorter than what was read of it")};
  }
  return std::nullopt;
}

// What was read and the server does not have.
cdc::GtidSet Lacking(const StartFacts& facts) {
  cdc::GtidSet lacking = facts.reached->gtids;
  lacking.Union(facts.seen);
  lacking.Subtract(facts.server.gtid_executed);
  return lacking;
}

std::optional<Trouble> GtidTrouble(const StartFacts& facts, const cdc::GtidSet& lacking) {
  const ServerInfo& server = facts.server;
  if (server.flavor == SqlSession::Flavor::kMariadb) {
    if (lacking.empty()) return std::nullopt;
    return Trouble{SweepReason::kHistoryRewritten, absl::StrCat("the server lacks ", lacking.ToString()), true};
  }
  // What another server wrote and this one lacks was lost in a failover. What this one wrote itself and lacks means
  // that it counts anew.
  const auto own = cdc::Uuid::Parse(server.server_uuid);
  if (own.ok() && !lacking.OfUuid(*own).empty()) {
    return Trouble{SweepReason::kHistoryRewritten,
                   absl::StrCat("the server lacks its own ", lacking.OfUuid(*own).ToString()), true};
  }
  if (lacking.Contains(facts.reached->gtids)) {
    return Trouble{SweepReason::kHistoryRewritten, "the server has nothing of what was read"};
  }
  cdc::GtidSet gone = server.gtid_purged;
  gone.Subtract(facts.reached->gtids);
  if (!gone.empty()) {
    return Trouble{SweepReason::kPurged, absl::StrCat("the log of ", gone.ToString(), " was purged")};
  }
  return std::nullopt;
}

// Whether what comes next on this server may have no GTID: it was read by position, and no transaction with one came
// since. Between there and the first one, a dump by GTID would leave out what is anonymous (gtid_mode was OFF).
bool ReadByPosition(const StartFacts& facts) {
  const Checkpoint& reached = *facts.reached;
  return facts.server.flavor == SqlSession::Flavor::kMysql && reached.server_uuid == ServerName(facts.server) &&
         !reached.position.empty() && !reached.last.gtid.has_value() && (facts.by_position || !reached.last.empty());
}

}  // namespace

void Unread(const cdc::GtidSet& lost, LowWaterMark* mark) {
  mark->gtids.Subtract(lost);
  if (mark->last.has_value() && mark->last->gtid.has_value() && lost.Contains(*mark->last->gtid)) mark->last.reset();
}

LowWaterMark MarkOf(const Checkpoint& checkpoint) {
  LowWaterMark mark;
  mark.gtids = checkpoint.gtids;
  mark.position = checkpoint.position;
  mark.open_xa = checkpoint.open_xa;
  if (!checkpoint.last.empty()) {
    mark.last = LastTransaction{checkpoint.last.gtid, absl::FromUnixMicros(checkpoint.last.commit_micros)};
  }
  return mark;
}

absl::StatusOr<StartPlan> PlanStart(const StartFacts& facts) {
  if (!facts.reached.has_value() || !facts.reached->has_position()) return FirstStart(facts);
  const ServerInfo& server = facts.server;
  const Checkpoint& reached = *facts.reached;
  const bool same_server = reached.server_uuid == ServerName(server);

  StartPlan plan;
  plan.by_gtid = server.gtids_decide() && !reached.gtids.empty() && !ReadByPosition(facts);
  std::optional<Trouble> trouble;
  if (plan.by_gtid) {
    const cdc::GtidSet lacking = Lacking(facts);
    trouble = GtidTrouble(facts, lacking);
    if (server.flavor == SqlSession::Flavor::kMysql) plan.lost = lacking;
    // The transactions of a group bear its UUID and not the server's: its set may lag its log in them, too.
    plan.shortfall = same_server && !plan.lost.empty();
  } else if (!same_server) {
    trouble =
        Trouble{SweepReason::kHistoryRewritten, "another server, and without GTIDs its positions say nothing to us"};
  } else {
    trouble = PositionTrouble(facts);
  }
  if (!facts.history_rewritten.empty() && (!trouble.has_value() || trouble->reason == SweepReason::kPurged)) {
    trouble = Trouble{SweepReason::kHistoryRewritten, facts.history_rewritten};
  }
  if (!trouble.has_value() && facts.dump_refused) {
    trouble = Trouble{SweepReason::kPurged, "the server can't send what follows the checkpoint"};
  }
  if (trouble.has_value()) {
    StartPlan swept = SweepFromNow(facts, trouble->reason, trouble->explanation);
    swept.shortfall = trouble->shortfall;
    if (trouble->reason == SweepReason::kPurged) {
      swept.lost = plan.lost;
      swept.shortfall = plan.shortfall;
    }
    // What was published of another server's table names no rows of this one's: between the two a failover may have
    // lost them, and given their ids to others.
    swept.void_ledger = trouble->reason == SweepReason::kHistoryRewritten || !same_server;
    // Still known to be done, though the server's own set may lack it.
    if (!swept.void_ledger) swept.from.gtids.Union(reached.gtids);
    Unread(swept.lost, &swept.from);
    return swept;
  }

  plan.from = MarkOf(reached);
  // Whoever gives these numbers anew, this server's own old primary or another one, has other transactions under them.
  Unread(plan.lost, &plan.from);
  plan.explanation = plan.shortfall ? absl::StrCat("the server lacks ", plan.lost.ToString()) : "behind the checkpoint";
  for (size_t i = 0; i < facts.tables.size(); ++i) {
    const TableCheckpoint* known = reached.FindTable(facts.tables[i].schema, facts.tables[i].table);
    if (known == nullptr) {
      // It may have been covered once: then its ledger has a gap.
      plan.sweep.push_back(NewSweep(i, SweepReason::kSchemaAdded, /*judge_ledger=*/true));
    } else if (known->sweep.phase == SweepProgress::Phase::kTable) {
      plan.sweep.push_back({i, SweepReasonOf(known->sweep.reason).value_or(SweepReason::kFirstStart), known->sweep});
    }
  }
  return plan;
}

}  // namespace relay
