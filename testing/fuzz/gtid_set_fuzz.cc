// SPDX-License-Identifier: Apache-2.0
//
// Input: bit 0 of the first byte, text or binary; a GTID set. What is understood must come back as it was.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/event/gtid.h"
#include "cdc/event/gtid_set.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const absl::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  (void)cdc::Gtid::Parse(input);
  const absl::StatusOr<cdc::GtidSet> set =
      (data[0] & 1) != 0 ? cdc::GtidSet::Parse(input) : cdc::GtidSet::Decode(input);
  if (!set.ok()) return 0;
  const auto again = cdc::GtidSet::Parse(set->ToString());
  if (!again.ok() || *again != *set) std::abort();
  cdc::GtidSet nothing = *set;
  nothing.Subtract(*set);
  cdc::GtidSet same = *set;
  same.Union(*set);
  same.Intersect(*set);
  if (!nothing.empty() || same != *set || !set->Contains(same)) std::abort();
  if (set->is_mariadb()) return 0;
  const auto decoded = cdc::GtidSet::Decode(set->Encode());
  if (!decoded.ok() || *decoded != *set) std::abort();
  return 0;
}
