// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_SOURCE_TLS_OPTIONS_H_
#define CDC_SOURCE_TLS_OPTIONS_H_

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

// Paths are read anew at each connect, so that rotated files take effect.
struct TlsOptions {
  TlsMode mode = TlsMode::kPreferred;
  std::string ca_file;    // PEM; empty: the authorities that the system trusts
  std::string cert_file;  // PEM; empty: no client certificate
  std::string key_file;   // PEM; belongs to cert_file
};

// One of both is set.
struct Authorities {
  std::string file;       // PEM, any number of certificates
  std::string directory;  // with a link by hash for each certificate (c_rehash)
};

// What a mode that verifies has to be given: the C client checks nothing at all when it is given no authority.
// `tls.ca_file`, or what the system trusts: the file that SSL_CERT_FILE names, as for other programs with OpenSSL, the
// bundle of Debian or Red Hat, and only then the directory, which is of no use without the links.
Authorities AuthoritiesFor(const TlsOptions& tls);

}  // namespace cdc

#endif  // CDC_SOURCE_TLS_OPTIONS_H_
