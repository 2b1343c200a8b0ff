// SPDX-License-Identifier: Apache-2.0
#include "relay/http/sidecar.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "relay/http/http_client.h"

namespace relay {

absl::Status QuitSidecar(absl::string_view proxy_url) {
  if (proxy_url.empty()) return absl::OkStatus();
  const std::string url = absl::StrCat(absl::StripSuffix(proxy_url, "/"), "/quitquitquit");
  const absl::StatusOr<HttpResponse> answer = HttpRequest("POST", url, absl::Seconds(5));
  if (answer.ok() && answer->status / 100 == 2) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "POST ", answer.ok() ? absl::StrCat(url, ": HTTP status ", answer->status) : answer.status().message(),
      "; see --sidecar-proxy-url (SIDECAR_PROXY_URL)"));
}

}  // namespace relay
