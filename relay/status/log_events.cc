// SPDX-License-Identifier: Apache-2.0
#include "relay/status/log_events.h"

namespace relay {
namespace {

constexpr LogEventInfo kEvents[] = {
#define RELAY_LOG_EVENT_INFO(name, code, meaning, action) {LogCode::name, code, meaning, action},
    RELAY_LOG_EVENTS(RELAY_LOG_EVENT_INFO)
#undef RELAY_LOG_EVENT_INFO
};

}  // namespace

absl::Span<const LogEventInfo> AllLogEvents() { return kEvents; }

absl::string_view LogCodeText(LogCode code) { return kEvents[static_cast<size_t>(code)].text; }

}  // namespace relay
