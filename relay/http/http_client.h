// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_HTTP_HTTP_CLIENT_H_
#define RELAY_HTTP_HTTP_CLIENT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace relay {

struct HttpResponse {
  int status = 0;  // 200, 503 ...
  std::string body;
};

// One request to an http:// URL, without a body, the answer of at most 4 MiB.
// Any thread, blocks up to about `timeout`. InvalidArgument: the URL;
// Unavailable: nobody there, or no answer.
absl::StatusOr<HttpResponse> HttpRequest(absl::string_view method, absl::string_view url, absl::Duration timeout);

}  // namespace relay

#endif  // RELAY_HTTP_HTTP_CLIENT_H_
