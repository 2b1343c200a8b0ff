// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_TLS_OPTIONS_H_
#define CDC_TLS_OPTIONS_H_

#include <string>

namespace cdc {

// How a connection to the database is protected. The names and meanings are
// those of MySQL's own clients' --ssl-mode.
enum class TlsMode {
  kDisabled,        // plaintext
  kPreferred,       // TLS when the server offers it; the certificate unchecked
  kRequired,        // TLS or no connection; the certificate unchecked
  kVerifyCa,        // kRequired, and the certificate chains to `ca_file`
  kVerifyIdentity,  // kVerifyCa, and it names the host that was asked for
};

// Where Debian and its like keep the authorities that the system trusts. The C client checks nothing at all when it is
// given no authority, so a mode that verifies always gives it some.
inline constexpr char kSystemCaDirectory[] = "/etc/ssl/certs";

// Paths are read anew at each connect, so that rotated files take effect.
struct TlsOptions {
  TlsMode mode = TlsMode::kPreferred;
  std::string ca_file;    // PEM; empty: kSystemCaDirectory
  std::string cert_file;  // PEM; empty: no client certificate
  std::string key_file;   // PEM; belongs to cert_file
};

}  // namespace cdc

#endif  // CDC_TLS_OPTIONS_H_
