// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/gtid_set.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cdc/event/byte_reader.h"
#include "cdc/event/varint.h"
#include "glog/logging.h"

namespace cdc {
namespace {

using Interval = GtidSet::Interval;

// One past the greatest number that a server gives out.
constexpr uint64_t kNumberEnd = 0x7FFFFFFFFFFFFFFF;

absl::Status NoSet(absl::string_view what, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("GTID set: '", what, "' ", why,
                                                 "; write UUID:1-5:TAG:1-3,… (MySQL) or DOMAIN-SERVER-SEQUENCE,… "
                                                 "(MariaDB)"));
}

void AppendFixed64(uint64_t value, std::string* out) {
  for (int i = 0; i < 8; ++i) out->push_back(static_cast<char>(value >> 8 * i));
}

void InsertInterval(std::vector<Interval>* list, Interval added) {
  if (added.start >= added.end) return;
  if (list->empty() || list->back().end < added.start) {
    list->push_back(added);
    return;
  }
  if (list->back().start <= added.start) {
    list->back().end = std::max(list->back().end, added.end);
    return;
  }
  // The first interval that touches or follows `added`.
  auto first = std::lower_bound(list->begin(), list->end(), added.start,
                                [](const Interval& i, uint64_t start) { return i.end < start; });
  auto last = first;
  while (last != list->end() && last->start <= added.end) {
    added.start = std::min(added.start, last->start);
    added.end = std::max(added.end, last->end);
    ++last;
  }
  if (first == last) {
    list->insert(first, added);
  } else {
    *first = added;
    list->erase(first + 1, last);
  }
}

std::vector<Interval> Difference(const std::vector<Interval>& from, const std::vector<Interval>& what) {
  std::vector<Interval> out;
  auto next = what.begin();
  for (Interval rest : from) {
    while (next != what.end() && next->end <= rest.start) ++next;
    for (auto i = next; i != what.end() && i->start < rest.end; ++i) {
      if (rest.start < i->start) out.push_back({rest.start, i->start});
      rest.start = std::max(rest.start, i->end);
    }
    if (rest.start < rest.end) out.push_back(rest);
  }
  return out;
}

bool IsSubset(const std::vector<Interval>& part, const std::vector<Interval>& whole) {
  auto next = whole.begin();
  for (const Interval& i : part) {
    while (next != whole.end() && next->end < i.end) ++next;
    if (next == whole.end() || next->start > i.start) return false;
  }
  return true;
}

absl::StatusOr<Interval> ParseInterval(absl::string_view text) {
  const size_t dash = text.find('-');
  const absl::string_view first = absl::StripAsciiWhitespace(text.substr(0, dash));
  Interval interval;
  if (!absl::SimpleAtoi(first, &interval.start)) {
    return NoSet(text, "is no interval");
  }
  uint64_t last = interval.start;
  if (dash != absl::string_view::npos && !absl::SimpleAtoi(absl::StripAsciiWhitespace(text.substr(dash + 1)), &last)) {
    return NoSet(text, "is no interval");
  }
  if (interval.start == 0 || last >= kNumberEnd) {
    return NoSet(text, "holds a number outside 1 to 2^63-2");
  }
  // The server takes "5-3" for empty and so do we.
  interval.end = std::max(interval.start, last + 1);
  return interval;
}

}  // namespace

bool GtidSet::SourceLess::operator()(const Source& a, const SourceRef& b) const {
  if (a.uuid != b.uuid) return a.uuid < b.uuid;
  return absl::string_view(a.tag) < b.tag;
}

bool GtidSet::SourceLess::operator()(const SourceRef& a, const Source& b) const {
  if (a.uuid != b.uuid) return a.uuid < b.uuid;
  return a.tag < absl::string_view(b.tag);
}

std::vector<Interval>& GtidSet::IntervalsOf(const Uuid& uuid, absl::string_view tag) {
  CHECK(domains_.empty()) << "a MySQL GTID added to MariaDB's " << ToString();
  auto found = members_.find(SourceRef{uuid, tag});
  if (found == members_.end()) {
    found = members_.emplace(Source{uuid, std::string(tag)}, std::vector<Interval>()).first;
  }
  return found->second;
}

