// SPDX-License-Identifier: Apache-2.0
#include "relay/startup/config_loader.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gflags/gflags.h"
#include "kafka/client_properties.h"
#include "kafka/producer.h"
#include "relay/config/command_line.h"
#include "relay/config/setting_values.h"
#include "relay/config/settings.h"
#include "relay/config/unknown_variables.h"
#include "relay/sql/sql_endpoint.h"
#include "relay/startup/endpoint_from_config.h"
#include "relay/startup/kafka_settings_from_config.h"

namespace relay {
namespace {

// gflags' names have underscores.
std::string GflagName(const Setting& setting) { return absl::StrReplaceAll(setting.flag, {{"-", "_"}}); }

// Registers every setting with gflags, once. All are strings there: values are
// typed by Setting::apply, so that every fault can be collected and named.
void RegisterFlags() {
  // gflags keeps pointers to these for the life of the process; a deque does
  // not move them.
  static const auto* texts = [] {
    auto* kept = new std::deque<std::string>;
    for (const Setting& setting : AllSettings()) {
      const std::string& name = kept->emplace_back(GflagName(setting));
      const std::string& help = kept->emplace_back(setting.help);
      std::string& value = kept->emplace_back(setting.default_value);
      std::string& default_value = kept->emplace_back(setting.default_value);
      gflags::FlagRegisterer(name.c_str(), help.c_str(), __FILE__, &value, &default_value);
    }
    return kept;
  }();
  (void)texts;
}

// The text of a setting, and the words that name it in an error.
struct GivenValue {
  std::string text;
  std::string name;  // "--db-port" or "DB_PORT"
};

std::optional<std::string> FindVariable(const char* const* environment, absl::string_view name) {
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    absl::string_view entry = *environment;
    if (absl::ConsumePrefix(&entry, name) && absl::ConsumePrefix(&entry, "=")) {
      return std::string(entry);
    }
  }
  return std::nullopt;
}

// Those of a producer, wherever they were given, as "host:port".
std::vector<std::string> BrokerAddresses(const std::vector<kafka::Property>& properties) {
  std::vector<std::string> addresses;
  for (const auto& [name, value] : properties) {
    if (name != "bootstrap.servers") continue;
    for (absl::string_view part : absl::StrSplit(value, ',')) {
      part = absl::StripAsciiWhitespace(part);
      // librdkafka takes "SASL_SSL://host:port", too.
      if (const size_t scheme = part.find("://"); scheme != part.npos) part.remove_prefix(scheme + 3);
      absl::StatusOr<HostPort> address = ParseHostPortValue(part);
      if (!address.ok()) continue;
      if (address->port == 0) address->port = 9092;
      addresses.push_back(address->ToString());
    }
  }
  return addresses;
}

// What librdkafka itself refuses: names, values, files that are not there. An instance without a broker connects
// nowhere.
absl::Status TryProducer(const std::vector<kafka::Property>& properties) {
  kafka::ProducerOptions options;
  for (const kafka::Property& property : properties) {
    const auto& [name, value] = property;
    if (name != "bootstrap.servers") options.properties.push_back(property);
    // librdkafka says only which library failed. "probe" is its word for the system's.
    if (absl::EndsWith(name, ".location") && value != "probe" && access(value.c_str(), R_OK) != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("Kafka property ", name, "=", value, " can not be read: ", std::strerror(errno)));
    }
  }
  return kafka::Producer::Create(options).status();
}

class Loader {
 public:
  Loader(const CommandLine& line, const char* const* environment) : line_(line), environment_(environment) {}

  absl::StatusOr<Config> Load() {
    errors_ = line_.errors;
    config_.arguments = line_.arguments;
    if (line_.command.has_value()) config_.command = *line_.command;
    ReadFlags();
    for (const Setting& setting : AllSettings()) Apply(setting);
    known_.log_format = config_.log.format;
    // A command given as a word wins over a cron job's variable.
    if (line_.command.has_value()) config_.command = *line_.command;
    if (config_.command == Command::kHelp || config_.command == Command::kVersion) {
      errors_ = {};
    } else if (line_.errors.empty()) {
      Complete();
      Validate();
      NoteIgnored();
      NoteUnverified();
    } else if (IsJob()) {  // what is missing may stand behind the mistyped word
      ValidateSidecar();
    }
    if (!errors_.empty()) {
      return absl::InvalidArgumentError(absl::StrJoin(errors_, "\n"));
    }
    return std::move(config_);
  }

