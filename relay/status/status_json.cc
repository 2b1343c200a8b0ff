// SPDX-License-Identifier: Apache-2.0
#include "relay/status/status_json.h"

#include <cmath>
#include <optional>

#include "nlohmann/json.hpp"

namespace relay {
namespace {

using Json = nlohmann::ordered_json;

Json TimeJson(absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) {
    return nullptr;
  }
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

Json SecondsJson(absl::Duration duration) {
  const double seconds = absl::ToDoubleSeconds(duration);
  if (!std::isfinite(seconds)) return nullptr;
  return std::round(seconds * 1000) / 1000;
}

Json SecondsSince(absl::Time time, absl::Time now) {
  if (time == absl::InfinitePast()) return nullptr;
  return SecondsJson(std::max(now - time, absl::ZeroDuration()));
}

Json ProblemJson(const std::optional<RelayStatus::Problem>& problem) {
  if (!problem.has_value()) return nullptr;
  return {{"at", TimeJson(problem->at)}, {"text", problem->text}};
}

Json SourceJson(const RelayStatus::Source& source) {
  return {{"connected", source.connected},
          {"connected_since", TimeJson(source.connected_since)},
          {"host", source.host},
          {"server", source.server},
          {"server_uuid", source.server_uuid},
          {"sql_reachable", source.sql_reachable},
          {"low_water_mark", source.low_water_mark},
          {"log_end", source.log_end},
          {"ahead_bytes", source.ahead_bytes},
          {"seconds_to_purge", source.to_purge.has_value() ? SecondsJson(*source.to_purge) : Json(nullptr)},
          {"problem", ProblemJson(source.problem)}};
}

Json KafkaJson(const RelayStatus::Kafka& kafka) {
  Json held = Json::array();
  for (const auto& topic : kafka.held_topics) {
    held.push_back({{"topic", topic.topic}, {"reason", topic.reason}, {"since", TimeJson(topic.since)}});
  }
  return {{"connected", kafka.connected},         {"brokers", kafka.brokers},
          {"queue_records", kafka.queue_records}, {"queue_bytes", kafka.queue_bytes},
          {"last_ack", TimeJson(kafka.last_ack)}, {"held_topics", std::move(held)},
          {"problem", ProblemJson(kafka.problem)}};
}

Json PoisonJson(const RelayStatus& status) {
  Json recent = Json::array();
  for (const auto& row : status.recent_poison) {
    recent.push_back({{"schema", row.schema},
                      {"id", row.id},
                      {"topic", row.topic},
                      {"reason", row.reason},
                      {"at", TimeJson(row.at)}});
  }
  return {{"rows", status.poison_rows}, {"recent", std::move(recent)}};
}

}  // namespace

std::string StatusJson(const RelayStatus& status, absl::Time now) {
  const Json json = {
      {"state", RelayStateName(status.state)},
      {"detail", status.state_detail},
      {"now", TimeJson(now)},
      {"started", TimeJson(status.started)},
      {"version", status.version},
      {"relay_id", status.relay_id},
      {"schemas", status.schemas},
      {"outbox_table", status.outbox_table},
      {"partitioner", status.partitioner},
      {"lag_seconds", SecondsJson(status.lag)},
      {"unacknowledged_rows", status.unacknowledged_rows},
      {"published_rows", status.published_rows},
      {"swept_rows", status.swept_rows},
      {"published_bytes", status.published_bytes},
      {"source", SourceJson(status.source)},
      {"kafka", KafkaJson(status.kafka)},
      {"checkpoint",
       {{"present", status.checkpoint.present},
        {"gtids", status.checkpoint.gtids},
        {"position", status.checkpoint.position},
        {"saved", TimeJson(status.checkpoint.saved)},
        {"age_seconds", SecondsSince(status.checkpoint.saved, now)},
        {"problem", ProblemJson(status.checkpoint.problem)}}},
      {"poison", PoisonJson(status)},
      {"sweep",
       {{"running", status.sweep.running},
        {"reason", status.sweep.reason},
        {"pending_rows", status.sweep.pending_rows},
        {"last_finished", TimeJson(status.sweep.last_finished)},
        {"last_found_rows", status.sweep.last_found_rows}}},
      {"cleanup",
       {{"enabled", status.cleanup.enabled},
        {"retention_seconds", SecondsJson(status.cleanup.retention)},
        {"ledger_rows", status.cleanup.ledger_rows},
        {"deleted_rows", status.cleanup.deleted_rows},
        {"last_pass", TimeJson(status.cleanup.last_pass)},
        {"problem", ProblemJson(status.cleanup.problem)}}},
  };
  // Names in the database or errors may hold bytes that are no UTF-8.
  return json.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

}  // namespace relay
