// SPDX-License-Identifier: Apache-2.0
#include "cdc/source/server_error.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace cdc {
namespace {

constexpr absl::string_view kNumberUrl = "outbox-relay/server-error";

struct Verdict {
  absl::StatusCode code;
  absl::string_view cure = "";
};

// TLS errors all have one number; the texts are OpenSSL's or GnuTLS's.
Verdict TlsVerdict(absl::string_view said, ServerErrorPhase phase) {
  const std::string message = absl::AsciiStrToLower(said);
  if (phase == ServerErrorPhase::kConnected) {
    return {absl::StatusCode::kUnavailable};
  }
  for (absl::string_view cut :
       {"unexpected eof", "errno", "reset by peer", "closed", "timed out", "timeout", "temporarily"}) {
    if (absl::StrContains(message, cut)) {
      return {absl::StatusCode::kUnavailable};
    }
  }
  if (absl::StrContains(message, "verif") || absl::StrContains(message, "self-signed") ||
      absl::StrContains(message, "self signed") || absl::StrContains(message, "issuer")) {
    return {absl::StatusCode::kFailedPrecondition,
            "the server's certificate is not signed by the given TLS CA, has "
            "expired or names another host: give the CA that signed it, or a "
            "TLS mode that checks less"};
  }
  return {absl::StatusCode::kFailedPrecondition,
          "check the TLS mode, CA, certificate and key, and that the server "
          "speaks TLS 1.2 or later"};
}

Verdict VerdictOf(const ServerError& error, ServerErrorPhase phase) {
  using Code = absl::StatusCode;
  switch (error.number) {
    // The client library.
    case 2002:  // can't connect through a socket; also "server has gone" greets
    case 2003:  // can't connect over TCP
    case 2004:
      return {Code::kUnavailable, "check host, port and socket, and that the server runs"};
    case 2005:
      return {Code::kUnavailable, "the host's name has no address: check it and the DNS"};
    case 2026:
      return TlsVerdict(error.message, phase);
    case 2027:  // malformed packet
    case 2006:  // gone away
    case 2012:  // error in server handshake
    case 2013:  // lost
    case 2055:  // lost, with errno
      return {Code::kUnavailable};
    case 2020:
      return {Code::kInvalidArgument, "max_allowed_packet is too small"};
    case 2054:
    case 2058:
    case 2059:  // plugin can't be loaded
    case 2061:  // plugin reported an error
      return {Code::kFailedPrecondition,
              "the user's authentication plugin can't be used here: use TLS "
              "(mode required or above), or CREATE USER … IDENTIFIED WITH "
              "caching_sha2_password, mysql_native_password or ed25519"};

    // Who we are.
    case 1045:
    case 1698:
      return {Code::kUnauthenticated, "check the user and its password"};
    case 1820:
    case 1862:
      return {Code::kUnauthenticated, "the user's password has expired: ALTER USER … IDENTIFIED BY …"};
    case 3118:
    case 3955:
    case 4151:
      return {Code::kUnauthenticated, "the account is locked: ALTER USER … ACCOUNT UNLOCK"};
    case 1130:
      return {Code::kPermissionDenied,
              "the server accepts no connection from this address: CREATE USER "
              "'…'@'this host'"};
    case 1129:
      return {Code::kUnavailable, "too many connection errors from this address: FLUSH HOSTS"};
    case 1251:
      return {Code::kFailedPrecondition, "the user's authentication plugin is too old for this client"};
    case 3159:
    case 3160:
      return {Code::kFailedPrecondition,
              "the server takes encrypted connections only: set a TLS mode of "
              "required or above"};

    // What we may do.
    case 1227:
      return {Code::kPermissionDenied, "GRANT the privilege it names"};
    case 1044:
    case 1095:
    case 1142:
    case 1143:
    case 1211:
    case 1370:
    case 1410:
    case 1419:
    case 3619:
      return {Code::kPermissionDenied, "GRANT what is missing"};

    // What there is.
    case 1008:
    case 1049:
    case 1051:
    case 1146:
    case 1932:
      return {Code::kNotFound};
    case 1007:
    case 1050:
    case 1060:
    case 1061:
    case 1062:
    case 1068:
    case 1586:
      return {Code::kAlreadyExists};
    case 1054:  // unknown column
    case 1072:
    case 1091:  // can't drop, it is not there
    case 1176:
    case 1136:
    case 1364:
      return {Code::kFailedPrecondition};
    case 1047:  // unknown command
    case 1064:  // syntax
    case 1193:  // unknown system variable
    case 1235:
    case 1238:
      return {Code::kUnimplemented};
    case 1048:
    case 1153:
    case 1264:
    case 1265:
    case 1292:
    case 1300:
    case 1366:
    case 1406:
    case 3140:
    case 3144:
    case 3819:
    case 4025:
      return {Code::kInvalidArgument};

    // What passes.
    case 1021:  // disk full
    case 1114:  // table is full
      return {Code::kUnavailable, "the server's disk is full"};
    case 1040:
    case 1203:
    case 1226:
      return {Code::kUnavailable,
              "the limit of connections is reached: raise max_connections or "
              "the user's limit"};
    case 1290:
      if (!absl::StrContains(error.message, "read-only") && !absl::StrContains(error.message, "read_only")) {
        return {Code::kFailedPrecondition};
      }
      [[fallthrough]];
    case 1836:
    case 3063:
      return {Code::kUnavailable, "this server is read only: it is no primary"};
    case 1037:
    case 1038:
    case 1041:
    case 1053:  // shutdown in progress
    case 1077:
    case 1079:
    case 1080:
    case 1105:  // unknown error: group replication and proxies use it
    case 1152:
    case 1158:
    case 1159:
    case 1160:
    case 1161:
    case 1180:  // error during COMMIT
    case 1184:
    case 1205:  // lock wait timeout
    case 1213:  // deadlock
    case 1317:  // query killed
    case 1412:
    case 1615:
    case 1637:
    case 1792:
    case 1927:  // connection killed
    case 1969:  // max_statement_time
    case 3024:  // max_execution_time
    case 3058:
    case 3100:  // a plugin refused the commit
    case 3101:
    case 3168:  // the server isn't ready
    case 3169:  // session killed
    case 3572:  // NOWAIT
    case 4031:  // idle for too long
      return {Code::kUnavailable};
    default:
      return {absl::StartsWith(error.sqlstate, "08") ? Code::kUnavailable : Code::kUnknown};
  }
}

}  // namespace

absl::Status ServerErrorStatus(const ServerError& error, absl::string_view where, ServerErrorPhase phase) {
  const Verdict verdict = VerdictOf(error, phase);
  absl::Status status(verdict.code, absl::StrCat(where, where.empty() ? "" : ": ", error.message, " (error ",
                                                 error.number, ")", verdict.cure.empty() ? "" : "; ", verdict.cure));
  AttachServerErrorNumber(error.number, &status);
  return status;
}

uint32_t ServerErrorNumber(const absl::Status& status) {
  const auto payload = status.GetPayload(kNumberUrl);
  uint32_t number = 0;
  if (!payload.has_value() || !absl::SimpleAtoi(std::string(*payload), &number)) {
    return 0;
  }
  return number;
}

void AttachServerErrorNumber(uint32_t number, absl::Status* status) {
  status->SetPayload(kNumberUrl, absl::Cord(absl::StrCat(number)));
}

}  // namespace cdc
