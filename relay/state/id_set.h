// SPDX-License-Identifier: Apache-2.0
//
// A compressed set of 64-bit row ids.
//
// Serialized form (all integers little-endian): the portable 64-bit Roaring
// format, as CRoaring's Roaring64Map and the Java and Go libraries write it:
//
//   count(8)  { high32(4)  portable 32-bit roaring bitmap }*count
//
// https://github.com/RoaringBitmap/RoaringFormatSpec ("64-bit implementations")
#ifndef RELAY_STATE_ID_SET_H_
#define RELAY_STATE_ID_SET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "roaring/roaring.hh"

namespace relay {

// Ids first..last, both in it.
struct IdRange {
  uint64_t first = 0;
  uint64_t last = 0;
  friend bool operator==(const IdRange&, const IdRange&) = default;
};

// A set of row ids. An auto-increment sequence costs a few bytes for thousands
// of ids. Ids of a signed column are kept as their two's complement.
//
// A value type; not synchronized.
class IdSet {
 public:
  IdSet() = default;

  // Reads what Serialize wrote. InvalidArgument when the bytes are no such set.
  static absl::StatusOr<IdSet> Parse(absl::string_view bytes);
  std::string Serialize() const;

  // True when the id was not in the set.
  bool Add(uint64_t id);
  void AddRange(uint64_t first, uint64_t last);
  // True when the id was in the set.
  bool Remove(uint64_t id);
  bool Contains(uint64_t id) const;

  void UnionWith(const IdSet& other);
  void Subtract(const IdSet& other);
  void IntersectWith(const IdSet& other);

  bool empty() const { return high_.empty(); }
  uint64_t size() const;
  // Smallest and largest id. The set must not be empty.
  uint64_t min() const;
  uint64_t max() const;

  // Calls visit(first, last) for each maximal run of neighbours, ascending,
  // until it returns false.
  void ForEachRange(absl::FunctionRef<bool(uint64_t first, uint64_t last)> visit) const;
  // Calls visit(id) for each id, ascending, until it returns false.
  void ForEach(absl::FunctionRef<bool(uint64_t id)> visit) const;

  // The `count` smallest ids that are greater than or equal to `from`.
  std::vector<uint64_t> Smallest(size_t count, uint64_t from = 0) const;

  // Picks the densest encoding. Worth calling before a set is kept for long.
  void Compress();
  size_t SerializedBytes() const;

  void Clear() { high_.clear(); }

  friend bool operator==(const IdSet& a, const IdSet& b);

 private:
  // Keyed by the upper 32 bits; no bitmap in it is empty.
  absl::btree_map<uint32_t, Roaring> high_;
};

}  // namespace relay

#endif  // RELAY_STATE_ID_SET_H_