  const KnownSettings& known() const { return known_; }

 private:
  void Fault(std::string line) { errors_.push_back(std::move(line)); }

  // Hands the command line to gflags and takes the given values back.
  void ReadFlags() {
    RegisterFlags();
    gflags::FlagSaver restore_when_done;
    std::vector<std::string> words = {"outbox-relay"};
    for (const auto& [setting, value] : line_.flags) {
      words.push_back(absl::StrCat("--", GflagName(*setting), "=", value));
    }
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    int argc = static_cast<int>(words.size());
    char** args = argv.data();
    gflags::ParseCommandLineNonHelpFlags(&argc, &args, /*remove_flags=*/false);
    for (const auto& [setting, value] : line_.flags) {
      std::string text;
      if (gflags::GetCommandLineOption(GflagName(*setting).c_str(), &text)) {
        given_[setting] = {text, absl::StrCat("--", setting->flag)};
      }
    }
  }

  void Apply(const Setting& setting) {
    GivenValue value{std::string(setting.default_value), "default of --"};
    if (auto flag = given_.find(&setting); flag != given_.end()) {
      value = flag->second;
    } else if (auto variable = FindVariable(environment_, setting.variable);
               variable.has_value() && !variable->empty()) {
      value = {*std::move(variable), std::string(setting.variable)};
      given_[&setting] = value;
    } else if (setting.default_value.empty()) {
      return;
    }
    const absl::Status status = setting.apply(value.text, config_);
    if (status.ok()) return;
    // A secret's value is not repeated.
    const bool is_flag = absl::StartsWith(value.name, "--");
    Fault(absl::StrCat(value.name, setting.secret ? "" : "=", setting.secret ? "" : value.text, " ", status.message(),
                       is_flag ? " (variable " : " (flag --", is_flag ? setting.variable : setting.flag, ")"));
  }

  bool Given(absl::string_view flag) const { return given_.contains(FindSetting(flag)); }

  // Fills in what follows from other settings.
  void Complete() {
    DatabaseConfig& db = config_.database;
    for (HostPort& host : db.hosts) {
      if (host.port == 0) host.port = db.port;
    }
    if (db.state_schema.empty() && !db.schemas.empty()) {
      db.state_schema = db.schemas[0];
    }
    if (!Given("db-tls") && config_.kafka.tls) {
      db.tls = config_.kafka.tls_skip_verify ? DbTls::kRequired : DbTls::kVerifyIdentity;
    }
    if (!Given("db-heartbeat")) {
      config_.binlog.heartbeat_period = config_.binlog.read_timeout / 4;
    }
    if (config_.binlog.spill_directory.empty()) {
      config_.binlog.spill_directory = FindVariable(environment_, "TMPDIR").value_or("/tmp");
    }
    if (!config_.cleanup.enabled) {
      config_.cleanup.mark_completed = MarkCompleted::kOn;
    }
    if (!db.password.empty()) config_.secrets.push_back(db.password);
  }

  bool IsJob() const { return config_.command == Command::kCleanup || config_.command == Command::kOptimize; }

  bool UsesDatabase() const { return config_.command != Command::kDecode && config_.command != Command::kStatus; }

  bool UsesKafka() const {
    return (config_.command == Command::kRun && !config_.polling_disabled) || config_.command == Command::kCheck;
  }

  void Require(absl::string_view flag, bool present, absl::string_view instead = "") {
    if (present || Faulty(flag)) return;
    const Setting& setting = *FindSetting(flag);
    Fault(absl::StrCat(setting.variable, " is not set: give --", setting.flag, " ", setting.placeholder,
                       " or the variable ", setting.variable, instead));
  }

  // A value was given and is already complained of.
  bool Faulty(absl::string_view flag) const { return Given(flag); }

