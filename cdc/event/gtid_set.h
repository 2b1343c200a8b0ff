// SPDX-License-Identifier: Apache-2.0
//
// A set of transactions, in either dialect.
//
// MySQL's text form (the one of @@gtid_executed):
//   set      := "" | member {"," member}          white space anywhere
//   member   := uuid {":" part}                   at least one part
//   part     := tag | interval                    a tag holds for what follows
//   interval := first | first "-" last            both inclusive
//
// MariaDB's (@@gtid_binlog_pos, @@gtid_slave_pos): the last transaction of each
// domain; a domain's transactions up to that sequence number are the set.
//   set      := "" | domain "-" server "-" sequence {"," …}
//
// MySQL's binary form (COM_BINLOG_DUMP_GTID, PREVIOUS_GTIDS), little endian:
//   without tags: n_uuids:8 { uuid:16 n_intervals:8 { start:8 end:8 } }
//   with tags:    01 n_members:6 01 { uuid:16 tag_length:varint tag
//                                     n_intervals:8 { start:8 end:8 } }
//   `end` is exclusive; the varint is mysql::serialization's (see
//   docs/binlog_format.md); a uuid stands once for each of its tags.
// Source: MySQL sql/rpl_gtid_set.cc (Gtid_set::encode, add_gtid_encoding),
// seen on 9.7.4.
#ifndef CDC_EVENT_GTID_SET_H_
#define CDC_EVENT_GTID_SET_H_

#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/event/gtid.h"

namespace cdc {

// A value: copyable, comparable, not thread-safe. An empty set has no dialect;
// the first member decides it, and mixing is an InvalidArgument in Parse and a
// CHECK elsewhere.
class GtidSet {
 public:
  // Half open: [start, end).
  struct Interval {
    uint64_t start;
    uint64_t end;
    friend bool operator==(const Interval&, const Interval&) = default;
  };

  GtidSet() = default;

  // Parses either text form by its shape; InvalidArgument names the part.
  static absl::StatusOr<GtidSet> Parse(absl::string_view text);
  // Parses MySQL's binary form, both kinds. DataLoss if it is malformed.
  static absl::StatusOr<GtidSet> Decode(absl::string_view bytes);

  // Normal form: uuids, tags and intervals in order, ", " nowhere.
  std::string ToString() const;
  // MySQL's binary form; the tagged kind only if there are tags, which servers
  // before 8.3 do not know. CHECK-fails for MariaDB.
  std::string Encode() const;

  bool empty() const { return members_.empty() && domains_.empty(); }
  bool is_mariadb() const { return !domains_.empty(); }

  // Adds one transaction. Behind the end of an interval, the usual case, this
  // touches that interval only and allocates nothing. MariaDB: its domain's
  // last, unless the domain is already past it.
  void Add(const Gtid& gtid);
  // Adds [start, end) of a uuid and tag.
  void AddInterval(const Uuid& uuid, absl::string_view tag, Interval interval);
  void Union(const GtidSet& other);
  // Removes what is in `other`. MariaDB: drops the domains that `other` holds
  // at the same or a later sequence number.
  void Subtract(const GtidSet& other);
  // Keeps what is in both. MariaDB: the lower sequence of each common domain.
  void Intersect(const GtidSet& other);

  bool Contains(const Gtid& gtid) const;
  // Whether every member of `other` is a member of this.
  bool Contains(const GtidSet& other) const;

  // The part of one server: all its tags. Empty for MariaDB.
  GtidSet OfUuid(const Uuid& uuid) const;
  // Number of transactions; MariaDB: sum of the sequence numbers.
  uint64_t Count() const;

  // MariaDB: last transaction of each domain, by domain.
  std::vector<Gtid> DomainPositions() const;

  friend bool operator==(const GtidSet&, const GtidSet&) = default;

 private:
  struct Source {
    Uuid uuid;
    std::string tag;
    friend auto operator<=>(const Source&, const Source&) = default;
  };
  struct SourceRef {
    const Uuid& uuid;
    absl::string_view tag;
  };
  struct SourceLess {
    using is_transparent = void;
    bool operator()(const Source& a, const Source& b) const { return a < b; }
    bool operator()(const Source& a, const SourceRef& b) const;
    bool operator()(const SourceRef& a, const Source& b) const;
  };
  struct DomainPosition {
    uint32_t server_id;
    uint64_t sequence;
    friend bool operator==(const DomainPosition&, const DomainPosition&) = default;
  };

  std::vector<Interval>& IntervalsOf(const Uuid& uuid, absl::string_view tag);

  // Each list is sorted, its intervals disjoint, not adjacent and not empty.
  std::map<Source, std::vector<Interval>, SourceLess> members_;
  std::map<uint32_t, DomainPosition> domains_;
};

std::ostream& operator<<(std::ostream& out, const GtidSet& set);

}  // namespace cdc

#endif  // CDC_EVENT_GTID_SET_H_
