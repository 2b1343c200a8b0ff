// SPDX-License-Identifier: Apache-2.0

#include "kafka/connection_trouble.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace kafka {
namespace {

// In librdkafka's words for a connection whose authentication failed.
constexpr absl::string_view kRefusal = "SASL";

}  // namespace

void ConnectionTrouble::Note(absl::string_view facility, absl::string_view message) {
  if (facility != "FAIL" && facility != "ERROR") return;
  // A summary that says less than the failures before it.
  if (absl::StrContains(message, "brokers are down")) return;
  absl::MutexLock lock(&mutex_);
  last_ = std::string(message);
  refused_ |= absl::StrContains(last_, kRefusal);
}

bool ConnectionTrouble::TakeRefusal() {
  absl::MutexLock lock(&mutex_);
  return std::exchange(refused_, false);
}

void ConnectionTrouble::Clear() {
  absl::MutexLock lock(&mutex_);
  last_.clear();
}

absl::Status ConnectionTrouble::Explain(absl::string_view otherwise) const {
  absl::MutexLock lock(&mutex_);
  if (last_.empty()) {
    return absl::UnavailableError(absl::StrCat("no Kafka broker has answered (", otherwise, "): ", brokers_,
                                               "; KAFKA_HOST (--kafka-host) names them"));
  }
  if (absl::StrContains(last_, kRefusal)) {
    return absl::UnauthenticatedError(absl::StrCat("a Kafka broker refuses to authenticate us: ", last_,
                                                   "; look at sasl.mechanism, sasl.username and "
                                                   "sasl.password (--kafka-config)"));
  }
  // One that hangs up on the first bytes, because it wants TLS or because it is going down: librdkafka can't tell.
  const bool hung_up = absl::StrContains(last_, "ApiVersion") || absl::StrContains(last_, "APIVERSION_QUERY");
  if (!hung_up && (absl::StrContains(last_, "SSL") || absl::StrContains(last_, "TLS"))) {
    return absl::FailedPreconditionError(absl::StrCat("TLS to Kafka fails: ", last_,
                                                      "; look at TLS_ENABLE (--kafka-tls), ssl.ca.location "
                                                      "(--kafka-config) and, for tests only, TLS_SKIP_VERIFY_PEER"));
  }
  return absl::UnavailableError(
      absl::StrCat("no Kafka broker can be reached: ", last_, "; KAFKA_HOST (--kafka-host) names them",
                   hung_up ? ", and TLS_ENABLE (--kafka-tls) is for those that want TLS" : ""));
}

}  // namespace kafka
