// SPDX-License-Identifier: Apache-2.0

// What travels with a record through librdkafka in the 64 bits of its opaque:
// the hash of its partition key, for the partitioner callback (which may run
// long after Produce, when the topic's partitions become known), and enough of
// its sequence to name the record in the delivery report.
//
//   63        32  31        30             0
//   hash          has hash  sequence mod 2^31

#ifndef KAFKA_DELIVERY_TAG_H_
#define KAFKA_DELIVERY_TAG_H_

#include <cstdint>
#include <optional>

namespace kafka {

class DeliveryTag {
 public:
  static constexpr uint64_t kSequenceMask = (uint64_t{1} << 31) - 1;

  DeliveryTag(std::optional<uint32_t> hash, uint64_t sequence)
      : bits_(uint64_t{hash.value_or(0)} << 32 | uint64_t{hash.has_value()} << 31 | (sequence & kSequenceMask)) {}

  static DeliveryTag FromOpaque(const void* opaque) { return DeliveryTag(reinterpret_cast<uintptr_t>(opaque)); }
  void* opaque() const { return reinterpret_cast<void*>(bits_); }

  std::optional<uint32_t> hash() const {
    if ((bits_ >> 31 & 1) == 0) return std::nullopt;
    return static_cast<uint32_t>(bits_ >> 32);
  }

  // The whole sequence, given the highest one that was ever tagged: right for
  // every sequence less than 2^31 below that.
  uint64_t SequenceNear(uint64_t highest) const { return highest - ((highest - bits_) & kSequenceMask); }

 private:
  explicit DeliveryTag(uint64_t bits) : bits_(bits) {}
  static_assert(sizeof(void*) == sizeof(uint64_t));

  uint64_t bits_;
};

}  // namespace kafka

#endif  // KAFKA_DELIVERY_TAG_H_