absl::StatusOr<GtidSet> GtidSet::Parse(absl::string_view text) {
  GtidSet set;
  for (absl::string_view member : absl::StrSplit(text, ',')) {
    member = absl::StripAsciiWhitespace(member);
    if (member.empty()) continue;
    std::vector<absl::string_view> parts = absl::StrSplit(member, ':');
    for (absl::string_view& part : parts) {
      part = absl::StripAsciiWhitespace(part);
    }
    if (parts.size() == 1) {
      auto gtid = Gtid::Parse(parts[0]);
      if (!gtid.ok() || !set.members_.empty()) {
        return NoSet(member, set.members_.empty() ? "is no member" : "is MariaDB's, what precedes it MySQL's");
      }
      set.Add(*gtid);
      continue;
    }
    auto uuid = Uuid::Parse(parts[0]);
    if (!uuid.ok()) return NoSet(member, "does not begin with a UUID");
    if (!set.domains_.empty()) {
      return NoSet(member, "is MySQL's, what precedes it MariaDB's");
    }
    std::string tag;
    bool tag_is_used = true;
    for (size_t i = 1; i < parts.size(); ++i) {
      if (!parts[i].empty() && !absl::ascii_isdigit(static_cast<unsigned char>(parts[i].front()))) {
        tag = absl::AsciiStrToLower(parts[i]);
        if (!IsValidGtidTag(tag)) return NoSet(member, "has a malformed tag");
        tag_is_used = false;
        continue;
      }
      auto interval = ParseInterval(parts[i]);
      if (!interval.ok()) return interval.status();
      set.AddInterval(*uuid, tag, *interval);
      tag_is_used = true;
    }
    if (!tag_is_used) return NoSet(member, "ends with a tag");
  }
  return set;
}

absl::StatusOr<GtidSet> GtidSet::Decode(absl::string_view bytes) {
  ByteReader reader(bytes);
  uint64_t count = reader.U64();
  // The last byte of the count says which kind it is; an untagged set never has
  // that many members.
  const bool tagged = count >> 56 == 1;
  if (tagged && (count & 0xFF) != 1) return absl::DataLossError("GTID set: malformed head");
  if (tagged) count = count >> 8 & 0xFFFFFFFFFFFF;
  GtidSet set;
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    const Uuid uuid = Uuid::FromBytes(reader.Bytes(16));
    absl::string_view tag;
    if (tagged) tag = reader.Bytes(ReadVarUint(&reader));
    if (!tag.empty() && !IsValidGtidTag(tag)) {
      return absl::DataLossError("GTID set: malformed tag");
    }
    const uint64_t intervals = reader.U64();
    uint64_t previous_end = 0;
    for (uint64_t k = 0; k < intervals && reader.ok(); ++k) {
      const uint64_t start = reader.U64();
      const uint64_t end = reader.U64();
      if (!reader.ok()) break;
      if (start == 0 || start <= previous_end || end <= start || end > kNumberEnd) {
        return absl::DataLossError(absl::StrCat("GTID set: interval ", start, "-", end, " of ", uuid.ToString(),
                                                " is empty, out of order or out of range"));
      }
      previous_end = end;
      set.AddInterval(uuid, tag, {start, end});
    }
  }
  if (!reader.ok() || !reader.empty()) {
    return absl::DataLossError(absl::StrCat("GTID set: ", bytes.size(), " bytes do not hold the ", count,
                                            " members that their head announces"));
  }
  return set;
}

std::string GtidSet::ToString() const {
  std::string out;
  for (const auto& [domain, position] : domains_) {
    absl::StrAppend(&out, out.empty() ? "" : ",", domain, "-", position.server_id, "-", position.sequence);
  }
  const Uuid* previous = nullptr;
  for (const auto& [source, intervals] : members_) {
    if (previous == nullptr || *previous != source.uuid) {
      absl::StrAppend(&out, out.empty() ? "" : ",", source.uuid.ToString());
      previous = &source.uuid;
    }
    if (!source.tag.empty()) absl::StrAppend(&out, ":", source.tag);
    for (const Interval& i : intervals) {
      absl::StrAppend(&out, ":", i.start);
      if (i.end - i.start > 1) absl::StrAppend(&out, "-", i.end - 1);
    }
  }
  return out;
}

std::string GtidSet::Encode() const {
  CHECK(domains_.empty()) << "MariaDB has no binary form: " << ToString();
  const bool tagged =
      std::any_of(members_.begin(), members_.end(), [](const auto& member) { return !member.first.tag.empty(); });
  std::string out;
  const uint64_t count = members_.size();
  AppendFixed64(tagged ? uint64_t{1} << 56 | count << 8 | 1 : count, &out);
  for (const auto& [source, intervals] : members_) {
    out.append(reinterpret_cast<const char*>(source.uuid.bytes.data()), source.uuid.bytes.size());
    if (tagged) {
      AppendVarUint(source.tag.size(), &out);
      out += source.tag;
    }
    AppendFixed64(intervals.size(), &out);
    for (const Interval& i : intervals) {
      AppendFixed64(i.start, &out);
      AppendFixed64(i.end, &out);
    }
  }
  return out;
}

