// SPDX-License-Identifier: Apache-2.0

// Key → partition, exactly as other clients do it.

#ifndef KAFKA_PARTITIONER_H_
#define KAFKA_PARTITIONER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kafka {

enum class Partitioner {
  kMurmur2,  // Java clients' default (DefaultPartitioner, MurmurHash2).
  kFnv1a,    // Sarama's NewHashPartitioner: the polling relay's.
  kCrc32,    // librdkafka's `consistent`.
};

// "murmur2", "fnv1a", "crc32".
absl::string_view PartitionerName(Partitioner partitioner);
// InvalidArgument for any other name; the message lists the three.
absl::StatusOr<Partitioner> ParsePartitioner(absl::string_view name);

// The hash that decides the partition, already made non-negative in the way of
// the client that it copies.
uint32_t PartitionHash(Partitioner partitioner, absl::string_view key);

// The partition of a hash among `partition_count` > 0.
inline int32_t PartitionOf(uint32_t hash, int32_t partition_count) {
  return static_cast<int32_t>(hash % static_cast<uint32_t>(partition_count));
}

}  // namespace kafka

#endif  // KAFKA_PARTITIONER_H_
