// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STATE_LOW_WATER_MARK_H_
#define RELAY_STATE_LOW_WATER_MARK_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "cdc/event/binlog_position.h"
#include "cdc/event/gtid.h"
#include "cdc/event/gtid_set.h"
#include "cdc/stream_item.h"

namespace relay {

// A transaction by which a later connection recognizes this history.
struct LastTransaction {
  std::optional<cdc::Gtid> gtid;  // Nullopt when it was anonymous.
  absl::Time commit_time = absl::InfinitePast();
};

// The state of the stream at one point: everything before it is done.
struct LowWaterMark {
  cdc::GtidSet gtids;                   // Executed and done; XA prepares that are undecided are left out.
  cdc::BinlogPosition position;         // Where a dump by file and position goes on.
  uint32_t server = 0;                  // Whose position that is: PipelineState::set_server's number.
  std::optional<LastTransaction> last;  // Before the mark.
  std::vector<cdc::OpenXaBranch> open_xa;
};

}  // namespace relay

#endif  // RELAY_STATE_LOW_WATER_MARK_H_
