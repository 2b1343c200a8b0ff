// SPDX-License-Identifier: Apache-2.0
//
// How far a transaction, once it is done, moves the low-water mark: in few bytes, since many may wait.
//
// What transactions share is kept once: a GTID names its source, and a position its file, by number.
#ifndef RELAY_DELIVERY_STREAM_STEPS_H_
#define RELAY_DELIVERY_STREAM_STEPS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "cdc/event/gtid.h"
#include "cdc/event/gtid_set.h"
#include "cdc/stream_item.h"
#include "relay/state/low_water_mark.h"

namespace relay {

// Filled and read by StreamSteps only.
struct StreamStep {
  struct CompactGtid {
    uint32_t source = 0;
    uint32_t server_id = 0;  // MariaDB's.
    uint64_t number = 0;     // 0: none.
  };
  // Consecutive transactions of one source.
  struct Run {
    CompactGtid first;
    uint64_t count;
  };

  absl::InlinedVector<Run, 1> runs;
  // What is more than some runs: out of sources that take turns each transaction would make a run.
  std::unique_ptr<cdc::GtidSet> more;
  std::unique_ptr<std::vector<cdc::OpenXaBranch>> open_xa;  // Null: as before.
  uint64_t end_offset = 0;
  uint64_t end_file = 0;  // 0: none.
  CompactGtid last_gtid;
  int64_t last_commit_us = 0;
  uint32_t end_server = 0;
  bool has_last = false;
};

// Which transaction of the log an item is. One that is read again, here or on another server, has the same GTID, or
// where there are none the same place.
struct StreamPlace {
  StreamStep::CompactGtid gtid;
  // Where there is no GTID. A hash of the name: its number may be forgotten before the file is read again.
  size_t file = 0;
  uint64_t offset = 0;

  friend bool operator==(const StreamPlace& a, const StreamPlace& b) {
    if (a.gtid.number != 0 || b.gtid.number != 0) {
      return a.gtid.source == b.gtid.source && a.gtid.number == b.gtid.number && a.gtid.server_id == b.gtid.server_id;
    }
    return a.file == b.file && a.offset == b.offset;
  }
};

// The names that steps refer to. Not thread-safe.
class StreamSteps {
 public:
  // What is taken in from now on stands in this server's log: see LowWaterMark.
  void set_server(uint32_t server) { server_ = server; }
  StreamPlace PlaceOf(const cdc::StreamItem& item);
  // The step takes this item in, too.
  void Extend(const cdc::StreamItem& item, StreamStep* step);
  // What the step holds beside its own size.
  static size_t HeapBytes(const StreamStep& step);
  // Moves the mark by the step.
  void Apply(const StreamStep& step, LowWaterMark* mark) const;
  // No step is left that ends in a file before this step's; null: none is left at all.
  void ForgetFilesBefore(const StreamStep* step);

 private:
  static constexpr size_t kMostRuns = 8;

  StreamStep::CompactGtid Compact(const cdc::Gtid& gtid);
  cdc::Gtid Expand(const StreamStep::CompactGtid& gtid) const;
  uint64_t NumberOf(const std::string& file);
  void AddGtid(const cdc::Gtid& gtid, StreamStep* step);
  void AddRun(const StreamStep::Run& run, cdc::GtidSet* set) const;

  std::vector<cdc::Gtid> sources_;  // Without server id and number.
  std::deque<std::string> files_;   // The first has number first_file_.
  uint64_t first_file_ = 1;
  uint32_t server_ = 0;
};

}  // namespace relay

#endif  // RELAY_DELIVERY_STREAM_STEPS_H_