  void Validate() {
    if (UsesDatabase()) ValidateDatabase();
    if (UsesKafka()) ValidateKafka();
    if (config_.binlog.heartbeat_period >= config_.binlog.read_timeout) {
      Fault(absl::StrCat(
          "--db-heartbeat=", absl::FormatDuration(config_.binlog.heartbeat_period),
          " (DB_HEARTBEAT) must be shorter than --db-read-timeout=", absl::FormatDuration(config_.binlog.read_timeout),
          ", or every idle connection is taken for dead"));
    }
    if (config_.cleanup.dry_run && (config_.command != Command::kCleanup || config_.cleanup.then_optimize)) {
      Fault("--dry-run (RELAY_DRY_RUN) goes with --cleanup only");
    }
    if (IsJob()) ValidateSidecar();
    if (config_.command == Command::kDecode && config_.arguments.empty()) {
      Fault("decode needs the names of binlog files: outbox-relay decode FILE");
    }
  }

  void ValidateSidecar() {
    const std::string& url = config_.cleanup.sidecar_proxy_url;
    if (url.empty()) return;
    if (const absl::Status usable = CheckHttpUrlValue(url); !usable.ok()) {
      Fault(absl::StrCat("--sidecar-proxy-url=", url, " (SIDECAR_PROXY_URL) ", usable.message()));
      return;
    }
    known_.job_sidecar = url;
  }

  void ValidateDatabase() {
    DatabaseConfig& db = config_.database;
    Require("db-host", !db.hosts.empty() || !db.unix_socket.empty(), ", or --db-socket PATH");
    Require("db-user", !db.user.empty());
    Require("db-name", !db.schemas.empty());
    if (!db.hosts.empty() && !db.unix_socket.empty()) {
      Fault(
          "--db-host (DB_HOST) and --db-socket (DB_SOCKET) are both set: "
          "leave one out");
    }
    if (!db.password_file.empty()) {
      if (!db.password.empty()) {
        Fault(
            "DB_PASS and DB_PASS_FILE (--db-pass, --db-pass-file) are both "
            "set: leave one out");
      } else {
        absl::StatusOr<std::string> password = CurrentPassword(EndpointFromConfig(db));
        if (password.ok()) {
          config_.secrets.push_back(*password);
        } else {
          Fault(std::string(password.status().message()));
        }
      }
    }
    for (const auto& [flag, file] : {std::pair<absl::string_view, const std::string&>{"db-tls-ca", db.tls_ca},
                                     {"db-tls-cert", db.tls_cert},
                                     {"db-tls-key", db.tls_key}}) {
      if (file.empty()) continue;
      const Setting& setting = *FindSetting(flag);
      if (!std::ifstream(file).good()) {
        Fault(absl::StrCat("--", flag, "=", file, " (", setting.variable,
                           ") can not be read: give a PEM file that this user "
                           "may read"));
      }
      if (db.tls == DbTls::kDisabled) {
        Fault(absl::StrCat("--", flag, " (", setting.variable,
                           ") has no effect while --db-tls (DB_TLS) is "
                           "disabled: set --db-tls=verify-identity"));
      }
    }
    if (!db.tls_ca.empty() && (db.tls == DbTls::kPreferred || db.tls == DbTls::kRequired)) {
      // TLS_SKIP_VERIFY_PEER is what chose the mode when nobody named one.
      Fault(absl::StrCat("--db-tls-ca (DB_TLS_CA) has no effect while --db-tls (DB_TLS) is ",
                         db.tls == DbTls::kPreferred ? "preferred" : "required",
                         Given("db-tls") ? "" : ", which TLS_SKIP_VERIFY_PEER makes of it",
                         ": set --db-tls=verify-identity (or verify-ca)"));
    }
    if (db.tls_cert.empty() != db.tls_key.empty()) {
      Fault(
          "--db-tls-cert and --db-tls-key (DB_TLS_CERT, DB_TLS_KEY) go "
          "together: give both or none");
    }
  }

