// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_DELIVERY_ROW_KEY_H_
#define RELAY_DELIVERY_ROW_KEY_H_

#include <cstdint>
#include <utility>

namespace relay {

// Names one outbox row: the table, as an index into the schemas of DB_NAME, and its id (a signed one as two's
// complement).
struct RowKey {
  uint32_t table = 0;
  uint64_t id = 0;

  friend bool operator==(const RowKey&, const RowKey&) = default;
  friend auto operator<=>(const RowKey&, const RowKey&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const RowKey& key) {
    return H::combine(std::move(h), key.table, key.id);
  }
};

}  // namespace relay

#endif  // RELAY_DELIVERY_ROW_KEY_H_
