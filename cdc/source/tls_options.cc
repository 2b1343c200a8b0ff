// SPDX-License-Identifier: Apache-2.0
#include "cdc/source/tls_options.h"

#include <unistd.h>

#include <cstdlib>

namespace cdc {
namespace {

constexpr const char* kBundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",  // Debian, Alpine; our image
    "/etc/pki/tls/certs/ca-bundle.crt",    // Red Hat
    "/etc/ssl/ca-bundle.pem",              // SUSE
};
constexpr char kDirectory[] = "/etc/ssl/certs";

}  // namespace

Authorities AuthoritiesFor(const TlsOptions& tls) {
  if (!tls.ca_file.empty()) return {tls.ca_file, ""};
  const char* const named = std::getenv("SSL_CERT_FILE");
  if (named != nullptr && *named != '\0') return {named, ""};
  for (const char* bundle : kBundles) {
    if (access(bundle, R_OK) == 0) return {bundle, ""};
  }
  return {"", kDirectory};
}

}  // namespace cdc
