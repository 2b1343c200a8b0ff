// SPDX-License-Identifier: Apache-2.0
#include "relay/http/http_client.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "civetweb.h"
#include "relay/config/setting_values.h"

namespace relay {
namespace {

constexpr size_t kMaxBody = 4 << 20;

struct ConnectionCloser {
  void operator()(mg_connection* connection) const { mg_close_connection(connection); }
};

}  // namespace

absl::StatusOr<HttpResponse> HttpRequest(absl::string_view method, absl::string_view url, absl::Duration timeout) {
  absl::string_view rest = url;
  if (!absl::ConsumePrefix(&rest, "http://")) {
    return absl::InvalidArgumentError(absl::StrCat(url, " is no URL of the form http://host:port/path"));
  }
  const size_t slash = rest.find('/');
  const std::string path(slash == absl::string_view::npos ? "/" : rest.substr(slash));
  absl::StatusOr<HostPort> host = ParseHostPortValue(rest.substr(0, slash));
  if (!host.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(url, " ", host.status().message()));
  }
  if (host->port == 0) host->port = 80;

  char error[256] = "";
  const std::unique_ptr<mg_connection, ConnectionCloser> connection(
      mg_connect_client(host->host.c_str(), host->port, /*use_ssl=*/0, error, sizeof(error)));
  if (connection == nullptr) {
    return absl::UnavailableError(absl::StrCat(url, ": ", error));
  }
  mg_printf(connection.get(),
            "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: text/plain\r\n"
            "Content-Length: 0\r\nConnection: close\r\n\r\n",
            std::string(method).c_str(), path.c_str(), host->ToString().c_str());
  if (mg_get_response(connection.get(), error, sizeof(error), static_cast<int>(absl::ToInt64Milliseconds(timeout))) <
      0) {
    return absl::UnavailableError(absl::StrCat(url, ": ", error));
  }
  HttpResponse response;
  response.status = mg_get_response_info(connection.get())->status_code;
  char buffer[16 << 10];
  int count;
  while (response.body.size() < kMaxBody && (count = mg_read(connection.get(), buffer, sizeof(buffer))) > 0) {
    response.body.append(buffer, static_cast<size_t>(count));
  }
  return response;
}

}  // namespace relay
