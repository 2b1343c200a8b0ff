// SPDX-License-Identifier: Apache-2.0
#include "relay/config/setting_values.h"

#include <algorithm>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace relay {
namespace {

absl::Status Bad(absl::string_view words) { return absl::InvalidArgumentError(words); }

// Kubernetes puts NAME_PORT=tcp://10.0.0.1:3306 into every container of a
// namespace that has a Service of that name.
absl::string_view ServiceLinkHint(absl::string_view text) {
  return absl::StartsWith(text, "tcp://") ? " (this is what Kubernetes sets for a Service of that name: set "
                                            "the variable yourself, or enableServiceLinks: false)"
                                          : "";
}

bool IsPropertyName(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
  });
}

std::string BytesText(uint64_t bytes) {
  for (const auto& [unit, size] :
       {std::pair<const char*, uint64_t>{"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}}) {
    if (bytes >= size && bytes % size == 0) {
      return absl::StrCat(bytes / size, unit);
    }
  }
  return absl::StrCat(bytes);
}

}  // namespace

absl::StatusOr<bool> ParseBooleanValue(absl::string_view text) {
  for (absl::string_view word : {"1", "t", "T", "TRUE", "true", "True", "yes", "on"}) {
    if (text == word) return true;
  }
  for (absl::string_view word : {"0", "f", "F", "FALSE", "false", "False", "no", "off"}) {
    if (text == word) return false;
  }
  return Bad("is no boolean: write true or false");
}

absl::StatusOr<int64_t> ParseIntegerValue(absl::string_view text, int64_t least, int64_t most) {
  int64_t value;
  if (!absl::SimpleAtoi(text, &value) || value < least || value > most) {
    return Bad(absl::StrCat("is no whole number from ", least, " to ", most, ServiceLinkHint(text)));
  }
  return value;
}

absl::StatusOr<absl::Duration> ParseDurationValue(absl::string_view text, absl::Duration least, absl::Duration most) {
  absl::Duration value;
  if (!absl::ParseDuration(text, &value)) {
    return Bad("is no duration: write 500ms, 30s, 5m or 1h");
  }
  if (value < least || value > most) {
    return Bad(absl::StrCat("is out of range: from ", absl::FormatDuration(least), " to ", absl::FormatDuration(most)));
  }
  return value;
}

absl::StatusOr<uint64_t> ParseBytesValue(absl::string_view text, uint64_t least, uint64_t most) {
  const size_t digits = text.find_first_not_of("0123456789");
  absl::string_view unit;
  if (digits != absl::string_view::npos) {
    unit = absl::StripLeadingAsciiWhitespace(text.substr(digits));
    text = text.substr(0, digits);
  }
  static constexpr struct {
    absl::string_view name;
    uint64_t size;
  } kUnits[] = {{"", 1},
                {"b", 1},
                {"k", 1ull << 10},
                {"kib", 1ull << 10},
                {"kb", 1000},
                {"m", 1ull << 20},
                {"mib", 1ull << 20},
                {"mb", 1000 * 1000},
                {"g", 1ull << 30},
                {"gib", 1ull << 30},
                {"gb", 1000ull * 1000 * 1000}};
  uint64_t count;
  for (const auto& known : kUnits) {
    if (!absl::EqualsIgnoreCase(unit, known.name)) continue;
    if (!absl::SimpleAtoi(text, &count)) break;
    if (count > std::numeric_limits<uint64_t>::max() / known.size || count * known.size < least ||
        count * known.size > most) {
      return Bad(absl::StrCat("is out of range: from ", BytesText(least), " to ", BytesText(most)));
    }
    return count * known.size;
  }
  return Bad("is no size: write 64KiB, 32MiB or 1GiB");
}

std::vector<std::string> ParseListValue(absl::string_view text) {
  std::vector<std::string> parts;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    part = absl::StripAsciiWhitespace(part);
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

absl::StatusOr<HostPort> ParseHostPortValue(absl::string_view text) {
  constexpr absl::string_view kNeeded = "is no host: write name, name:port or [IPv6]:port";
  HostPort result;
  absl::string_view port;
  if (absl::ConsumePrefix(&text, "[")) {
    const size_t end = text.find(']');
    if (end == absl::string_view::npos) return Bad(kNeeded);
    result.host = std::string(text.substr(0, end));
    port = text.substr(end + 1);
    if (!port.empty() && !absl::ConsumePrefix(&port, ":")) return Bad(kNeeded);
    if (port.empty() && text.back() == ':') return Bad(kNeeded);
  } else if (std::count(text.begin(), text.end(), ':') > 1) {
    result.host = std::string(text);  // a bare IPv6 address
  } else {
    const size_t colon = text.find(':');
    result.host = std::string(text.substr(0, colon));
    if (colon != absl::string_view::npos) {
      port = text.substr(colon + 1);
      if (port.empty()) return Bad(kNeeded);
    }
  }
  if (result.host.empty() || result.host.find_first_of(" /@\t") != std::string::npos) {
    return Bad(kNeeded);
  }
  if (!port.empty()) {
    uint32_t number;
    if (!absl::SimpleAtoi(port, &number) || number == 0 || number > 65535) {
      return Bad("has a port that is no number from 1 to 65535");
    }
    result.port = static_cast<uint16_t>(number);
  }
  return result;
}

absl::Status CheckHttpUrlValue(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, "http://")) {
    return absl::InvalidArgumentError("is no URL of the form http://host:port/path");
  }
  return ParseHostPortValue(text.substr(0, text.find('/'))).status();
}

