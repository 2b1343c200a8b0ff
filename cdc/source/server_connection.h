// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_SOURCE_SERVER_CONNECTION_H_
#define CDC_SOURCE_SERVER_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "cdc/source/server_error.h"
#include "cdc/source/tls_options.h"

struct st_mysql;

namespace cdc {

enum class ServerFlavor { kMysql, kMariadb };

// One server and who we are there.
struct ServerAddress {
  std::string host;
  uint16_t port = 3306;
  std::string unix_socket;  // path; when set, host and port don't count
  std::string user;
  std::string password;
  TlsOptions tls;
  absl::Duration connect_timeout = absl::Seconds(10);  // of the whole handshake's every wait
  absl::Duration read_timeout = absl::Seconds(30);     // whole seconds
  absl::Duration write_timeout = absl::Seconds(30);    // whole seconds
  // When given: notified, it ends a Connect or a statement under way within 100 ms (not while a name is being
  // resolved, nor inside a TLS record). Must outlive the connection.
  const absl::Notification* stop = nullptr;

  std::string ToString() const;  // "db1:3306" or the socket's path
};

// A connection of the MariaDB C client, which does connect, TLS and authentication and speaks to both flavors. It is
// what the dump runs on; a few questions can be asked on it too. One thread uses it at a time.
class ServerConnection {
 public:
  using Row = std::vector<std::optional<std::string>>;

  // Errors as ServerErrorStatus, phase connecting; FailedPrecondition when TLS was demanded and the server has none;
  // Cancelled when `stop` was notified.
  static absl::StatusOr<std::unique_ptr<ServerConnection>> Connect(const ServerAddress& address);

  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;
  ~ServerConnection();

  // A statement and its result, held whole; no rows for a statement without one.
  absl::StatusOr<std::vector<Row>> Query(absl::string_view sql);

  // Sends a command of the protocol. With `wait_for_ok` its answer is read too, else that is the caller's.
  absl::Status Command(uint8_t command, absl::string_view body, bool wait_for_ok);

  // Reads one packet; the view is valid until the next call on this connection. An ERR packet or a lost connection is
  // an error: LastError() has it. Blocks up to the read timeout.
  absl::StatusOr<absl::string_view> ReadPacket();
  ServerError LastError() const;

  // `text` as a quoted literal for Query.
  std::string Quote(absl::string_view text) const;

  // A descriptor of the same socket, to be closed by the caller: shutdown(2) on it ends a blocked read from any thread,
  // and it can never name somebody else's socket, as the client's own can once that was closed. -1 on failure.
  int DuplicateSocket() const;

  // The beats of TCP keepalive and the time after which unacknowledged data ends the connection.
  void WatchPeer(absl::Duration timeout) const;

  ServerFlavor flavor() const { return flavor_; }
  // "9.7.4", "10.11.19-MariaDB-…".
  const std::string& version() const { return version_; }
  uint64_t connection_id() const;
  std::string tls_cipher() const;  // empty without TLS
  const std::string& where() const { return where_; }

 private:
  ServerConnection(st_mysql* mysql, const ServerAddress& address);

  absl::Status ErrorStatus(ServerErrorPhase phase) const;

  st_mysql* mysql_;  // owned
  const std::string where_;
  const absl::Notification* stop_;
  ServerFlavor flavor_ = ServerFlavor::kMysql;
  std::string version_;
};

}  // namespace cdc

#endif  // CDC_SOURCE_SERVER_CONNECTION_H_
