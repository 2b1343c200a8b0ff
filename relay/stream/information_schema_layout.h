// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STREAM_INFORMATION_SCHEMA_LAYOUT_H_
#define RELAY_STREAM_INFORMATION_SCHEMA_LAYOUT_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "cdc/event/binlog_position.h"
#include "cdc/value/table_layout.h"
#include "relay/sql/sql_endpoint.h"
#include "relay/sql/sql_session.h"
#include "relay/state/layout_history.h"

namespace relay {

// The columns of the outbox tables where the log does not name them (design §4 "Names"). information_schema knows those
// of now; they are those of a transaction if no DDL of the table stands between it and the log's end as read
// afterwards. That is proven by reading that part of the log once on a connection of its own, and then holds until the
// stream comes to the next DDL.
//
// Belongs to the stream's thread; the session too.
class InformationSchemaLayout : public cdc::LayoutProvider {
 public:
  struct Options {
    SqlEndpoint endpoint;
    // --columns: the table's columns in their order, which the user vouches for where nothing can be proven.
    std::vector<std::string> columns;
    // Ends a proof under way; may be null.
    const absl::Notification* stop = nullptr;
    // Called while a proof goes on, which may take minutes; may be null.
    std::function<void()> beat = nullptr;
  };

  // `session` is one to the server that the stream is read from. `history` keeps what was proven beyond this object and
  // may hold more already; it is told which server this is. Both must outlive it.
  InformationSchemaLayout(Options options, SqlSession* session, LayoutHistory* history, absl::string_view server);

  absl::StatusOr<cdc::TableLayout> LayoutOf(absl::string_view schema, absl::string_view table,
                                            const cdc::BinlogPosition& at) override;
  void TableChanged(absl::string_view schema, absl::string_view table, const cdc::BinlogPosition& at) override;

 private:
  absl::StatusOr<cdc::TableLayout> Prove(absl::string_view schema, absl::string_view table,
                                         const cdc::BinlogPosition& at);
  // The vouched-for columns, with what the table still says of them.
  absl::StatusOr<cdc::TableLayout> Vouched(absl::string_view schema, absl::string_view table);

  const Options options_;
  SqlSession* const session_;
  LayoutHistory* const history_;
};

}  // namespace relay

#endif  // RELAY_STREAM_INFORMATION_SCHEMA_LAYOUT_H_