void GtidSet::Add(const Gtid& gtid) {
  if (gtid.dialect == Gtid::Dialect::kMariadb) {
    CHECK(members_.empty()) << "MariaDB's " << gtid << " added to MySQL's set";
    DomainPosition& last = domains_.try_emplace(gtid.domain, DomainPosition{gtid.server_id, 0}).first->second;
    if (gtid.number >= last.sequence) last = {gtid.server_id, gtid.number};
    return;
  }
  InsertInterval(&IntervalsOf(gtid.uuid, gtid.tag), {gtid.number, gtid.number + 1});
}

void GtidSet::AddInterval(const Uuid& uuid, absl::string_view tag, Interval interval) {
  if (interval.start >= interval.end) return;
  InsertInterval(&IntervalsOf(uuid, tag), interval);
}

void GtidSet::Union(const GtidSet& other) {
  if (&other == this) return;
  for (const auto& [domain, position] : other.domains_) {
    Gtid gtid;
    gtid.dialect = Gtid::Dialect::kMariadb;
    gtid.domain = domain;
    gtid.server_id = position.server_id;
    gtid.number = position.sequence;
    Add(gtid);
  }
  for (const auto& [source, intervals] : other.members_) {
    std::vector<Interval>& mine = IntervalsOf(source.uuid, source.tag);
    for (const Interval& i : intervals) InsertInterval(&mine, i);
  }
}

void GtidSet::Subtract(const GtidSet& other) {
  std::erase_if(domains_, [&other](const auto& mine) {
    const auto theirs = other.domains_.find(mine.first);
    return theirs != other.domains_.end() && theirs->second.sequence >= mine.second.sequence;
  });
  for (auto mine = members_.begin(); mine != members_.end();) {
    const auto theirs = other.members_.find(mine->first);
    if (theirs != other.members_.end()) {
      mine->second = Difference(mine->second, theirs->second);
    }
    mine = mine->second.empty() ? members_.erase(mine) : std::next(mine);
  }
}

void GtidSet::Intersect(const GtidSet& other) {
  for (auto mine = domains_.begin(); mine != domains_.end();) {
    const auto theirs = other.domains_.find(mine->first);
    if (theirs == other.domains_.end()) {
      mine = domains_.erase(mine);
      continue;
    }
    if (theirs->second.sequence < mine->second.sequence) {
      mine->second = theirs->second;
    }
    ++mine;
  }
  // a ∩ b = a − (a − b)
  GtidSet outside = *this;
  outside.domains_.clear();
  outside.Subtract(other);
  Subtract(outside);
}

bool GtidSet::Contains(const Gtid& gtid) const {
  if (gtid.dialect == Gtid::Dialect::kMariadb) {
    const auto found = domains_.find(gtid.domain);
    return found != domains_.end() && found->second.sequence >= gtid.number;
  }
  const auto found = members_.find(SourceRef{gtid.uuid, gtid.tag});
  if (found == members_.end()) return false;
  const std::vector<Interval>& list = found->second;
  const auto i = std::upper_bound(list.begin(), list.end(), gtid.number,
                                  [](uint64_t number, const Interval& i) { return number < i.end; });
  return i != list.end() && i->start <= gtid.number;
}

bool GtidSet::Contains(const GtidSet& other) const {
  for (const auto& [domain, position] : other.domains_) {
    const auto mine = domains_.find(domain);
    if (mine == domains_.end() || mine->second.sequence < position.sequence) {
      return false;
    }
  }
  for (const auto& [source, intervals] : other.members_) {
    const auto mine = members_.find(source);
    if (mine == members_.end() || !IsSubset(intervals, mine->second)) {
      return false;
    }
  }
  return true;
}

GtidSet GtidSet::OfUuid(const Uuid& uuid) const {
  GtidSet part;
  for (const auto& [source, intervals] : members_) {
    if (source.uuid == uuid) part.members_.emplace(source, intervals);
  }
  return part;
}

uint64_t GtidSet::Count() const {
  uint64_t count = 0;
  for (const auto& [domain, position] : domains_) count += position.sequence;
  for (const auto& [source, intervals] : members_) {
    for (const Interval& i : intervals) count += i.end - i.start;
  }
  return count;
}

std::vector<Gtid> GtidSet::DomainPositions() const {
  std::vector<Gtid> positions;
  for (const auto& [domain, position] : domains_) {
    Gtid gtid;
    gtid.dialect = Gtid::Dialect::kMariadb;
    gtid.domain = domain;
    gtid.server_id = position.server_id;
    gtid.number = position.sequence;
    positions.push_back(std::move(gtid));
  }
  return positions;
}

std::ostream& operator<<(std::ostream& out, const GtidSet& set) { return out << set.ToString(); }

}  // namespace cdc
