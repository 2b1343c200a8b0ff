// SPDX-License-Identifier: Apache-2.0
#include "relay/command/status_command.h"

#include <cstdio>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "relay/http/http_client.h"
#include "relay/status/status_text.h"

namespace relay {

int PrintStatus(const Config& config) {
  const std::string own =
      HostPort{config.http.address.empty() ? "127.0.0.1" : config.http.address, config.http.port}.ToString();
  std::string url = config.arguments.empty() ? own : config.arguments[0];
  if (!absl::StartsWith(url, "http://")) url = absl::StrCat("http://", url);
  url = absl::StrCat(absl::StripSuffix(absl::StripSuffix(url, "/"), "/status"), "/status");
  const absl::StatusOr<HttpResponse> response = HttpRequest("GET", url, absl::Seconds(5));
  if (!response.ok() || response->status != 200) {
    const std::string fault =
        response.ok() ? absl::StrCat(url, " answered ", response->status) : std::string(response.status().message());
    std::fprintf(stderr,
                 "outbox-relay: no status: %s; give the address of a running "
                 "relay (outbox-relay status HOST:PORT) or its --http-port\n",
                 fault.c_str());
    return 1;
  }
  const std::string readable = ReadableStatus(response->body);
  std::fwrite(readable.data(), 1, readable.size(), stdout);
  return 0;
}

}  // namespace relay
