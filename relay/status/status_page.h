// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STATUS_STATUS_PAGE_H_
#define RELAY_STATUS_STATUS_PAGE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "relay/status/relay_status.h"

namespace relay {

// The page at "/": the same as /status for people. One HTML document that loads
// nothing; its script fetches it again every two seconds. Read only.
std::string StatusPage(const RelayStatus& status, absl::Time now);

// "just now", "12 s", "3 min 5 s", "2 h 10 min", "5 d 3 h".
std::string ReadableDuration(absl::Duration duration);
// "1,234,567".
std::string ReadableCount(uint64_t count);
// "512 B", "1.4 MiB".
std::string ReadableBytes(uint64_t bytes);
// Safe between tags and in attributes.
std::string EscapeHtml(absl::string_view text);

}  // namespace relay

#endif  // RELAY_STATUS_STATUS_PAGE_H_
