// SPDX-License-Identifier: Apache-2.0
#include "relay/config/setting_names.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cdc/source/server_error.h"

namespace relay {
namespace {

constexpr absl::string_view kSee = "; see --";

absl::string_view SettingsFor(uint32_t number, absl::StatusCode code) {
  switch (number) {
    case 2002:
    case 2003:
    case 2004:
    case 2005:
      return "db-host/DB_HOST, --db-port/DB_PORT";
    case 2026:
      if (code != absl::StatusCode::kFailedPrecondition) return "";
      return "db-tls/DB_TLS, --db-tls-ca/DB_TLS_CA, "
             "--db-tls-cert/DB_TLS_CERT, --db-tls-key/DB_TLS_KEY";
    case 1045:
    case 1698:
    case 1820:
    case 1862:
    case 3118:
    case 3955:
    case 4151:
      return "db-user/DB_USER, --db-pass/DB_PASS or "
             "--db-pass-file/DB_PASS_FILE";
    case 1130:
      return "db-user/DB_USER, --db-host/DB_HOST";
    case 1044:
    case 1049:
      return "db-name/DB_NAME";
    case 2059:
    case 2061:
    case 3159:
    case 3160:
      return "db-tls/DB_TLS";
    default:
      return "";
  }
}

}  // namespace

absl::Status NameSettings(const absl::Status& status) {
  if (status.ok() || absl::StrContains(status.message(), kSee)) return status;
  const absl::string_view settings = SettingsFor(cdc::ServerErrorNumber(status), status.code());
  if (settings.empty()) return status;
  absl::Status named(status.code(), absl::StrCat(status.message(), kSee, settings));
  status.ForEachPayload([&named](absl::string_view url, const absl::Cord& payload) { named.SetPayload(url, payload); });
  return named;
}

}  // namespace relay
