// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_KEY_INDEX_H_
#define CDC_KEY_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cdc/spill_file.h"

namespace cdc {

// Numbers by hash: in memory up to a number of entries, then in an unlinked file, so that a transaction of millions of
// rows costs disk and not memory. Not thread-safe.
//
//   file := { hash:8 number+1:8 }                  open addressing, a power of two of slots, zero = free; all ones =
//                                                  erased, kept so that those behind it are found until the file grows
class KeyIndex {
 public:
  static constexpr uint64_t kNone = ~uint64_t{0};

  KeyIndex(size_t entries_in_memory, std::string spill_directory)
      : entries_in_memory_(entries_in_memory), spill_directory_(std::move(spill_directory)) {}

  // The number of a hash, or kNone. Unavailable: see SpillFile.
  absl::StatusOr<uint64_t> Find(uint64_t hash) const;
  // Adds a hash or replaces its number, which is less than kNone - 1.
  absl::Status Set(uint64_t hash, uint64_t number);
  // Takes a hash out, if it is in.
  absl::Status Erase(uint64_t hash);
  void Clear();

  uint64_t size() const { return in_memory_.size() + on_disk_ - erased_; }
  bool spilled() const { return slots_ > 0; }
  // Of the file, 0 without one.
  uint64_t slots() const { return slots_; }

 private:
  struct Slot {
    uint64_t hash;
    uint64_t number_and_one;
  };

  // The slot of `hash`, or the free one where it would go.
  absl::StatusOr<std::pair<uint64_t, Slot>> Probe(const SpillFile& file, uint64_t slots, uint64_t hash) const;
  // Returns what the slot was before.
  absl::StatusOr<Slot> Put(SpillFile* file, uint64_t slots, const Slot& slot) const;
  absl::Status Grow();

  const size_t entries_in_memory_;
  const std::string spill_directory_;
  absl::flat_hash_map<uint64_t, uint64_t> in_memory_;
  SpillFile file_;
  uint64_t slots_ = 0;
  // Slots that are not free, and those of them that are erased.
  uint64_t on_disk_ = 0;
  uint64_t erased_ = 0;
};

}  // namespace cdc

#endif  // CDC_KEY_INDEX_H_
