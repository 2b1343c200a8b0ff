// SPDX-License-Identifier: Apache-2.0
#include "cdc/source/server_connection.h"

#include <fcntl.h>
#include <mariadb/mysql.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cdc/source/client_library.h"

namespace cdc {
namespace {

constexpr int kStopCheckMilliseconds = 50;

// The stop of the connection that this thread is waiting on: the client library's wait hook has no argument of ours.
thread_local const absl::Notification* waiting_stop = nullptr;

class StopScope {
 public:
  explicit StopScope(const absl::Notification* stop) { waiting_stop = stop; }
  ~StopScope() { waiting_stop = nullptr; }
};

// Waits for `socket`, in slices, so that a stop is seen. Returns poll(2)'s result: 0 is a timeout.
int WaitForSocket(my_socket socket, my_bool is_read, int timeout_milliseconds) {
  const absl::Time deadline =
      timeout_milliseconds < 0 ? absl::InfiniteFuture() : absl::Now() + absl::Milliseconds(timeout_milliseconds);
  while (true) {
    pollfd watched = {socket, static_cast<int16_t>(is_read ? POLLIN : POLLOUT), 0};
    const int64_t left = absl::ToInt64Milliseconds(absl::Ceil(deadline - absl::Now(), absl::Milliseconds(1)));
    const bool sliced = waiting_stop != nullptr;
    const int slice = static_cast<int>(std::clamp<int64_t>(left, 0, sliced ? kStopCheckMilliseconds : 3600 * 1000));
    const int ready = poll(&watched, 1, slice);
    if (ready < 0 && errno == EINTR) continue;
    if (ready != 0) return ready;
    if (sliced && waiting_stop->HasBeenNotified()) {
      errno = ECANCELED;
      return -1;
    }
    if (left <= slice) {
      errno = ETIMEDOUT;
      return 0;
    }
  }
}

unsigned int WholeSeconds(absl::Duration duration) {
  return static_cast<unsigned int>(
      std::clamp<int64_t>(absl::ToInt64Seconds(absl::Ceil(duration, absl::Seconds(1))), 1, 365 * 24 * 3600));
}

void SetOptions(MYSQL* mysql, const ServerAddress& address) {
  const unsigned int connect = WholeSeconds(address.connect_timeout);
  const unsigned int read = WholeSeconds(address.read_timeout);
  const unsigned int write = WholeSeconds(address.write_timeout);
  mysql_optionsv(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect);
  mysql_optionsv(mysql, MYSQL_OPT_READ_TIMEOUT, &read);
  mysql_optionsv(mysql, MYSQL_OPT_WRITE_TIMEOUT, &write);
  mysql_optionsv(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_optionsv(mysql, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "outbox-relay");
  mysql_optionsv(mysql, MARIADB_OPT_IO_WAIT, &WaitForSocket);
  // "localhost" over TCP is meant as it is said.
  const unsigned int protocol = address.unix_socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
  mysql_optionsv(mysql, MYSQL_OPT_PROTOCOL, &protocol);

  const TlsOptions& tls = address.tls;
  if (tls.mode == TlsMode::kDisabled) return;
  // In this library "enforce" means: use TLS when the server has it. Connect refuses what remains plaintext.
  const my_bool yes = 1;
  mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &yes);
  if (!tls.cert_file.empty()) {
    mysql_optionsv(mysql, MYSQL_OPT_SSL_CERT, tls.cert_file.c_str());
    mysql_optionsv(mysql, MYSQL_OPT_SSL_KEY, tls.key_file.c_str());
  }
  const bool verifies = tls.mode == TlsMode::kVerifyCa || tls.mode == TlsMode::kVerifyIdentity;
  if (verifies) {
    const Authorities trusted = AuthoritiesFor(tls);
    if (trusted.file.empty()) {
      mysql_optionsv(mysql, MYSQL_OPT_SSL_CAPATH, trusted.directory.c_str());
    } else {
      mysql_optionsv(mysql, MYSQL_OPT_SSL_CA, trusted.file.c_str());
    }
  }
  if (tls.mode == TlsMode::kVerifyIdentity) mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
}

}  // namespace

std::string ServerAddress::ToString() const {
  if (!unix_socket.empty()) return unix_socket;
  if (absl::StrContains(host, ':')) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

ServerConnection::ServerConnection(MYSQL* mysql, const ServerAddress& address)
    : mysql_(mysql), where_(address.ToString()), stop_(address.stop) {}

ServerConnection::~ServerConnection() { mysql_close(mysql_); }

absl::StatusOr<std::unique_ptr<ServerConnection>> ServerConnection::Connect(const ServerAddress& address) {
  InitClientLibrary();
  MYSQL* const mysql = mysql_init(nullptr);
  if (mysql == nullptr) return absl::ResourceExhaustedError("out of memory for a database connection");
  auto connection = absl::WrapUnique(new ServerConnection(mysql, address));
  SetOptions(mysql, address);
  const bool tcp = address.unix_socket.empty();
  StopScope scope(address.stop);
  if (mysql_real_connect(mysql, tcp ? address.host.c_str() : "localhost", address.user.c_str(),
                         address.password.c_str(), nullptr, tcp ? address.port : 0,
                         tcp ? nullptr : address.unix_socket.c_str(), 0) == nullptr) {
    return connection->ErrorStatus(ServerErrorPhase::kConnecting);
  }
  if (tcp && address.tls.mode != TlsMode::kDisabled && address.tls.mode != TlsMode::kPreferred &&
      connection->tls_cipher().empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(connection->where_,
                     ": the server offers no TLS and the TLS mode demands it; set the server's ssl_cert and ssl_key, "
                     "or another mode"));
  }
  connection->flavor_ = mariadb_connection(mysql) ? ServerFlavor::kMariadb : ServerFlavor::kMysql;
  connection->version_ = mysql_get_server_info(mysql);
  return connection;
}

absl::StatusOr<std::vector<ServerConnection::Row>> ServerConnection::Query(absl::string_view sql) {
  StopScope scope(stop_);
  std::vector<Row> rows;
  if (mysql_real_query(mysql_, sql.data(), sql.size()) != 0) return ErrorStatus(ServerErrorPhase::kConnected);
  MYSQL_RES* const result = mysql_store_result(mysql_);
  if (result == nullptr) {
    if (mysql_errno(mysql_) != 0) return ErrorStatus(ServerErrorPhase::kConnected);
    return rows;
  }
  const unsigned int columns = mysql_num_fields(result);
  while (MYSQL_ROW cells = mysql_fetch_row(result)) {
    const unsigned long* const lengths = mysql_fetch_lengths(result);
    Row& row = rows.emplace_back(columns);
    for (unsigned int i = 0; i < columns; ++i) {
      if (cells[i] != nullptr) row[i].emplace(cells[i], lengths[i]);
    }
  }
  mysql_free_result(result);
  return rows;
}

absl::Status ServerConnection::Command(uint8_t command, absl::string_view body, bool wait_for_ok) {
  StopScope scope(stop_);
  if (mysql_->methods->db_command(mysql_, static_cast<enum_server_command>(command), body.data(), body.size(),
                                  wait_for_ok ? 0 : 1, nullptr) != 0) {
    return ErrorStatus(ServerErrorPhase::kConnected);
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::string_view> ServerConnection::ReadPacket() {
  StopScope scope(stop_);
  const unsigned long length = mysql_net_read_packet(mysql_);
  // The macro is an unsigned int, the function returns unsigned long: -1UL never comes.
  if (length == packet_error) return ErrorStatus(ServerErrorPhase::kConnected);
  return absl::string_view(reinterpret_cast<const char*>(mysql_->net.read_pos), length);
}

ServerError ServerConnection::LastError() const {
  return {mysql_errno(mysql_), mysql_sqlstate(mysql_), mysql_error(mysql_)};
}

absl::Status ServerConnection::ErrorStatus(ServerErrorPhase phase) const {
  if (stop_ != nullptr && stop_->HasBeenNotified()) {
    return absl::CancelledError(absl::StrCat(where_, ": stopping"));
  }
  return ServerErrorStatus(LastError(), where_, phase);
}

std::string ServerConnection::Quote(absl::string_view text) const {
  std::string quoted(text.size() * 2 + 3, '\0');
  quoted[0] = '\'';
  const unsigned long length = mysql_real_escape_string(mysql_, &quoted[1], text.data(), text.size());
  quoted.resize(length + 1);
  quoted.push_back('\'');
  return quoted;
}

int ServerConnection::DuplicateSocket() const {
  return fcntl(static_cast<int>(mysql_get_socket(mysql_)), F_DUPFD_CLOEXEC, 0);
}

void ServerConnection::WatchPeer(absl::Duration timeout) const {
  const int socket = static_cast<int>(mysql_get_socket(mysql_));
  const int yes = 1;
  const int beat = static_cast<int>(std::max<int64_t>(1, absl::ToInt64Seconds(timeout / 4)));
  const int beats = 3;
  const int limit = static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(timeout), 1000, 1 << 30));
  // They fail on unix sockets, where there is no peer to lose.
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &beat, sizeof(beat));
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &beat, sizeof(beat));
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &beats, sizeof(beats));
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof(limit));
}

uint64_t ServerConnection::connection_id() const { return mysql_thread_id(mysql_); }

std::string ServerConnection::tls_cipher() const {
  const char* const cipher = mysql_get_ssl_cipher(mysql_);
  return cipher == nullptr ? "" : cipher;
}

}  // namespace cdc
