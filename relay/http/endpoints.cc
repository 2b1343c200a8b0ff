// SPDX-License-Identifier: Apache-2.0
#include "relay/http/endpoints.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "relay/http/cached_probe.h"
#include "relay/http/tcp_probe.h"
#include "relay/status/logging.h"
#include "relay/status/status_figures.h"
#include "relay/status/status_json.h"
#include "relay/status/status_page.h"

namespace relay {
namespace {

constexpr absl::Duration kBrokerPatience = absl::Seconds(1);
constexpr absl::Duration kAnswerKept = absl::Seconds(1);
constexpr absl::Duration kProbePatience = absl::Seconds(1);

HttpReply Healthy() { return {200, "text/plain; charset=utf-8", "ok\n"}; }

HttpReply Unhealthy(absl::string_view reason) { return {503, "text/plain; charset=utf-8", absl::StrCat(reason, "\n")}; }

bool HasParameter(absl::string_view query, absl::string_view parameter) {
  for (absl::string_view part : absl::StrSplit(query, '&')) {
    if (part == parameter) return true;
  }
  return false;
}

class Endpoints {
 public:
  explicit Endpoints(EndpointsOptions options)
      : options_(std::move(options)),
        database_([this] { return AskDatabase(); }, kAnswerKept, kProbePatience),
        kafka_([this] { return AskBrokers(); }, kAnswerKept, kProbePatience) {}

  HttpReply Healthz(const HttpRequestView& request) {
    const absl::Status database = database_.Ask();
    if (!database.ok()) return Unhealthy(absl::StrCat("database: ", database.message()));
    if (!HasParameter(request.query, "readiness=1")) return Healthy();
    const absl::Status kafka = kafka_.Ask();
    if (!kafka.ok()) return Unhealthy(absl::StrCat("kafka: ", kafka.message()));
    return Healthy();
  }

  HttpReply Livez() const {
    const std::vector<std::string> stuck = options_.board->Stuck(options_.stuck_after);
    if (stuck.empty()) return Healthy();
    const std::string fault = absl::StrCat("no step for ", absl::FormatDuration(options_.stuck_after), " of thread ",
                                           absl::StrJoin(stuck, ", "));
    LogEvent(LogLevel::kError, LogCode::kThreadStuck, fault);
    return Unhealthy(fault);
  }

  HttpReply Readyz() const {
    const RelayStatus status = options_.board->Snapshot();
    if (status.state == RelayState::kStopping) return Unhealthy("stopping");
    if (status.state == RelayState::kStandby) return Healthy();
    if (!status.source.reached_once) {
      return Unhealthy("the database was not reached yet");
    }
    // For a primary, or until the polling relay has stopped: all is well here, and a rollout that waited for more
    // would never end.
    if (status.state == RelayState::kWaiting) return Healthy();
    if (status.state != RelayState::kPollingDisabled && !status.kafka.reached_once) {
      return Unhealthy("Kafka was not reached yet");
    }
    return Healthy();
  }

  HttpReply Metrics() const {
    StatusWithFigures(*options_.board, *options_.metrics, absl::Now());
    return {200, "text/plain; version=0.0.4; charset=utf-8", options_.metrics->Text()};
  }

  HttpReply Status() const {
    const absl::Time now = absl::Now();
    return {200, "application/json", StatusJson(StatusWithFigures(*options_.board, *options_.metrics, now), now)};
  }

  HttpReply Page() const {
    const absl::Time now = absl::Now();
    return {200, "text/html; charset=utf-8",
            StatusPage(StatusWithFigures(*options_.board, *options_.metrics, now), now)};
  }

 private:
  absl::Status AskDatabase() const {
    if (options_.ping_database) return options_.ping_database();
    return options_.board->Snapshot().source.sql_reachable ? absl::OkStatus()
                                                           : absl::UnavailableError("the last statement failed");
  }

  absl::Status AskBrokers() const {
    for (const std::string& broker : options_.brokers) {
      absl::Status answer = ProbeTcp(broker, kBrokerPatience);
      if (!answer.ok()) return answer;
    }
    return absl::OkStatus();
  }

  const EndpointsOptions options_;
  CachedProbe database_;
  CachedProbe kafka_;
};

}  // namespace

absl::Duration StuckAfter(absl::Duration query_timeout) {
  return std::max(EndpointsOptions().stuck_after, query_timeout + absl::Minutes(1));
}

std::vector<HttpRoute> MakeEndpoints(EndpointsOptions options) {
  // The routes own it together: they live and die with the server.
  auto endpoints = std::make_shared<Endpoints>(std::move(options));
  return {
      {"/", [endpoints](const HttpRequestView&) { return endpoints->Page(); }},
      {"/healthz", [endpoints](const HttpRequestView& request) { return endpoints->Healthz(request); }},
      {"/livez", [endpoints](const HttpRequestView&) { return endpoints->Livez(); }},
      {"/readyz", [endpoints](const HttpRequestView&) { return endpoints->Readyz(); }},
      {"/metrics", [endpoints](const HttpRequestView&) { return endpoints->Metrics(); }},
      {"/status", [endpoints](const HttpRequestView&) { return endpoints->Status(); }},
  };
}

}  // namespace relay
