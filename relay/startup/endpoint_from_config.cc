// SPDX-License-Identifier: Apache-2.0
#include "relay/startup/endpoint_from_config.h"

#include "cdc/source/tls_options.h"

namespace relay {
namespace {

cdc::TlsMode TlsModeOf(DbTls tls) {
  switch (tls) {
    case DbTls::kDisabled:
      return cdc::TlsMode::kDisabled;
    case DbTls::kPreferred:
      return cdc::TlsMode::kPreferred;
    case DbTls::kRequired:
      return cdc::TlsMode::kRequired;
    case DbTls::kVerifyCa:
      return cdc::TlsMode::kVerifyCa;
    case DbTls::kVerifyIdentity:
      return cdc::TlsMode::kVerifyIdentity;
  }
  return cdc::TlsMode::kVerifyIdentity;
}

}  // namespace

SqlEndpoint EndpointFromConfig(const DatabaseConfig& database) {
  SqlEndpoint endpoint;
  if (!database.unix_socket.empty()) {
    endpoint.hosts.push_back({"", 0, database.unix_socket});
  } else {
    for (const HostPort& host : database.hosts) endpoint.hosts.push_back({host.host, host.port, ""});
  }
  endpoint.user = database.user;
  endpoint.password = database.password;
  endpoint.password_file = database.password_file;
  endpoint.tls = {TlsModeOf(database.tls), database.tls_ca, database.tls_cert, database.tls_key};
  endpoint.connect_timeout = database.connect_timeout;
  endpoint.read_timeout = database.query_timeout;
  endpoint.write_timeout = database.query_timeout;
  return endpoint;
}

}  // namespace relay
