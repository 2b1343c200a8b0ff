// SPDX-License-Identifier: Apache-2.0

#include "kafka/partitioner.h"

#include <zlib.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace kafka {
namespace {

// MurmurHash2 (32 bits, by Austin Appleby) with the seed of Java's
// org.apache.kafka.common.utils.Utils.murmur2.
uint32_t Murmur2(absl::string_view key) {
  constexpr uint32_t kMultiplier = 0x5bd1e995;
  constexpr uint32_t kSeed = 0x9747b28c;
  const auto byte_at = [&key](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(key[i])); };
  uint32_t hash = kSeed ^ static_cast<uint32_t>(key.size());
  size_t i = 0;
  for (; i + 4 <= key.size(); i += 4) {
    uint32_t word = byte_at(i) | byte_at(i + 1) << 8 | byte_at(i + 2) << 16 | byte_at(i + 3) << 24;
    word *= kMultiplier;
    word ^= word >> 24;
    word *= kMultiplier;
    hash = (hash * kMultiplier) ^ word;
  }
  const size_t rest = key.size() - i;
  if (rest == 3) hash ^= byte_at(i + 2) << 16;
  if (rest >= 2) hash ^= byte_at(i + 1) << 8;
  if (rest >= 1) hash = (hash ^ byte_at(i)) * kMultiplier;
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return hash;
}

uint32_t Fnv1a(absl::string_view key) {
  uint32_t hash = 0x811c9dc5;
  for (const char c : key) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193;
  }
  return hash;
}

uint32_t Crc32(absl::string_view key) {
  return static_cast<uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(key.data()), key.size()));
}

}  // namespace

absl::string_view PartitionerName(Partitioner partitioner) {
  switch (partitioner) {
    case Partitioner::kMurmur2:
      return "murmur2";
    case Partitioner::kFnv1a:
      return "fnv1a";
    case Partitioner::kCrc32:
      return "crc32";
  }
  return "murmur2";
}

absl::StatusOr<Partitioner> ParsePartitioner(absl::string_view name) {
  for (const Partitioner partitioner : {Partitioner::kMurmur2, Partitioner::kFnv1a, Partitioner::kCrc32}) {
    if (name == PartitionerName(partitioner)) return partitioner;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("no partitioner is named \"", name, "\": use murmur2, fnv1a or crc32"));
}

uint32_t PartitionHash(Partitioner partitioner, absl::string_view key) {
  switch (partitioner) {
    case Partitioner::kMurmur2:
      // Java drops the sign bit (Utils.toPositive).
      return Murmur2(key) & 0x7fffffff;
    case Partitioner::kFnv1a: {
      // Sarama takes the remainder of a signed number and then drops the sign,
      // which is the remainder of the absolute value (of -2^31 too).
      const uint32_t hash = Fnv1a(key);
      return hash > 0x7fffffff ? 0 - hash : hash;
    }
    case Partitioner::kCrc32:
      return Crc32(key);
  }
  return 0;
}

}  // namespace kafka