absl::StatusOr<StartPosition> ParseStartValue(absl::string_view text) {
  StartPosition start;
  if (text == "auto") return start;
  if (text == "earliest" || text == "latest") {
    start.kind = text == "earliest" ? StartPosition::Kind::kEarliest : StartPosition::Kind::kLatest;
    return start;
  }
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "gtid:") && !rest.empty()) {
    start.kind = StartPosition::Kind::kGtid;
    start.gtid_set = std::string(rest);
    return start;
  }
  if (absl::ConsumePrefix(&rest, "file:")) {
    const size_t colon = rest.rfind(':');
    if (colon != absl::string_view::npos && colon > 0 && absl::SimpleAtoi(rest.substr(colon + 1), &start.offset)) {
      start.kind = StartPosition::Kind::kFile;
      start.file = std::string(rest.substr(0, colon));
      return start;
    }
  }
  return Bad(
      "is no start: write auto, earliest, latest, gtid:SET or file:NAME:POS "
      "(as file:binlog.000007:4)");
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParsePropertiesValue(absl::string_view text) {
  // A line each, and nothing else divides them: values hold commas (extensions, cipher lists) and passwords hold
  // anything.
  std::vector<std::pair<std::string, std::string>> properties;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) continue;
    const size_t equals = line.find('=');
    const absl::string_view name = absl::StripAsciiWhitespace(line.substr(0, equals));
    // The value is not repeated: it may be a password.
    if (equals == absl::string_view::npos || !IsPropertyName(name)) {
      return Bad("is no librdkafka property: write name=value, one a line");
    }
    properties.emplace_back(name, absl::StripAsciiWhitespace(line.substr(equals + 1)));
  }
  return properties;
}

absl::Status CheckIdentifierValue(absl::string_view text) {
  const bool fine = !text.empty() && text.size() <= 64 && std::none_of(text.begin(), text.end(), [](unsigned char c) {
    return c < 0x20 || c == 0x7f || c == '`' || c == '"' || c == '\'' || c == '/' || c == '\\';
  });
  return fine ? absl::OkStatus()
              : Bad("is no name of a schema, table or column (1 to 64 "
                    "characters, no quotes or slashes)");
}

}  // namespace relay
