// SPDX-License-Identifier: Apache-2.0
//
// Which partitioner a relay uses (design §5). A table must not silently change partitions: what was stored with the
// relay's state wins, and a table that the polling relay has used keeps the polling relay's.
#ifndef RELAY_STATE_PARTITIONER_CHOICE_H_
#define RELAY_STATE_PARTITIONER_CHOICE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kafka/partitioner.h"

namespace relay {

struct PartitionerQuestion {
  std::optional<kafka::Partitioner> wanted = std::nullopt;  // --partitioner; none: auto.
  bool force = false;                                       // --force-partitioner
  absl::string_view stored = "";                            // Of the checkpoint; empty: none yet.
  bool polling_relay_marks = false;  // Rows or a migrations table of the polling relay were found.
};

struct PartitionerDecision {
  kafka::Partitioner partitioner;
  bool changed;        // A stored choice is overruled: keys move between partitions.
  std::string reason;  // One line for the log.
};

// FailedPrecondition when the choice would change and that is not forced; names the flag that forces it. DataLoss when
// the stored choice is no partitioner's name.
absl::StatusOr<PartitionerDecision> ChoosePartitioner(const PartitionerQuestion& question);

}  // namespace relay

#endif  // RELAY_STATE_PARTITIONER_CHOICE_H_
