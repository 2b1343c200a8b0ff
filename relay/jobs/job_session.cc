// SPDX-License-Identifier: Apache-2.0
#include "relay/jobs/job_session.h"

#include <utility>

#include "relay/base/status_macros.h"
#include "relay/cleanup/cleaner.h"
#include "relay/sql/server_info.h"

namespace relay {

absl::Status JobSession::Connect() {
  if (alive()) return absl::OkStatus();
  session_.reset();
  ASSIGN_OR_RETURN(std::unique_ptr<SqlSession> session, connector_->Connect());
  ASSIGN_OR_RETURN(server_, AskServerName(session.get()));
  UseMinimalRowImage(session.get());
  session_ = std::move(session);
  ++opened_;
  return absl::OkStatus();
}

}  // namespace relay
