// SPDX-License-Identifier: Apache-2.0
//
// A dump's packets: 00 event | fe … (shorter than 9 bytes: EOF) | ff … (ERR, which the client library takes itself).
#include "cdc/source/live_source.h"

#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "cdc/source/dump_command.h"
#include "relay/base/status_macros.h"

namespace cdc {
namespace {

constexpr char kOk = '\x00';
constexpr char kEof = '\xfe';
constexpr size_t kLongestEof = 8;

constexpr uint32_t kServerLost = 2013;

}  // namespace

absl::StatusOr<std::unique_ptr<LiveSource>> LiveSource::Connect(const LiveSourceOptions& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<ServerConnection> connection, ServerConnection::Connect(options.server));
  auto source = absl::WrapUnique(new LiveSource(options, std::move(connection)));
  RETURN_IF_ERROR(source->Start());
  return source;
}

LiveSource::LiveSource(LiveSourceOptions options, std::unique_ptr<ServerConnection> connection)
    : options_(std::move(options)), connection_(std::move(connection)), socket_(connection_->DuplicateSocket()) {}

LiveSource::~LiveSource() {
  // The client's goodbye would otherwise wait for a server that is still sending.
  shutdown(socket_, SHUT_RDWR);
  close(socket_);
}

absl::Status LiveSource::Start() {
  if (socket_ < 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat(connection_->where(), ": no file descriptor left; raise the limit of open files"));
  }
  connection_->WatchPeer(options_.server.read_timeout);
  const bool mariadb = connection_->flavor() == ServerFlavor::kMariadb;
  const auto* seen = std::get_if<GtidSet>(&options_.start);

  DumpSession session;
  session.replica_uuid = options_.replica_uuid;
  session.heartbeat_period =
      options_.heartbeat_period > absl::ZeroDuration() ? options_.heartbeat_period : options_.server.read_timeout / 4;
  session.net_write_timeout = options_.net_write_timeout;
  session.checksum = options_.checksum;
  if (mariadb) session.mariadb_start = seen;
  for (const std::string& statement : DumpSessionStatements(session, mariadb)) {
    RETURN_IF_ERROR(connection_->Query(statement).status());
  }
  if (!options_.report_host.empty()) {
    const absl::Status registered = connection_->Command(
        kComRegisterSlave, RegisterSlaveBody(options_.server_id, options_.report_host, 0), /*wait_for_ok=*/true);
    // It is for the eyes of operators alone; the dump itself will name a missing privilege.
    if (registered.code() == absl::StatusCode::kUnavailable || absl::IsCancelled(registered)) return registered;
  }
  if (seen != nullptr && !mariadb) {
    return connection_->Command(kComBinlogDumpGtid, BinlogDumpGtidBody(*seen, options_.server_id, options_.wait),
                                /*wait_for_ok=*/false);
  }
  const BinlogPosition position = seen != nullptr ? BinlogPosition() : std::get<BinlogPosition>(options_.start);
  ASSIGN_OR_RETURN(const std::string body, BinlogDumpBody(position, options_.server_id, options_.wait));
  return connection_->Command(kComBinlogDump, body, /*wait_for_ok=*/false);
}

absl::StatusOr<absl::string_view> LiveSource::Next() {
  if (interrupted_.load(std::memory_order_relaxed)) {
    return absl::CancelledError(absl::StrCat(connection_->where(), ": reading the binlog was interrupted"));
  }
  if (!failed_.ok()) return failed_;
  if (ended_) return absl::string_view();
  absl::StatusOr<absl::string_view> packet = connection_->ReadPacket();
  if (!packet.ok()) return Fail(packet.status());
  if (packet->empty()) {
    return Fail(absl::DataLossError(absl::StrCat(connection_->where(), ": an empty packet in the dump")));
  }
  if (packet->front() == kOk) return packet->substr(1);
  if (packet->front() == kEof && packet->size() <= kLongestEof) {
    if (!options_.wait) {
      ended_ = true;
      return absl::string_view();
    }
    return Fail(absl::UnavailableError(absl::StrCat(connection_->where(), ": the server is shutting down")));
  }
  return Fail(absl::DataLossError(absl::StrCat(connection_->where(), ": a packet of the dump begins with byte ",
                                               static_cast<unsigned char>(packet->front()))));
}

absl::Status LiveSource::Fail(absl::Status status) {
  if (interrupted_.load()) {
    return absl::CancelledError(absl::StrCat(connection_->where(), ": reading the binlog was interrupted"));
  }
  failed_ = absl::IsCancelled(status) ? std::move(status) : Diagnose(status);
  return failed_;
}

absl::Status LiveSource::Diagnose(const absl::Status& status) {
  const ServerError error = connection_->LastError();
  if (error.number == 0) return status;
  if (error.number == kServerLost) {
    return absl::UnavailableError(absl::StrCat(status.message(), "; the dump connection was cut or silent for ",
                                               absl::FormatDuration(options_.server.read_timeout)));
  }
  DumpEvidence evidence;
  if (NeedsDumpEvidence(error)) {
    absl::StatusOr<std::unique_ptr<ServerConnection>> second = ServerConnection::Connect(options_.server);
    if (second.ok()) evidence = AskForDumpEvidence(second->get());
  }
  return ClassifyDumpError(error, connection_->where(), options_.start, evidence);
}

void LiveSource::Interrupt() {
  interrupted_.store(true);
  shutdown(socket_, SHUT_RDWR);
}

}  // namespace cdc
