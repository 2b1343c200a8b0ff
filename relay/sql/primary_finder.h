// SPDX-License-Identifier: Apache-2.0
//
// Which of the hosts the log is read from (design §7): the writable one that has everything we have seen.
#ifndef RELAY_SQL_PRIMARY_FINDER_H_
#define RELAY_SQL_PRIMARY_FINDER_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cdc/event/gtid_set.h"
#include "relay/base/clock.h"
#include "relay/sql/server_info.h"
#include "relay/sql/sql_session.h"

namespace relay {

// Of writable servers the one to read from, by its index: one that has all of `reached` (or has no GTIDs, where that
// can't be told); once `grace_over`, else the one that has most of it. Nullopt: wait, another may come.
std::optional<size_t> ChoosePrimary(absl::Span<const ServerInfo> writable, const cdc::GtidSet& reached,
                                    bool grace_over);

// Stream thread.
class PrimaryFinder {
 public:
  struct Found {
    std::unique_ptr<SqlSession> session;
    ServerInfo server;
  };

  // Both must outlive the finder. `grace`: --failover-grace.
  PrimaryFinder(const SqlConnector* connector, const relay::base::Clock* clock, absl::Duration grace)
      : connector_(*connector), clock_(clock), grace_(grace) {}

  // Asks the hosts in their order. `reached`: the transactions that were read. Unavailable when none is to be read from
  // now (see `waits`); Cancelled when the stop was notified.
  absl::StatusOr<Found> Find(const cdc::GtidSet& reached, const absl::Notification* stop);

  // The last Find reached hosts, but none that is a primary, or none that has everything we have seen.
  bool waits() const { return waits_; }

 private:
  const SqlConnector& connector_;
  const relay::base::Clock* const clock_;
  const absl::Duration grace_;
  bool waits_ = false;
  // Since when the writable hosts lack something.
  std::optional<absl::Duration> lacking_since_;
};

}  // namespace relay

#endif  // RELAY_SQL_PRIMARY_FINDER_H_
