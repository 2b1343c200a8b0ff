// SPDX-License-Identifier: Apache-2.0

// The properties a producer's librdkafka instance is made with: the relay's own,
// what the operator passes through, and the ones that nobody may change because
// a promise of the relay stands on them.

#ifndef KAFKA_CLIENT_PROPERTIES_H_
#define KAFKA_CLIENT_PROPERTIES_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kafka {

// `batch.size` unless the operator sets it, in bytes. Well below the default of a
// topic's max.message.bytes, which limits the batch and not the record.
inline constexpr size_t kDefaultBatchBytes = 262'144;

using Property = std::pair<std::string, std::string>;

// What the operator said (design section 9).
struct ClientSettings {
  std::string brokers;                // host:port,… (KAFKA_HOST)
  bool tls = false;                   // TLS_ENABLE
  bool tls_skip_verify_peer = false;  // TLS_SKIP_VERIFY_PEER
  std::string client_id;              // Empty: the host's name.
  // --kafka-config k=v, in the order given. A later one wins, and all of them
  // win over the file.
  std::vector<Property> properties;
  std::string properties_file;  // --kafka-config-file; empty: none.
};

// Splits "name=value" at the first '='; blanks around both are dropped.
// InvalidArgument when there is no '=' or no name. The message never holds the
// value, which may be a secret.
absl::StatusOr<Property> ParseProperty(absl::string_view text);

// Reads a file of `name=value` lines; blank lines and those that begin with '#'
// or '!' are skipped. NotFound or PermissionDenied when it can't be read,
// InvalidArgument with the line's number when a line is malformed.
absl::StatusOr<std::vector<Property>> ReadPropertiesFile(const std::string& path);

// OK when the operator may set `name`. InvalidArgument names the property and
// says why the relay keeps it to itself, or which setting takes its place.
absl::Status CheckPassThrough(absl::string_view name);

// Whether the value of the property may be a secret: never printed.
bool IsSecretProperty(absl::string_view name);

// Everything together, in the order to be set, each name once: the relay's
// defaults, TLS, the file, --kafka-config, and last what is fixed. The file is
// read at each call, so that a replaced producer sees a renewed secret.
// InvalidArgument for refused, contradicting or malformed settings; the errors
// of ReadPropertiesFile. Names and values that librdkafka itself refuses are
// found by Producer::Create.
absl::StatusOr<std::vector<Property>> ClientProperties(const ClientSettings& settings);

}  // namespace kafka

#endif  // KAFKA_CLIENT_PROPERTIES_H_
