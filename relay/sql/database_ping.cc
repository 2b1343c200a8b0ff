// SPDX-License-Identifier: Apache-2.0
#include "relay/sql/database_ping.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace relay {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(1);

SqlEndpoint Impatient(SqlEndpoint endpoint) {
  endpoint.connect_timeout = kPatience;
  endpoint.read_timeout = kPatience;
  endpoint.write_timeout = kPatience;
  return endpoint;
}

}  // namespace

DatabasePing::DatabasePing(SqlEndpoint endpoint) : connector_(Impatient(std::move(endpoint))) {}

absl::Status DatabasePing::Ask() {
  if (session_ != nullptr) {
    if (session_->QueryValue("SELECT 1").ok()) return absl::OkStatus();
    // The connection may just have been idle for too long.
    session_.reset();
  }
  absl::StatusOr<std::unique_ptr<SqlSession>> session = connector_.ConnectToAny();
  if (!session.ok()) return session.status();
  session_ = *std::move(session);
  return absl::OkStatus();
}

}  // namespace relay
