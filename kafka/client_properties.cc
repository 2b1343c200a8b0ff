// SPDX-License-Identifier: Apache-2.0

#include "kafka/client_properties.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace kafka {
namespace {

struct NameAndText {
  absl::string_view name;
  absl::string_view text;
};

constexpr NameAndText kAliases[] = {
    {"request.required.acks", "acks"},         {"metadata.broker.list", "bootstrap.servers"},
    {"compression.codec", "compression.type"}, {"delivery.timeout.ms", "message.timeout.ms"},
    {"queue.buffering.max.ms", "linger.ms"},   {"max.in.flight", "max.in.flight.requests.per.connection"},
    {"message.send.max.retries", "retries"},   {"sasl.mechanisms", "sasl.mechanism"},
};

constexpr absl::string_view kNeverDropped = "nothing is ever dropped by time: an outage is waited out";
constexpr absl::string_view kOrder = "the order of each partition stands on it";
constexpr absl::string_view kWiring = "the program sets it";

// By canonical name.
constexpr NameAndText kRefused[] = {
    {"acks",
     "a record counts as published only when all in-sync replicas have "
     "it (acks=all)"},
    {"delivery.report.only.error", "the acknowledgements come that way"},
    {"enable.gapless.guarantee", kOrder},
    {"enable.idempotence", kOrder},
    {"message.timeout.ms", kNeverDropped},
    {"partitioner", "use --partitioner"},
    {"plugin.library.paths", "a plugin could change what is sent"},
    {"queue.buffering.max.kbytes", "use --kafka-queue-bytes (KAFKA_QUEUE_BYTES)"},
    {"queue.buffering.max.messages", "use --kafka-queue-bytes (KAFKA_QUEUE_BYTES)"},
    {"queuing.strategy", kOrder},
    {"request.timeout.ms", kNeverDropped},
    {"retries", "the relay retries for ever, in order"},
    {"sticky.partitioning.linger.ms", "use --partitioner"},
    {"transaction.timeout.ms", "the relay makes no Kafka transactions"},
    {"transactional.id", "the relay makes no Kafka transactions"},

    {"background_event_cb", kWiring},
    {"closesocket_cb", kWiring},
    {"connect_cb", kWiring},
    {"default_topic_conf", kWiring},
    {"dr_cb", kWiring},
    {"dr_msg_cb", kWiring},
    {"enabled_events", kWiring},
    {"error_cb", kWiring},
    {"interceptors", kWiring},
    {"internal.termination.signal", kWiring},
    {"log.queue", kWiring},
    {"log_cb", kWiring},
    {"msg_order_cmp", kWiring},
    {"oauthbearer_token_refresh_cb", kWiring},
    {"opaque", kWiring},
    {"open_cb", kWiring},
    {"partitioner_cb", kWiring},
    {"resolve_cb", kWiring},
    {"socket_cb", kWiring},
    {"ssl.certificate.verify_cb", kWiring},
    {"ssl_engine_callback_data", kWiring},
    {"stats_cb", kWiring},
    {"throttle_cb", kWiring},
};

// What an operator may replace.
constexpr NameAndText kDefaults[] = {
    {"compression.type", "lz4"},
    // Short, for the latency of a single row; under load the batches fill
    // while the ones before them are in flight.
    {"linger.ms", "0.5"},
    // The default of a broker's message.max.bytes: what is larger is known for
    // a row fault without asking.
    {"message.max.bytes", "1048588"},
    {"socket.keepalive.enable", "true"},
    {"socket.nagle.disable", "true"},
    {"reconnect.backoff.max.ms", "5000"},
    // Long enough for a broker that has just started to know its topics, and short for rows that wait behind those of
    // a topic that does not exist.
    {"topic.metadata.propagation.max.ms", "10000"},
    {"log.thread.name", "false"},
    {"enable.metrics.push", "false"},
};

constexpr NameAndText kFixed[] = {
    {"acks", "all"},
    {"enable.idempotence", "true"},
    {"enable.gapless.guarantee", "true"},
    {"message.timeout.ms", "0"},
    {"retries", "2147483647"},
    {"delivery.report.only.error", "false"},
    // The partitioner callback is to see keyless records too (producer.cc).
    {"sticky.partitioning.linger.ms", "0"},
};

absl::string_view CanonicalName(absl::string_view name) {
  for (const NameAndText& alias : kAliases) {
    if (name == alias.name) return alias.text;
  }
  return name;
}

// An ordered map: each property once, in the order of first mention.
class PropertyList {
 public:
  void Set(absl::string_view name, absl::string_view value) {
    name = CanonicalName(name);
    const auto [entry, added] = index_.try_emplace(std::string(name), list_.size());
    if (added) {
      list_.emplace_back(name, value);
    } else {
      list_[entry->second].second = std::string(value);
    }
  }

  std::optional<absl::string_view> Get(absl::string_view name) const {
    const auto entry = index_.find(CanonicalName(name));
    if (entry == index_.end()) return std::nullopt;
    return list_[entry->second].second;
  }

  std::vector<Property> Take() && { return std::move(list_); }

