// SPDX-License-Identifier: Apache-2.0
#include "relay/http/http_server.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "civetweb.h"
#include "relay/config/config.h"
#include "relay/http/tcp_probe.h"
#include "relay/status/logging.h"

namespace relay {
namespace {

// Binds as civetweb will, only to learn errno: its own words differ by version
// and do not always hold it.
int BindError(const std::string& address, uint16_t port) {
  addrinfo hints = {};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = address.empty() ? AF_INET : AF_UNSPEC;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.empty() ? nullptr : address.c_str(), absl::StrCat(port).c_str(), &hints, &found) != 0) {
    return EADDRNOTAVAIL;
  }
  const absl::Cleanup free_found = [found] { freeaddrinfo(found); };
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const absl::Cleanup close_fd = [fd] { close(fd); };
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd, found->ai_addr, found->ai_addrlen) != 0) return errno;
  return listen(fd, 1) != 0 ? errno : 0;
}

std::string BindFault(int error, const std::string& address, uint16_t port) {
  switch (error) {
    case EADDRINUSE:
      return absl::StrCat("--http-port=", port,
                          " (HTTP_PORT) is taken by another process: end that "
                          "one, or give another port");
    case EACCES:
      return absl::StrCat("--http-port=", port,
                          " (HTTP_PORT) may not be bound by this user: give a "
                          "port from 1024 on");
    case EADDRNOTAVAIL:
      return absl::StrCat("--http-address=", address,
                          " (HTTP_ADDRESS) is no address of this machine: leave "
                          "it out, or give one (as 127.0.0.1)");
    default:
      return absl::StrCat("--http-port=", port, " (HTTP_PORT) can not be bound: ", std::strerror(error));
  }
}

absl::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

}  // namespace

HttpServer::HttpServer(std::vector<HttpRoute> routes) : routes_(std::move(routes)) {}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address, uint16_t port,
                                                              std::vector<HttpRoute> routes) {
  constexpr unsigned kIpv6 = 8;  // of mg_check_feature
  if (absl::StrContains(address, ':') && mg_check_feature(kIpv6) == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("--http-address=", address,
                     " (HTTP_ADDRESS) is an IPv6 address, and this build's civetweb serves IPv4 only: give an IPv4 "
                     "address, or leave it out"));
  }
  if (const int error = BindError(address, port); error != 0) {
    return absl::FailedPreconditionError(BindFault(error, address, port));
  }
  auto server = std::unique_ptr<HttpServer>(new HttpServer(std::move(routes)));
  mg_callbacks callbacks = {};
  callbacks.begin_request = &HttpServer::OnRequest;
  callbacks.log_message = &HttpServer::OnLogMessage;
  std::vector<std::string> listenings;
  if (!address.empty()) {
    listenings = {absl::StrContains(address, ':') ? absl::StrCat("[", address, "]:", port)
                                                  : absl::StrCat(address, ":", port)};
  } else {
    // IPv4 and IPv6; where civetweb or the kernel has no IPv6, IPv4 alone.
    listenings = {absl::StrCat("+", port), absl::StrCat(port)};
  }
  for (const std::string& listening : listenings) {
    const char* options[] = {
        "listening_ports", listening.c_str(), "num_threads", "4", "request_timeout_ms", "5000", nullptr};
    server->context_ = mg_start(&callbacks, server.get(), options);
    if (server->context_ != nullptr) break;
  }
  if (server->context_ == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("--http-port=", port, " (HTTP_PORT) can not be served: ", server->start_errors_));
  }
  server->started_ = true;
  mg_server_port bound = {};
  if (mg_get_server_ports(server->context_, 1, &bound) == 1) {
    server->port_ = static_cast<uint16_t>(bound.port);
  }
  server->own_address_ = HostPort{address.empty() ? "127.0.0.1" : address, server->port_}.ToString();
  return server;
}

HttpServer::~HttpServer() {
  if (context_ == nullptr) return;
  // mg_stop joins a thread that looks at its flag only every two seconds, or
  // when somebody connects.
  absl::Notification stopped;
  std::thread stopper([&] {
    mg_stop(context_);
    stopped.Notify();
  });
  while (!stopped.WaitForNotificationWithTimeout(absl::Milliseconds(10))) {
    (void)ProbeTcp(own_address_, absl::Milliseconds(100));
  }
  stopper.join();
}

HttpReply HttpServer::Reply(absl::string_view method, const HttpRequestView& request) const {
  for (const HttpRoute& route : routes_) {
    if (route.path != request.path) continue;
    if (method != "GET" && method != "HEAD") {
      return {405, "text/plain; charset=utf-8", "read only: GET or HEAD\n"};
    }
    return route.handle(request);
  }
  std::string known = "not found; there are";
  for (const HttpRoute& route : routes_) absl::StrAppend(&known, " ", route.path);
  return {404, "text/plain; charset=utf-8", known + "\n"};
}

int HttpServer::OnRequest(mg_connection* connection) {
  const mg_request_info* info = mg_get_request_info(connection);
  const auto* server = static_cast<HttpServer*>(info->user_data);
  const absl::string_view method = info->request_method == nullptr ? "" : info->request_method;
  const HttpRequestView request = {info->local_uri == nullptr ? "" : info->local_uri,
                                   info->query_string == nullptr ? "" : info->query_string};
  // In a thread with an ordinary stack: civetweb's have 100 KiB, which a connection to the database (OpenSSL reading
  // the server's key) was seen to overflow.
  HttpReply reply;
  std::thread([&] { reply = server->Reply(method, request); }).join();
  // The page runs one script of its own and loads nothing.
  const std::string head =
      absl::StrCat("HTTP/1.1 ", reply.status, " ", ReasonPhrase(reply.status), "\r\nContent-Type: ", reply.content_type,
                   "\r\nContent-Length: ", reply.body.size(),
                   "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff"
                   "\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer"
                   "\r\nContent-Security-Policy: default-src 'none'; connect-src 'self'; "
                   "style-src 'unsafe-inline'; script-src 'unsafe-inline'",
                   reply.status == 405 ? "\r\nAllow: GET, HEAD" : "", "\r\nConnection: close\r\n\r\n");
  mg_write(connection, head.data(), head.size());
  if (method != "HEAD") {
    mg_write(connection, reply.body.data(), reply.body.size());
  }
  return reply.status;
}

int HttpServer::OnLogMessage(const mg_connection* connection, const char* message) {
  // Also called without a request: the context knows the user data then too.
  const mg_context* context = mg_get_context(connection);
  auto* server = context == nullptr ? nullptr : static_cast<HttpServer*>(mg_get_user_data(context));
  if (server != nullptr && !server->started_) {
    absl::StrAppend(&server->start_errors_, server->start_errors_.empty() ? "" : "; ", message);
    return 1;
  }
  LogEvent(LogLevel::kDebug, LogCode::kHttpFailed, message);
  return 1;
}

}  // namespace relay
