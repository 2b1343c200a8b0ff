// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_EVENT_GTID_H_
#define CDC_EVENT_GTID_H_

#include <array>
#include <cstdint>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cdc {

// A server's 16 byte UUID, as it stands in GTID events.
struct Uuid {
  std::array<uint8_t, 16> bytes{};

  // Parses "911ea5f6-0c1b-11ef-9262-0242ac120002", also without dashes or in
  // capitals, as MySQL does. InvalidArgument otherwise.
  static absl::StatusOr<Uuid> Parse(absl::string_view text);
  // `raw` must be 16 bytes long.
  static Uuid FromBytes(absl::string_view raw);
  // Lower case with dashes.
  std::string ToString() const;

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

// The global id of one transaction, in either dialect:
//   MySQL    uuid:gno  or  uuid:tag:gno
//   MariaDB  domain-server-sequence
struct Gtid {
  enum class Dialect : uint8_t { kMysql, kMariadb };

  Dialect dialect = Dialect::kMysql;

  // MySQL. The tag is lower case, at most 32 characters, mostly empty.
  Uuid uuid;
  std::string tag;

  // MariaDB.
  uint32_t domain = 0;
  uint32_t server_id = 0;

  // The transaction's number: MySQL's gno (1 … 2^63-2), MariaDB's sequence.
  uint64_t number = 0;

  // Parses either form by its shape. InvalidArgument names what is wrong.
  static absl::StatusOr<Gtid> Parse(absl::string_view text);
  std::string ToString() const;
  // Appends ToString() without a temporary.
  void AppendTo(std::string* out) const;

  friend bool operator==(const Gtid&, const Gtid&) = default;
  friend auto operator<=>(const Gtid&, const Gtid&) = default;
};

std::ostream& operator<<(std::ostream& out, const Gtid& gtid);

// True if `tag` is a valid tag in normal form: a letter or underscore, then up
// to 31 lower case letters, digits or underscores.
bool IsValidGtidTag(absl::string_view tag);

}  // namespace cdc

#endif  // CDC_EVENT_GTID_H_
