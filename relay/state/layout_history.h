// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STATE_LAYOUT_HISTORY_H_
#define RELAY_STATE_LAYOUT_HISTORY_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "cdc/event/binlog_position.h"
#include "cdc/value/table_layout.h"

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

  // No transaction before `mark` is read again: what held only before it is dropped.
  void ForgetBefore(const cdc::BinlogPosition& mark);

  // From now on positions are those of this server. When it is another one than before, a layout is kept only if no
  // other one is known, from ForgetBefore's mark on: positions of two servers can't be compared, so that where in its
  // log a change stands is not known, and the stream may yet go back before it. The others are to be proven anew.
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
  // Oldest first.
  std::map<Name, std::vector<Period>> periods_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace relay

#endif  // RELAY_STATE_LAYOUT_HISTORY_H_
