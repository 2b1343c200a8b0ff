// SPDX-License-Identifier: Apache-2.0
#include "cdc/key_index.h"

#include <vector>

#include "absl/strings/string_view.h"
#include "relay/base/status_macros.h"

namespace cdc {
namespace {

constexpr uint64_t kFirstSlots = 1 << 16;
constexpr uint64_t kReadAtOnce = 4096;
// In place of a slot's number and one.
constexpr uint64_t kErased = ~uint64_t{0};

}  // namespace

absl::StatusOr<std::pair<uint64_t, KeyIndex::Slot>> KeyIndex::Probe(const SpillFile& file, uint64_t slots,
                                                                    uint64_t hash) const {
  for (uint64_t at = hash & (slots - 1);; at = (at + 1) & (slots - 1)) {
    Slot slot;
    RETURN_IF_ERROR(file.Read(at * sizeof(slot), reinterpret_cast<char*>(&slot), sizeof(slot)));
    if (slot.number_and_one == 0 || slot.hash == hash) return std::make_pair(at, slot);
  }
}

absl::StatusOr<KeyIndex::Slot> KeyIndex::Put(SpillFile* file, uint64_t slots, const Slot& slot) const {
  ASSIGN_OR_RETURN(const auto place, Probe(*file, slots, slot.hash));
  RETURN_IF_ERROR(
      file->Write(place.first * sizeof(slot), absl::string_view(reinterpret_cast<const char*>(&slot), sizeof(slot))));
  return place.second;
}

absl::StatusOr<uint64_t> KeyIndex::Find(uint64_t hash) const {
  if (!spilled()) {
    const auto found = in_memory_.find(hash);
    return found == in_memory_.end() ? kNone : found->second;
  }
  ASSIGN_OR_RETURN(const auto place, Probe(file_, slots_, hash));
  return place.second.number_and_one == kErased ? kNone : place.second.number_and_one - 1;  // kNone of a free slot.
}

absl::Status KeyIndex::Set(uint64_t hash, uint64_t number) {
  if (!spilled()) {
    if (in_memory_.size() < entries_in_memory_ || in_memory_.contains(hash)) {
      in_memory_[hash] = number;
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(Grow());
  }
  if (on_disk_ >= slots_ / 4 * 3) RETURN_IF_ERROR(Grow());
  ASSIGN_OR_RETURN(const Slot before, Put(&file_, slots_, {hash, number + 1}));
  if (before.number_and_one == 0) ++on_disk_;
  if (before.number_and_one == kErased) --erased_;
  return absl::OkStatus();
}

absl::Status KeyIndex::Erase(uint64_t hash) {
  if (!spilled()) {
    in_memory_.erase(hash);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const uint64_t number, Find(hash));
  if (number == kNone) return absl::OkStatus();
  RETURN_IF_ERROR(Put(&file_, slots_, {hash, kErased}).status());
  ++erased_;
  return absl::OkStatus();
}

absl::Status KeyIndex::Grow() {
  const uint64_t live = size();
  uint64_t slots = kFirstSlots;
  while (slots / 4 < live) slots *= 4;
  SpillFile grown;
  RETURN_IF_ERROR(grown.Open(spill_directory_));
  RETURN_IF_ERROR(grown.Truncate(slots * sizeof(Slot)));
  for (const auto& [hash, number] : in_memory_) RETURN_IF_ERROR(Put(&grown, slots, {hash, number + 1}).status());
  absl::flat_hash_map<uint64_t, uint64_t>().swap(in_memory_);
  std::vector<Slot> block(kReadAtOnce);
  for (uint64_t at = 0; at < slots_; at += block.size()) {
    RETURN_IF_ERROR(file_.Read(at * sizeof(Slot), reinterpret_cast<char*>(block.data()), block.size() * sizeof(Slot)));
    for (const Slot& slot : block) {
      if (slot.number_and_one == 0 || slot.number_and_one == kErased) continue;
      RETURN_IF_ERROR(Put(&grown, slots, slot).status());
    }
  }
  file_.Swap(&grown);
  slots_ = slots;
  on_disk_ = live;
  erased_ = 0;
  return absl::OkStatus();
}

void KeyIndex::Clear() {
  absl::flat_hash_map<uint64_t, uint64_t>().swap(in_memory_);
  file_.Close();
  slots_ = on_disk_ = erased_ = 0;
}

}  // namespace cdc