  void ValidateKafka() {
    const auto names_brokers = [](const kafka::Property& property) {
      return property.first == "bootstrap.servers" || property.first == "metadata.broker.list";
    };
    const kafka::ClientSettings settings = KafkaSettingsFromConfig(config_.kafka);
    const absl::StatusOr<std::vector<kafka::Property>> all = kafka::ClientProperties(settings);
    if (all.ok()) {
      for (const auto& [name, value] : *all) {
        if (kafka::IsSecretProperty(name)) config_.secrets.push_back(value);
      }
      config_.kafka.addresses = BrokerAddresses(*all);
      kafka_uses_tls_ = absl::c_any_of(*all, [](const kafka::Property& property) {
        return property.first == "security.protocol" && absl::EndsWithIgnoreCase(property.second, "ssl");
      });
      if (const absl::Status tried = TryProducer(*all); !tried.ok()) KafkaFault(tried);
    } else if (settings.brokers.empty() && settings.properties_file.empty() &&
               absl::c_none_of(settings.properties, names_brokers)) {
      Require("kafka-host", false, " (POLLING_DISABLED=true runs without Kafka)");
    } else {
      KafkaFault(all.status());
    }
  }

  void KafkaFault(const absl::Status& status) {
    Fault(absl::StrCat(status.message(),
                       " (see --kafka-config, KAFKA_CONFIG and "
                       "--kafka-config-file, KAFKA_CONFIG_FILE)"));
  }

  // TLS_SKIP_VERIFY_PEER is easily left behind after a trial, and easily believed to switch TLS on.
  void NoteUnverified() {
    if (!config_.kafka.tls_skip_verify || !UsesDatabase()) return;
    const bool database = config_.kafka.tls && !Given("db-tls");
    std::vector<absl::string_view> unverified;
    if (kafka_uses_tls_) unverified.push_back("Kafka");
    if (database) unverified.push_back("the database");
    if (unverified.empty()) {
      config_.notices.push_back(
          "TLS_SKIP_VERIFY_PEER (--kafka-tls-verify-peer) has no effect: no connection that it is for uses TLS; "
          "TLS_ENABLE=true switches TLS on");
      return;
    }
    config_.cautions.push_back(
        absl::StrCat("TLS_SKIP_VERIFY_PEER (--kafka-tls-verify-peer) is on: the certificates of ",
                     absl::StrJoin(unverified, " and "),
                     " are not checked; anybody in between can read and change what is sent. Name the CA (",
                     kafka_uses_tls_ ? "ssl.ca.location in KAFKA_CONFIG" : "", unverified.size() > 1 ? ", " : "",
                     database ? "DB_TLS_CA" : "", ") and remove this setting"));
  }

  void NoteIgnored() {
    for (const Setting& setting : AllSettings()) {
      if (setting.group != SettingGroup::kIgnored) continue;
      if (auto given = given_.find(&setting); given != given_.end()) {
        config_.notices.push_back(absl::StrCat(given->second.name, " is accepted and ignored. ", setting.help));
      }
    }
    for (std::string& notice :
         UnknownVariableNotices(environment_, [this](absl::string_view flag) { return Given(flag); })) {
      config_.notices.push_back(std::move(notice));
    }
    std::vector<std::string> agent;
    for (const char* const* entry = environment_; entry != nullptr && *entry != nullptr; ++entry) {
      if (absl::StartsWith(*entry, "NEW_RELIC_")) {
        agent.push_back(std::string(absl::string_view(*entry).substr(0, absl::string_view(*entry).find('='))));
      }
    }
    if (!agent.empty()) {
      config_.notices.push_back(
          absl::StrCat(absl::StrJoin(agent, ", "), ": there is no agent here; Prometheus metrics stand at /metrics"));
    }
  }

  const CommandLine& line_;
  const char* const* environment_;
  absl::flat_hash_map<const Setting*, GivenValue> given_;
  std::vector<std::string> errors_;
  KnownSettings known_;
  bool kafka_uses_tls_ = false;
  Config config_;
};

}  // namespace

absl::StatusOr<Config> LoadConfig(int argc, char** argv, const char* const* environment, KnownSettings* known) {
  const CommandLine line = ParseCommandLine(argc, argv);
  Loader loader(line, environment);
  absl::StatusOr<Config> config = loader.Load();
  if (known != nullptr) *known = loader.known();
  return config;
}

Config DefaultConfig() {
  Config config;
  for (const Setting& setting : AllSettings()) {
    if (!setting.default_value.empty()) {
      (void)setting.apply(setting.default_value, config);
    }
  }
  config.binlog.heartbeat_period = config.binlog.read_timeout / 4;
  config.binlog.spill_directory = "/tmp";
  return config;
}

}  // namespace relay
