// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_JOBS_JOB_SESSION_H_
#define RELAY_JOBS_JOB_SESSION_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "relay/sql/sql_session.h"

namespace relay {

// The one session to the primary that all jobs use. SQL thread.
class JobSession {
 public:
  // The connector must outlive it.
  explicit JobSession(const SqlConnector* connector) : connector_(connector) {}

  // Opens one, unless the last is alive.
  absl::Status Connect();
  // The next Connect looks for the primary again.
  void Drop() { session_.reset(); }

  bool alive() const { return session_ != nullptr && session_->alive(); }
  // Null when none was opened, or it was dropped. Valid until the next Connect or Drop.
  SqlSession* get() const { return session_.get(); }
  // ServerName of the server that it is to, or was to last.
  const std::string& server() const { return server_; }
  // How many were opened: what was done on another one may have been done on another server.
  uint64_t opened() const { return opened_; }

 private:
  const SqlConnector* const connector_;
  std::unique_ptr<SqlSession> session_;
  std::string server_;
  uint64_t opened_ = 0;
};

}  // namespace relay

#endif  // RELAY_JOBS_JOB_SESSION_H_
