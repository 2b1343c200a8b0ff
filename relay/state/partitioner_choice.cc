// SPDX-License-Identifier: Apache-2.0

#include "relay/state/partitioner_choice.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace relay {

using kafka::Partitioner;
using kafka::PartitionerName;

absl::StatusOr<PartitionerDecision> ChoosePartitioner(const PartitionerQuestion& question) {
  if (!question.stored.empty()) {
    const absl::StatusOr<Partitioner> stored = kafka::ParsePartitioner(question.stored);
    if (!stored.ok()) {
      return absl::DataLossError(absl::StrCat("the checkpoint names a partitioner that this version does not know: \"",
                                              question.stored, "\"; it was written by a newer one, or edited"));
    }
    if (!question.wanted.has_value() || *question.wanted == *stored) {
      return PartitionerDecision{*stored, false, absl::StrCat("partitioner ", PartitionerName(*stored), ", as stored")};
    }
    if (!question.force) {
      return absl::FailedPreconditionError(absl::StrCat(
          "--partitioner=", PartitionerName(*question.wanted), " (RELAY_PARTITIONER) differs from the ",
          PartitionerName(*stored),
          " that this relay has used so far: keys would move to other partitions and lose their order. Drop the "
          "setting, or add --force-partitioner (RELAY_FORCE_PARTITIONER=true) to accept that"));
    }
    return PartitionerDecision{*question.wanted, true,
                               absl::StrCat("partitioner ", PartitionerName(*question.wanted),
                                            ", by --force-partitioner instead of the stored ", PartitionerName(*stored),
                                            ": keys move to other partitions")};
  }
  if (question.wanted.has_value()) {
    return PartitionerDecision{
        *question.wanted, false,
        absl::StrCat("partitioner ", PartitionerName(*question.wanted), ", by --partitioner",
                     question.polling_relay_marks && *question.wanted != Partitioner::kFnv1a
                         ? "; the polling relay that has used this table partitioned by fnv1a: keys move to other "
                           "partitions"
                         : "")};
  }
  if (question.polling_relay_marks) {
    return PartitionerDecision{Partitioner::kFnv1a, false,
                               "partitioner fnv1a: the polling relay has used this table, and its keys stay where they "
                               "are"};
  }
  return PartitionerDecision{Partitioner::kMurmur2, false, "partitioner murmur2, the Java clients' default"};
}

}  // namespace relay
