// SPDX-License-Identifier: Apache-2.0
#include "relay/state/id_set.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace relay {
namespace {

constexpr uint64_t kLowMask = 0xFFFFFFFFu;

uint32_t High(uint64_t id) { return static_cast<uint32_t>(id >> 32); }
uint32_t Low(uint64_t id) { return static_cast<uint32_t>(id & kLowMask); }
uint64_t Join(uint32_t high, uint32_t low) { return (static_cast<uint64_t>(high) << 32) | low; }

void AppendLittleEndian(uint64_t value, size_t bytes, std::string* out) {
  for (size_t i = 0; i < bytes; ++i) {
    out->push_back(static_cast<char>(value >> (8 * i)));
  }
}

uint64_t ReadLittleEndian(absl::string_view bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) {
    value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("not a serialized id set: ", what));
}

}  // namespace

absl::StatusOr<IdSet> IdSet::Parse(absl::string_view bytes) {
  if (bytes.size() < 8) return Malformed("shorter than its count");
  const uint64_t count = ReadLittleEndian(bytes, 8);
  bytes.remove_prefix(8);
  IdSet set;
  for (uint64_t i = 0; i < count; ++i) {
    if (bytes.size() < 4) return Malformed("ends within a key");
    const uint32_t high = static_cast<uint32_t>(ReadLittleEndian(bytes, 4));
    bytes.remove_prefix(4);
    roaring_bitmap_t* raw = roaring_bitmap_portable_deserialize_safe(bytes.data(), bytes.size());
    if (raw == nullptr) return Malformed("a bitmap is cut or damaged");
    Roaring bitmap(raw);  // Takes it over.
    const size_t used = bitmap.getSizeInBytes();
    if (used > bytes.size()) return Malformed("a bitmap is cut");
    bytes.remove_prefix(used);
    if (bitmap.isEmpty()) continue;
    if (!set.high_.emplace(high, std::move(bitmap)).second) {
      return Malformed("a key stands twice");
    }
  }
  if (!bytes.empty()) return Malformed("bytes are left over");
  return set;
}

std::string IdSet::Serialize() const {
  std::string out;
  out.reserve(SerializedBytes());
  AppendLittleEndian(high_.size(), 8, &out);
  for (const auto& [high, bitmap] : high_) {
    AppendLittleEndian(high, 4, &out);
    const size_t at = out.size();
    out.resize(at + bitmap.getSizeInBytes());
    bitmap.write(&out[at]);
  }
  return out;
}

size_t IdSet::SerializedBytes() const {
  size_t bytes = 8;
  for (const auto& [high, bitmap] : high_) bytes += 4 + bitmap.getSizeInBytes();
  return bytes;
}

bool IdSet::Add(uint64_t id) { return high_[High(id)].addChecked(Low(id)); }

void IdSet::AddRange(uint64_t first, uint64_t last) {
  if (first > last) return;
  for (uint32_t high = High(first);; ++high) {
    const uint64_t from = high == High(first) ? Low(first) : 0;
    const uint64_t to = high == High(last) ? Low(last) : kLowMask;
    high_[high].addRange(from, to + 1);
    if (high == High(last)) return;
  }
}

bool IdSet::Remove(uint64_t id) {
  const auto it = high_.find(High(id));
  if (it == high_.end() || !it->second.removeChecked(Low(id))) return false;
  if (it->second.isEmpty()) high_.erase(it);
  return true;
}

bool IdSet::Contains(uint64_t id) const {
  const auto it = high_.find(High(id));
  return it != high_.end() && it->second.contains(Low(id));
}

void IdSet::UnionWith(const IdSet& other) {
  for (const auto& [high, bitmap] : other.high_) {
    const auto [it, added] = high_.try_emplace(high, bitmap);
    if (!added) it->second |= bitmap;
  }
}

void IdSet::Subtract(const IdSet& other) {
  for (const auto& [high, bitmap] : other.high_) {
    const auto it = high_.find(high);
    if (it == high_.end()) continue;
    it->second -= bitmap;
    if (it->second.isEmpty()) high_.erase(it);
  }
}

void IdSet::IntersectWith(const IdSet& other) {
  for (auto it = high_.begin(); it != high_.end();) {
    const auto theirs = other.high_.find(it->first);
    if (theirs == other.high_.end()) {
      it = high_.erase(it);
      continue;
    }
    it->second &= theirs->second;
    if (it->second.isEmpty()) {
      it = high_.erase(it);
    } else {
      ++it;
    }
  }
}

uint64_t IdSet::size() const {
  uint64_t size = 0;
  for (const auto& [high, bitmap] : high_) size += bitmap.cardinality();
  return size;
}

uint64_t IdSet::min() const {
  const auto& [high, bitmap] = *high_.begin();
  return Join(high, bitmap.minimum());
}

uint64_t IdSet::max() const {
  const auto& [high, bitmap] = *high_.rbegin();
  return Join(high, bitmap.maximum());
}

void IdSet::ForEachRange(absl::FunctionRef<bool(uint64_t first, uint64_t last)> visit) const {
  bool open = false;
  uint64_t first = 0, last = 0;
  bool stopped = false;
  ForEach([&](uint64_t id) {
    if (open && id == last + 1) {
      last = id;
      return true;
    }
    if (open && !visit(first, last)) {
      stopped = true;
      return false;
    }
    open = true;
    first = last = id;
    return true;
  });
  if (open && !stopped) visit(first, last);
}

void IdSet::ForEach(absl::FunctionRef<bool(uint64_t id)> visit) const {
  for (const auto& [high, bitmap] : high_) {
    for (const uint32_t low : bitmap) {
      if (!visit(Join(high, low))) return;
    }
  }
}

std::vector<uint64_t> IdSet::Smallest(size_t count, uint64_t from) const {
  std::vector<uint64_t> ids;
  for (auto it = high_.lower_bound(High(from)); it != high_.end() && ids.size() < count; ++it) {
    auto low = it->second.begin();
    const auto end = it->second.end();
    if (it->first == High(from)) low.equalorlarger(Low(from));
    for (; low != end && ids.size() < count; ++low) {
      ids.push_back(Join(it->first, *low));
    }
  }
  return ids;
}

void IdSet::Compress() {
  for (auto& [high, bitmap] : high_) {
    bitmap.runOptimize();
    bitmap.shrinkToFit();
  }
}

bool operator==(const IdSet& a, const IdSet& b) {
  if (a.high_.size() != b.high_.size()) return false;
  auto theirs = b.high_.begin();
  for (const auto& [high, bitmap] : a.high_) {
    if (high != theirs->first || !(bitmap == theirs->second)) return false;
    ++theirs;
  }
  return true;
}

}  // namespace relay
