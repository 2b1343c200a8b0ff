// SPDX-License-Identifier: Apache-2.0
#include "relay/stream/replaced_table.h"

#include "relay/status/logging.h"

namespace relay {

void ForgetReplacedTable(size_t table, const TableIdentity& now, const PipelineState& state, AckTracker* tracker,
                         Ledger* ledger, SweepQueue* sweeps) {
  tracker->Void(table);
  ledger->Void(table);
  if (!SkippedStillHold(now, ledger->Skipped(table))) ledger->ForgetSkipped(table);
  LogEvent(LogLevel::kWarning, LogCode::kLedgerVoided,
           "the table is not the one that was published from: its rows may be published again",
           {{"schema", state.schema(table)}});
  sweeps->Request(SweepReason::kLedgerVoid);
}

}  // namespace relay
