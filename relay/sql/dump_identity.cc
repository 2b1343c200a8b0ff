// SPDX-License-Identifier: Apache-2.0
#include "relay/sql/dump_identity.h"

#include <algorithm>
#include <random>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace relay {
namespace {

// Servers and their replicas are numbered from below.
constexpr uint32_t kUpperHalf = 0x80000000u;

uint32_t Derived(absl::string_view relay_id) {
  uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : relay_id) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash | kUpperHalf;
}

}  // namespace

void SetRandomIdentity(cdc::LiveSourceOptions* options) {
  std::random_device random;
  options->server_id = kUpperHalf | random();
  options->replica_uuid = absl::StrFormat("%08x-%04x-4%03x-8%03x-%08x%04x", random(), random() & 0xffff,
                                          random() & 0xfff, random() & 0xfff, random(), random() & 0xffff);
}

std::string ReportedHost(absl::string_view relay_id) { return absl::StrCat("outbox-relay-", relay_id); }

absl::StatusOr<uint32_t> ChooseServerId(uint32_t configured, absl::string_view relay_id,
                                        absl::Span<const RegisteredReader> readers) {
  const std::string own = ReportedHost(relay_id);
  const auto holder = [&](uint32_t id) {
    return std::find_if(readers.begin(), readers.end(),
                        [&](const RegisteredReader& reader) { return reader.server_id == id && reader.host != own; });
  };
  if (configured != 0) {
    const auto taken = holder(configured);
    if (taken == readers.end()) return configured;
    return absl::UnavailableError(absl::StrCat("another reader of the log, '", taken->host, "', has the server_id ",
                                               configured,
                                               ", and one would end the other's dump: give another --relay-server-id "
                                               "(RELAY_SERVER_ID), or 0 to have one chosen"));
  }
  uint32_t id = Derived(relay_id);
  while (holder(id) != readers.end()) id = (id + 1) | kUpperHalf;
  return id;
}

}  // namespace relay
