// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STREAM_REPLACED_TABLE_H_
#define RELAY_STREAM_REPLACED_TABLE_H_

#include <cstddef>

#include "relay/delivery/ack_tracker.h"
#include "relay/delivery/pipeline_state.h"
#include "relay/delivery/sweep_queue.h"
#include "relay/outbox/table_identity.h"
#include "relay/state/ledger.h"

namespace relay {

// The outbox table of this number is another one than its rows were published from (TableIdentity::Verdict::kOther):
// nothing that is known of its ids holds, neither in the ledger nor under way to it. Its rows are swept. What `--start`
// skipped is still skipped unless ids began anew: an ALTER has kept those rows, and anything else that is logged the
// stream comes to, if it has not yet. SQL thread, or stream thread.
void ForgetReplacedTable(size_t table, const TableIdentity& now, const PipelineState& state, AckTracker* tracker,
                         Ledger* ledger, SweepQueue* sweeps);

}  // namespace relay

#endif  // RELAY_STREAM_REPLACED_TABLE_H_
