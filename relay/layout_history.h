// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_LAYOUT_HISTORY_H_
#define RELAY_LAYOUT_HISTORY_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "cdc/binlog_position.h"
#include "cdc/table_layout.h"

namespace relay {

// Which layout a table had at which place of one server's log, as far as it was proven. It outlives connections, so
// that a reconnect to a place before a DDL still knows the columns; the checkpoint saves the one at its position. Any
// thread.
class LayoutHistory {
 public:
  // The layout of the table for a transaction that begins at `at`; nullopt when none is proven there.
  std::optional<cdc::TableLayout> At(absl::string_view schema, absl::string_view table,
                                     const cdc::BinlogPosition& at) const;

  // `layout` holds from `since` on, until Change says otherwise. An empty `since`: from the beginning.
  void Add(absl::string_view schema, absl::string_view table, cdc::TableLayout layout, cdc::BinlogPosition since);

  // The table's definition changes at `at`.
  void Change(absl::string_view schema, absl::string_view table, const cdc::BinlogPosition& at);

  // The stream goes on elsewhere, without having read what lies between: nothing holds any more.
  void Clear();

  // From now on positions are those of this server. When it is another one than before, only what held at the end is
  // kept: positions of two servers can't be compared, and the stream goes on behind all that was handed over.
  void SetServer(absl::string_view server);

 private:
  struct Period {
    cdc::TableLayout layout;
    cdc::BinlogPosition since;                 // empty: always
    std::optional<cdc::BinlogPosition> until;  // nullopt: to this day
  };
  using Name = std::pair<std::string, std::string>;

  mutable absl::Mutex mutex_;
  std::string server_ ABSL_GUARDED_BY(mutex_);
  // Oldest first; a few at most.
  std::map<Name, std::vector<Period>> periods_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace relay

#endif  // RELAY_LAYOUT_HISTORY_H_
