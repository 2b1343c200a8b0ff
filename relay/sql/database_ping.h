// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_SQL_DATABASE_PING_H_
#define RELAY_SQL_DATABASE_PING_H_

#include <memory>

#include "absl/status/status.h"
#include "relay/sql/sql_endpoint.h"
#include "relay/sql/sql_session.h"

namespace relay {

// Asks the database whether it answers, over a session of its own that stays
// open between calls. One thread at a time.
class DatabasePing {
 public:
  // Of the endpoint's hosts one has to answer. Its timeouts are replaced by a
  // second each.
  explicit DatabasePing(SqlEndpoint endpoint);

  // OK, or why not; errors as SqlConnector and SqlSession.
  absl::Status Ask();

 private:
  const SqlConnector connector_;
  std::unique_ptr<SqlSession> session_;
};

}  // namespace relay

#endif  // RELAY_SQL_DATABASE_PING_H_
