// SPDX-License-Identifier: Apache-2.0

#include "kafka/connection_trouble.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace kafka {

void ConnectionTrouble::Note(absl::string_view facility, absl::string_view message) {
  if (facility != "FAIL" && facility != "ERROR") return;
  // A summary that says less than the failures before it.
  if (absl::StrContains(message, "brokers are down")) return;
  absl::MutexLock lock(&mutex_);
  last_ = std::string(message);
}

void ConnectionTrouble::Clear() {
  absl::MutexLock lock(&mutex_);
  last_.clear();
}

absl::Status ConnectionTrouble::Explain(absl::string_view otherwise) const {
  absl::MutexLock lock(&mutex_);
  if (last_.empty()) {
    return absl::UnavailableError(
        absl::StrCat("no Kafka broker has answered (", otherwise, "); KAFKA_HOST (--kafka-host) names them"));
  }
  if (absl::StrContains(last_, "SASL")) {
    return absl::UnauthenticatedError(absl::StrCat("a Kafka broker refuses to authenticate us: ", last_,
                                                   "; look at sasl.mechanism, sasl.username and "
                                                   "sasl.password (--kafka-config)"));
  }
  if (absl::StrContains(last_, "SSL") || absl::StrContains(last_, "TLS")) {
    return absl::FailedPreconditionError(absl::StrCat("TLS to Kafka fails: ", last_,
                                                      "; look at TLS_ENABLE (--kafka-tls), ssl.ca.location "
                                                      "(--kafka-config) and, for tests only, TLS_SKIP_VERIFY_PEER"));
  }
  // A broker that wants TLS hangs up on the first bytes without it.
  return absl::UnavailableError(absl::StrCat(
      "no Kafka broker can be reached: ", last_, "; KAFKA_HOST (--kafka-host) names them",
      absl::StrContains(last_, "APIVERSION_QUERY") ? ", and TLS_ENABLE (--kafka-tls) is for those that want TLS" : ""));
}

}  // namespace kafka
