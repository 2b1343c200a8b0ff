// SPDX-License-Identifier: Apache-2.0
#include "relay/config/unknown_variables.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "relay/config/settings.h"
#include "relay/config/suggestion.h"

namespace relay {
namespace {

using Given = absl::FunctionRef<bool(absl::string_view flag)>;

// Other software has variables of these families as well (KAFKA_HOME, DB_HOST2).
constexpr absl::string_view kSharedFamilies[] = {"DB_", "KAFKA_", "TLS_", "HTTP_", "LOG_", "SKIP_", "RUN_"};

// What other programs call settings of ours, and our flag.
constexpr std::pair<absl::string_view, absl::string_view> kElsewhere[] = {
    {"DB_PASSWORD", "db-pass"},        {"DB_PASSWORD_FILE", "db-pass-file"},
    {"DB_USERNAME", "db-user"},        {"DB_DATABASE", "db-name"},
    {"DB_TLS_MODE", "db-tls"},         {"DB_SSL", "db-tls"},
    {"DB_SSL_MODE", "db-tls"},         {"DB_SSL_CA", "db-tls-ca"},
    {"KAFKA_BROKERS", "kafka-host"},   {"KAFKA_BOOTSTRAP_SERVERS", "kafka-host"},
    {"KAFKA_TLS_ENABLE", "kafka-tls"}, {"KAFKA_TLS_ENABLED", "kafka-tls"},
};

// The setting that a name of a shared family was meant for, if it is near enough; else null.
const Setting* MeantBy(absl::string_view name, Given given) {
  if (absl::c_none_of(kSharedFamilies, [&](absl::string_view family) { return absl::StartsWith(name, family); })) {
    return nullptr;
  }
  const Setting* meant = nullptr;
  for (const Setting& setting : AllSettings()) {
    if (setting.variable == name) return nullptr;
    const std::string flag = absl::AsciiStrToUpper(absl::StrReplaceAll(setting.flag, {{"-", "_"}}));
    const bool slipped = OneSlipApart(name, setting.variable) && !absl::ascii_isdigit(name.back());
    if (slipped || flag == name) meant = &setting;
  }
  if (meant != nullptr) return meant;
  for (const auto& [elsewhere, flag] : kElsewhere) {
    if (elsewhere != name) continue;
    // Beside ours it belongs to another program.
    const bool has_password = absl::StartsWith(flag, "db-pass") && (given("db-pass") || given("db-pass-file"));
    if (!given(flag) && !has_password) return FindSetting(flag);
  }
  return nullptr;
}

// RELAY_ is a family of ours alone: what is not known there was mistyped. Kubernetes adds variables for a Service of
// that name.
bool IsOursAlone(absl::string_view name) {
  return absl::StartsWith(name, "RELAY_") && !absl::StrContains(name, "_SERVICE_") && !absl::StrContains(name, "_PORT");
}

}  // namespace

std::vector<std::string> UnknownVariableNotices(const char* const* environment, Given given) {
  std::vector<std::string> notices;
  for (const char* const* entry = environment; entry != nullptr && *entry != nullptr; ++entry) {
    const absl::string_view text = *entry;
    const absl::string_view name = text.substr(0, text.find('='));
    if (const Setting* meant = MeantBy(name, given); meant != nullptr) {
      notices.push_back(absl::StrCat(name, " is no setting of this version, did you mean ", meant->variable, "?"));
      continue;
    }
    const bool known = absl::c_any_of(AllSettings(), [&](const Setting& setting) { return setting.variable == name; });
    if (known || !IsOursAlone(name)) continue;
    Suggestion suggestion(name);
    for (const Setting& setting : AllSettings()) suggestion.Consider(setting.variable);
    notices.push_back(absl::StrCat(name, " is no setting of this version", suggestion.Words("")));
  }
  return notices;
}

}  // namespace relay
