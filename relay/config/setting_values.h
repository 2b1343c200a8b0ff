// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CONFIG_SETTING_VALUES_H_
#define RELAY_CONFIG_SETTING_VALUES_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "relay/config/config.h"

namespace relay {

// What a setting's text means. Each returns InvalidArgument with words that
// follow the setting and its value: "is no duration: write 500ms, 30s or 1h".

// As the polling relay's parser took them: 1 t T TRUE true True, 0 f F FALSE
// false False; and yes/no, on/off.
absl::StatusOr<bool> ParseBooleanValue(absl::string_view text);

absl::StatusOr<int64_t> ParseIntegerValue(absl::string_view text, int64_t least, int64_t most);

// "500ms", "30s", "1h30m". Negative and infinite ones are refused.
absl::StatusOr<absl::Duration> ParseDurationValue(absl::string_view text, absl::Duration least, absl::Duration most);

// "32MiB", "64K", "1GB", "4096": KB, MB, GB are powers of 1000; KiB, MiB, GiB
// and K, M, G powers of 1024.
absl::StatusOr<uint64_t> ParseBytesValue(absl::string_view text, uint64_t least, uint64_t most);

// Comma separated, spaces trimmed, empty parts dropped.
std::vector<std::string> ParseListValue(absl::string_view text);

// "host", "host:port", "[v6]:port", "v6"; `port` is 0 when it is not given.
absl::StatusOr<HostPort> ParseHostPortValue(absl::string_view text);

// http://host:port/path; the port may be left out.
absl::Status CheckHttpUrlValue(absl::string_view text);

// auto | earliest | latest | gtid:SET | file:NAME:POS
absl::StatusOr<StartPosition> ParseStartValue(absl::string_view text);

// "k=v" pairs, one a line.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParsePropertiesValue(absl::string_view text);

// A name that needs no quoting trouble: not empty, at most 64 characters, none
// of ` " ' / \ and no control characters.
absl::Status CheckIdentifierValue(absl::string_view text);

}  // namespace relay

#endif  // RELAY_CONFIG_SETTING_VALUES_H_
