// SPDX-License-Identifier: Apache-2.0
#include "relay/dump_identity.h"

#include <random>

#include "absl/strings/str_format.h"

namespace relay {

void SetRandomIdentity(cdc::LiveSourceOptions* options) {
  std::random_device random;
  // Servers and their replicas are numbered from below.
  options->server_id = 0x80000000u | random();
  options->replica_uuid = absl::StrFormat("%08x-%04x-4%03x-8%03x-%08x%04x", random(), random() & 0xffff,
                                          random() & 0xfff, random() & 0xfff, random(), random() & 0xffff);
}

}  // namespace relay
