// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_EVENT_BINLOG_POSITION_H_
#define CDC_EVENT_BINLOG_POSITION_H_

#include <compare>
#include <cstdint>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cdc {

// A place in a server's binary log: between two events of one file.
//
// The offset is 64 bits wide although the event header's field has 32: files
// grow past 4 GiB while a single transaction is written, and the header then
// wraps. COM_BINLOG_DUMP cannot name an offset past 4 GiB either (see
// `reachable`).
struct BinlogPosition {
  std::string file;
  uint64_t offset = 0;

  // Parses "binlog.000042:1234". InvalidArgument says what was found instead.
  static absl::StatusOr<BinlogPosition> Parse(absl::string_view text);

  // "binlog.000042:1234"; "(no position)" when no file is known yet.
  std::string ToString() const;

  bool empty() const { return file.empty(); }

  // Whether a server can be asked to start here by file and position.
  bool reachable() const { return offset <= 0xFFFFFFFFu; }
};

// Orders file names of one server as its index does: by the number behind the
// last dot (binlog.999999 < binlog.1000000), by text where there is none.
// By their numbers where the names before them are the same, else by text: see AreOfOneSeries.
std::strong_ordering CompareBinlogFiles(absl::string_view a, absl::string_view b);

// Whether their order is that in which a server wrote them: the same file, or numbers behind the same name.
bool AreOfOneSeries(absl::string_view a, absl::string_view b);

bool operator==(const BinlogPosition& a, const BinlogPosition& b);
std::strong_ordering operator<=>(const BinlogPosition& a, const BinlogPosition& b);
std::ostream& operator<<(std::ostream& out, const BinlogPosition& position);

}  // namespace cdc

#endif  // CDC_EVENT_BINLOG_POSITION_H_
