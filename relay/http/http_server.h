// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_HTTP_HTTP_SERVER_H_
#define RELAY_HTTP_HTTP_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct mg_context;
struct mg_connection;

namespace relay {

struct HttpRequestView {
  absl::string_view path;   // "/healthz"
  absl::string_view query;  // "readiness=1", without the question mark
};

struct HttpReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct HttpRoute {
  std::string path;  // matched whole
  // Called in a thread of its own, several at once.
  std::function<HttpReply(const HttpRequestView&)> handle;
};

// A read-only HTTP/1.1 server on civetweb: GET and HEAD of a few paths, 404 and
// 405 for all else, no files. Five threads of its own. Its errors are logged as
// http.failed.
class HttpServer {
 public:
  // Listens from here on. `address` empty: every address; `port` 0: a free one.
  // FailedPrecondition names --http-port or --http-address and the cure when
  // they can not be bound.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& address, uint16_t port,
                                                           std::vector<HttpRoute> routes);

  // Waits for the requests under way.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const { return port_; }

 private:
  explicit HttpServer(std::vector<HttpRoute> routes);

  // civetweb's callbacks.
  static int OnRequest(mg_connection* connection);
  static int OnLogMessage(const mg_connection* connection, const char* message);

  HttpReply Reply(absl::string_view method, const HttpRequestView& request) const;

  const std::vector<HttpRoute> routes_;
  mg_context* context_ = nullptr;
  uint16_t port_ = 0;
  std::string own_address_;  // "127.0.0.1:80"
  bool started_ = false;
  std::string start_errors_;  // civetweb's words, until started_
};

}  // namespace relay

#endif  // RELAY_HTTP_HTTP_SERVER_H_
