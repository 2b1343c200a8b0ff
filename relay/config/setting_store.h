// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CONFIG_SETTING_STORE_H_
#define RELAY_CONFIG_SETTING_STORE_H_

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "relay/config/config.h"
#include "relay/config/setting_values.h"

// For the tables of settings: a value's text into a field of Config.

namespace relay {

inline constexpr uint64_t kKiB = 1 << 10;
inline constexpr uint64_t kMiB = 1 << 20;
inline constexpr uint64_t kGiB = 1 << 30;

template <typename Parsed, typename Target>
absl::Status Store(absl::StatusOr<Parsed> parsed, Target& target) {
  if (!parsed.ok()) return parsed.status();
  target = static_cast<Target>(*std::move(parsed));
  return absl::OkStatus();
}

inline absl::Status StoreBoolean(absl::string_view value, bool& target) {
  return Store(ParseBooleanValue(value), target);
}

template <typename Integer>
absl::Status StoreInteger(absl::string_view value, int64_t least, int64_t most, Integer& target) {
  return Store(ParseIntegerValue(value, least, most), target);
}

inline absl::Status StoreDuration(absl::string_view value, absl::Duration least, absl::Duration most,
                                  absl::Duration& target) {
  return Store(ParseDurationValue(value, least, most), target);
}

inline absl::Status StoreText(absl::string_view value, std::string& target) {
  target = std::string(value);
  return absl::OkStatus();
}

inline absl::Status StoreIdentifier(absl::string_view value, std::string& target) {
  absl::Status status = CheckIdentifierValue(value);
  if (status.ok()) target = std::string(value);
  return status;
}

inline absl::Status StoreIdentifiers(absl::string_view value, std::vector<std::string>& target) {
  target.clear();
  for (std::string& name : ParseListValue(value)) {
    absl::Status status = CheckIdentifierValue(name);
    if (!status.ok()) return status;
    if (std::find(target.begin(), target.end(), name) == target.end()) {
      target.push_back(std::move(name));
    }
  }
  return absl::OkStatus();
}

template <typename Enum>
absl::Status StoreWord(absl::string_view value, std::initializer_list<std::pair<absl::string_view, Enum>> words,
                       Enum& target) {
  for (const auto& [word, meaning] : words) {
    if (absl::EqualsIgnoreCase(value, word)) {
      target = meaning;
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "is none of ",
      absl::StrJoin(words, ", ", [](std::string* out, const auto& word) { absl::StrAppend(out, word.first); })));
}

inline absl::Status StoreHosts(absl::string_view value, std::vector<HostPort>& target) {
  target.clear();
  for (const std::string& host : ParseListValue(value)) {
    absl::StatusOr<HostPort> parsed = ParseHostPortValue(host);
    if (!parsed.ok()) return parsed.status();
    target.push_back(*std::move(parsed));
  }
  return absl::OkStatus();
}

}  // namespace relay

#endif  // RELAY_CONFIG_SETTING_STORE_H_