 private:
  absl::flat_hash_map<std::string, size_t> index_;
  std::vector<Property> list_;
};

absl::Status CheckBrokers(absl::string_view brokers) {
  for (absl::string_view broker : absl::StrSplit(brokers, ',')) {
    broker = absl::StripAsciiWhitespace(broker);
    const size_t colon = broker.rfind(':');
    const bool has_port = colon != broker.npos && broker.find(']', colon) == broker.npos;
    const absl::string_view host = broker.substr(0, has_port ? colon : broker.npos);
    uint32_t port = 0;
    if (host.empty() ||
        (has_port && (!absl::SimpleAtoi(broker.substr(colon + 1), &port) || port == 0 || port > 65535))) {
      return absl::InvalidArgumentError(absl::StrCat("KAFKA_HOST (--kafka-host): \"", broker,
                                                     "\" is no broker address; write host:port, several "
                                                     "with commas between"));
    }
  }
  return absl::OkStatus();
}

// security.protocol from TLS_ENABLE and what the properties say.
absl::Status ResolveSecurity(const ClientSettings& settings, PropertyList& list) {
  const bool sasl = list.Get("sasl.mechanism").has_value() || list.Get("sasl.username");
  const std::optional<absl::string_view> protocol = list.Get("security.protocol");
  if (!protocol.has_value()) {
    if (settings.tls) {
      list.Set("security.protocol", sasl ? "sasl_ssl" : "ssl");
    } else if (sasl) {
      return absl::InvalidArgumentError(
          "SASL is configured, but not how to connect: set TLS_ENABLE "
          "(--kafka-tls), or security.protocol=sasl_ssl or sasl_plaintext");
    }
  } else if (settings.tls && absl::AsciiStrToLower(*protocol) != "ssl" &&
             absl::AsciiStrToLower(*protocol) != "sasl_ssl") {
    return absl::InvalidArgumentError(absl::StrCat("TLS_ENABLE (--kafka-tls) is set, but security.protocol=", *protocol,
                                                   " is a connection without TLS: drop one of the two"));
  }
  if (settings.tls_skip_verify_peer) {
    list.Set("enable.ssl.certificate.verification", "false");
  }
  return absl::OkStatus();
}

std::string HostName() {
  char name[256] = "";
  if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') {
    return "outbox-relay";
  }
  return name;
}

}  // namespace

absl::StatusOr<Property> ParseProperty(absl::string_view text) {
  const size_t equals = text.find('=');
  const absl::string_view name = absl::StripAsciiWhitespace(text.substr(0, equals));
  if (equals == text.npos || name.empty()) {
    return absl::InvalidArgumentError(
        "a Kafka property is written name=value; the '=' or the name is "
        "missing");
  }
  return Property(name, absl::StripAsciiWhitespace(text.substr(equals + 1)));
}

absl::StatusOr<std::vector<Property>> ReadPropertiesFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    const int error = errno;
    const std::string message =
        absl::StrCat("Kafka properties file ", path, ": ", std::strerror(error), " (--kafka-config-file)");
    return error == EACCES ? absl::PermissionDeniedError(message) : absl::NotFoundError(message);
  }
  std::vector<Property> properties;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const absl::string_view text = absl::StripAsciiWhitespace(line);
    if (text.empty() || text[0] == '#' || text[0] == '!') continue;
    absl::StatusOr<Property> property = ParseProperty(text);
    if (!property.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("Kafka properties file ", path, ", line ", number, ": ", property.status().message()));
    }
    properties.push_back(*std::move(property));
  }
  if (file.bad()) {
    return absl::NotFoundError(absl::StrCat("Kafka properties file ", path, " can't be read to its end"));
  }
  return properties;
}

absl::Status CheckPassThrough(absl::string_view name) {
  const absl::string_view canonical = CanonicalName(name);
  if (absl::StartsWith(canonical, "test.")) {
    return absl::InvalidArgumentError(
        absl::StrCat("Kafka property ", name, " can't be set: brokers that are not there would acknowledge the rows"));
  }
  for (const NameAndText& refused : kRefused) {
    if (canonical == refused.name) {
      return absl::InvalidArgumentError(absl::StrCat("Kafka property ", name, " can't be set: ", refused.text));
    }
  }
  return absl::OkStatus();
}

bool IsSecretProperty(absl::string_view name) {
  for (const absl::string_view part : {"password", "passphrase", "secret", "jaas", ".pem", "oauthbearer.config"}) {
    if (absl::StrContains(name, part)) return true;
  }
  return absl::StrContains(name, "token") && !absl::StrContains(name, "token.endpoint");
}

absl::StatusOr<std::vector<Property>> ClientProperties(const ClientSettings& settings) {
  PropertyList list;
  for (const NameAndText& entry : kDefaults) list.Set(entry.name, entry.text);
  list.Set("batch.size", absl::StrCat(kDefaultBatchBytes));
  list.Set("client.id", settings.client_id.empty() ? HostName() : settings.client_id);

  std::vector<Property> given;
  if (!settings.properties_file.empty()) {
    absl::StatusOr<std::vector<Property>> from_file = ReadPropertiesFile(settings.properties_file);
    if (!from_file.ok()) return from_file.status();
    given = *std::move(from_file);
  }
  given.insert(given.end(), settings.properties.begin(), settings.properties.end());
  for (const Property& property : given) {
    const absl::Status allowed = CheckPassThrough(property.first);
    if (!allowed.ok()) return allowed;
    list.Set(property.first, property.second);
  }

  const std::optional<absl::string_view> own_brokers = list.Get("bootstrap.servers");
  if (own_brokers.has_value() && !settings.brokers.empty()) {
    return absl::InvalidArgumentError(
        "the brokers are given twice: by KAFKA_HOST (--kafka-host) and by the "
        "Kafka property bootstrap.servers; drop one of the two");
  }
  const std::string brokers(own_brokers.value_or(settings.brokers));
  const absl::Status valid = CheckBrokers(brokers);
  if (!valid.ok()) return valid;
  list.Set("bootstrap.servers", brokers);

  const absl::Status security = ResolveSecurity(settings, list);
  if (!security.ok()) return security;
  for (const NameAndText& entry : kFixed) list.Set(entry.name, entry.text);
  return std::move(list).Take();
}

}  // namespace kafka
