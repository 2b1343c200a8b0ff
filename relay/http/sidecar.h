// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_HTTP_SIDECAR_H_
#define RELAY_HTTP_SIDECAR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace relay {

// After a one-shot job: POST URL/quitquitquit, so that a service mesh's sidecar
// ends and with it the pod. Nothing for an empty URL. Unavailable, naming the
// setting, when there is no answer, or none of 2xx.
absl::Status QuitSidecar(absl::string_view proxy_url);

}  // namespace relay

#endif  // RELAY_HTTP_SIDECAR_H_
