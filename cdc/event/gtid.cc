// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/gtid.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace cdc {
namespace {

constexpr size_t kMaxTagLength = 32;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void AppendUuid(const Uuid& uuid, std::string* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out->push_back('-');
    out->push_back(kDigits[uuid.bytes[i] >> 4]);
    out->push_back(kDigits[uuid.bytes[i] & 15]);
  }
}

absl::Status NoGtid(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("'", text, "' is no GTID (", why,
                                                 "): write UUID:NUMBER, UUID:TAG:NUMBER or DOMAIN-SERVER-SEQUENCE"));
}

absl::StatusOr<Gtid> ParseMariadb(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '-');
  Gtid gtid;
  gtid.dialect = Gtid::Dialect::kMariadb;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &gtid.domain) || !absl::SimpleAtoi(parts[1], &gtid.server_id) ||
      !absl::SimpleAtoi(parts[2], &gtid.number)) {
    return NoGtid(text, "three numbers with dashes are expected");
  }
  return gtid;
}

}  // namespace

absl::StatusOr<Uuid> Uuid::Parse(absl::string_view text) {
  Uuid uuid;
  size_t digits = 0;
  bool ok = text.size() == 36 || text.size() == 32;
  for (size_t i = 0; ok && i < text.size(); ++i) {
    if (text.size() == 36 && (i == 8 || i == 13 || i == 18 || i == 23)) {
      ok = text[i] == '-';
      continue;
    }
    const int digit = HexDigit(text[i]);
    if (digit < 0 || digits == 32) {
      ok = false;
      break;
    }
    uint8_t& byte = uuid.bytes[digits / 2];
    byte = static_cast<uint8_t>(byte << 4 | digit);
    ++digits;
  }
  if (!ok || digits != 32) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' is no UUID: 32 hexadecimal digits, in five ", "groups with dashes, are expected"));
  }
  return uuid;
}

Uuid Uuid::FromBytes(absl::string_view raw) {
  Uuid uuid;
  const size_t size = std::min(raw.size(), uuid.bytes.size());
  std::copy_n(raw.begin(), size, uuid.bytes.begin());
  return uuid;
}

std::string Uuid::ToString() const {
  std::string out;
  out.reserve(36);
  AppendUuid(*this, &out);
  return out;
}

bool IsValidGtidTag(absl::string_view tag) {
  if (tag.empty() || tag.size() > kMaxTagLength) return false;
  if (absl::ascii_isdigit(static_cast<unsigned char>(tag[0]))) return false;
  return std::all_of(tag.begin(), tag.end(),
                     [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

absl::StatusOr<Gtid> Gtid::Parse(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos) return ParseMariadb(text);
  Gtid gtid;
  auto uuid = Uuid::Parse(text.substr(0, colon));
  if (!uuid.ok()) return NoGtid(text, "the UUID is malformed");
  gtid.uuid = *uuid;
  absl::string_view rest = text.substr(colon + 1);
  const size_t second = rest.find(':');
  if (second != absl::string_view::npos) {
    gtid.tag = absl::AsciiStrToLower(rest.substr(0, second));
    if (!IsValidGtidTag(gtid.tag)) return NoGtid(text, "the tag is malformed");
    rest = rest.substr(second + 1);
  }
  if (!absl::SimpleAtoi(rest, &gtid.number) || gtid.number == 0 || gtid.number >= 0x7FFFFFFFFFFFFFFFu) {
    return NoGtid(text, "the number is not between 1 and 2^63-2");
  }
  return gtid;
}

void Gtid::AppendTo(std::string* out) const {
  if (dialect == Dialect::kMariadb) {
    absl::StrAppend(out, domain, "-", server_id, "-", number);
    return;
  }
  AppendUuid(uuid, out);
  if (!tag.empty()) absl::StrAppend(out, ":", tag);
  absl::StrAppend(out, ":", number);
}

std::string Gtid::ToString() const {
  std::string out;
  AppendTo(&out);
  return out;
}

std::ostream& operator<<(std::ostream& out, const Gtid& gtid) { return out << gtid.ToString(); }

}  // namespace cdc
