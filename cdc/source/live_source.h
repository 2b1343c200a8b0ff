// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_SOURCE_LIVE_SOURCE_H_
#define CDC_SOURCE_LIVE_SOURCE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cdc/source/dump_error.h"
#include "cdc/source/event_source.h"
#include "cdc/source/server_connection.h"

namespace cdc {

struct LiveSourceOptions {
  // `read_timeout` is what a silent server is allowed before it counts as dead; `write_timeout` and `stop` are as
  // there.
  ServerAddress server;
  // Unique among the readers of this server; not 0 and not a server's own.
  uint32_t server_id = 0;
  // MySQL ends an older dump that has the same one: a stable uuid kicks out a zombie of ours, a random one is for
  // commands beside the relay. MariaDB does so by server_id.
  std::string replica_uuid;
  // Zero: a quarter of the read timeout.
  absl::Duration heartbeat_period = absl::ZeroDuration();
  // How long the server waits while we don't read (backpressure); whole seconds.
  absl::Duration net_write_timeout = absl::Hours(1);
  // MySQL: a GtidSet needs gtid_mode=ON. A position without a file is the oldest log's start.
  DumpStart start = GtidSet();
  // Ask for events with their CRC32, if the log has them. Without, the server takes them off.
  bool checksum = true;
  // False: the dump ends (an empty view) where the log ends.
  bool wait = true;
  // What SHOW REPLICAS prints as our host; empty: don't register.
  std::string report_host;
};

// A dump connection to a live server.
//
// Connect and Next belong to one thread; Interrupt to any. Destroying it closes the connection; nothing may call
// Interrupt then.
class LiveSource : public EventSource {
 public:
  // Connects, sets the session up and asks for the dump. What the server thinks of that is known only by the first
  // Next: a missing privilege, a purged start. Errors are ServerErrorStatus's, Cancelled when `server.stop` was
  // notified.
  static absl::StatusOr<std::unique_ptr<LiveSource>> Connect(const LiveSourceOptions& options);

  LiveSource(const LiveSource&) = delete;
  LiveSource& operator=(const LiveSource&) = delete;
  ~LiveSource() override;

  // As EventSource says; the errors of a dump carry a DumpTrouble (cdc/source/dump_error.h), which is found by asking
  // the server on a second connection, within its connect and read timeouts. After an error each call returns it again.
  absl::StatusOr<absl::string_view> Next() override;

  void Interrupt() override;

  ServerFlavor flavor() const { return connection_->flavor(); }
  const std::string& server_version() const { return connection_->version(); }
  uint64_t connection_id() const { return connection_->connection_id(); }
  std::string tls_cipher() const { return connection_->tls_cipher(); }

 private:
  LiveSource(LiveSourceOptions options, std::unique_ptr<ServerConnection> connection);

  absl::Status Start();
  absl::Status Fail(absl::Status status);
  absl::Status Diagnose(const absl::Status& status);

  const LiveSourceOptions options_;
  const std::unique_ptr<ServerConnection> connection_;
  const int socket_;  // a duplicate of the connection's, for Interrupt
  std::atomic<bool> interrupted_ = false;
  absl::Status failed_;  // the first error
  bool ended_ = false;   // a dump that does not wait came to its end
};

}  // namespace cdc

#endif  // CDC_SOURCE_LIVE_SOURCE_H_
