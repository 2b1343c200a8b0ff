// SPDX-License-Identifier: Apache-2.0
#include "relay/command/check_command.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kafka/client_properties.h"
#include "kafka/producer.h"
#include "relay/base/status_macros.h"
#include "relay/check/finding.h"
#include "relay/check/preconditions.h"
#include "relay/check/server_preconditions.h"
#include "relay/check/setup_sql.h"
#include "relay/sql/server_info.h"
#include "relay/sql/sql_session.h"
#include "relay/startup/endpoint_from_config.h"
#include "relay/startup/kafka_settings_from_config.h"
#include "relay/startup/preconditions_from_config.h"
#include "relay/state/file_checkpoint_store.h"
#include "relay/state/relay_identity.h"

namespace relay {
namespace {

constexpr absl::Duration kKafkaTimeout = absl::Seconds(10);
constexpr absl::Duration kProducerIdTimeout = absl::Seconds(3);
constexpr size_t kMostTopics = 20;

void Print(absl::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

// The topics that the newest rows name; a table that can't be read was reported elsewhere.
std::set<std::string> TopicsOfRows(const Config& config) {
  std::set<std::string> topics;
  const absl::StatusOr<std::unique_ptr<SqlSession>> session =
      SqlConnector(EndpointFromConfig(config.database)).ConnectToAny();
  if (!session.ok()) return topics;
  for (const std::string& schema : config.database.schemas) {
    const absl::StatusOr<SqlRows> rows = (*session)->Query(
        absl::StrCat("SELECT DISTINCT topic FROM (SELECT topic FROM ", QuoteTable(schema, config.database.outbox_table),
                     " ORDER BY id DESC LIMIT 1000) AS newest LIMIT ", kMostTopics));
    if (!rows.ok()) continue;
    for (const SqlRow& row : rows->rows) topics.insert(row.at(0).value_or(""));
  }
  return topics;
}

// Told by librdkafka's lines that the producer has its id, without which an idempotent one sends nothing.
struct ProducerId {
  absl::Notification acquired;
  std::atomic<bool> told = false;
};

absl::StatusOr<std::unique_ptr<kafka::Producer>> MakeProducer(const Config& config, std::shared_ptr<ProducerId> id) {
  kafka::ProducerOptions options;
  ASSIGN_OR_RETURN(options.properties, kafka::ClientProperties(KafkaSettingsFromConfig(config.kafka)));
  options.properties.emplace_back("debug", "eos");
  options.log = [id](int /*severity*/, absl::string_view facility, absl::string_view message) {
    if (facility == "GETPID" && absl::StrContains(message, "Acquired") && !id->told.exchange(true)) {
      id->acquired.Notify();
    }
  };
  return kafka::Producer::Create(options);
}

// Whether a broker lets us be idempotent.
Finding CheckIdempotence(const kafka::Producer& producer, const ProducerId& id) {
  const absl::Time deadline = absl::Now() + kProducerIdTimeout;
  absl::Status fatal = producer.FatalError();
  while (fatal.ok() && absl::Now() < deadline && !id.acquired.WaitForNotificationWithTimeout(absl::Milliseconds(50))) {
    fatal = producer.FatalError();
  }
  if (fatal.ok()) fatal = producer.FatalError();
  if (fatal.ok() && id.told) return Finding::Ok("Kafka takes an idempotent producer");
  if (fatal.ok()) {
    return Finding::Warn(
        absl::StrCat("Kafka has given no producer id within ", absl::FormatDuration(kProducerIdTimeout)),
        "try again; look at the brokers' logs when it stays so");
  }
  return Finding::Fail(std::string(fatal.message()),
                       "kafka-acls --add --allow-principal User:… --operation IdempotentWrite --cluster; brokers from "
                       "2.8 on ask for no more than WRITE on the topics");
}

void CheckKafka(const Config& config, const std::set<std::string>& topics, std::vector<Finding>* findings) {
  const std::string brokers = absl::StrJoin(config.kafka.addresses, ",");
  const auto id = std::make_shared<ProducerId>();
  const absl::StatusOr<std::unique_ptr<kafka::Producer>> producer = MakeProducer(config, id);
  if (!producer.ok()) {
    findings->push_back(Finding::Fail(producer.status()));
    return;
  }
  if (const absl::Status reachable = (*producer)->Reachable(kKafkaTimeout); !reachable.ok()) {
    findings->push_back(Finding::Fail(reachable));
    return;
  }
  findings->push_back(Finding::Ok(absl::StrCat("Kafka answers at ", brokers)));
  findings->push_back(CheckIdempotence(**producer, *id));
  for (const std::string& topic : topics) {
    const absl::Status probed = (*producer)->ProbeTopic(topic, kKafkaTimeout);
    findings->push_back(probed.ok()
                            ? Finding::Ok(absl::StrCat("topic ", topic, " is there"))
                            : Finding::Warn(absl::StrCat("topic ", topic, ", which rows name: ", probed.message()),
                                            "make the topic, or give this client the ACL WRITE and DESCRIBE "
                                            "on it"));
  }
}

int PrintSql(const Config& config) {
  const DatabaseConfig& database = config.database;
  const absl::StatusOr<std::unique_ptr<SqlSession>> session = SqlConnector(EndpointFromConfig(database)).ConnectToAny();
  const absl::StatusOr<ServerInfo> info = session.ok() ? AskServerInfo(session->get()) : session.status();
  PreconditionOptions options = PreconditionsFromConfig(config);
  SetupAccount account;
  account.user = database.user;
  // REQUIRE SSL would refuse a socket.
  account.over_tls =
      database.unix_socket.empty() && database.tls != DbTls::kDisabled && database.tls != DbTls::kPreferred;
  if (!info.ok()) {
    Print(absl::StrCat("-- The server could not be asked: ", info.status().message()));
    Print("-- These are the user and its grants for MySQL; whether the server's settings need a change is not known.");
    Print("-- MariaDB: BINLOG MONITOR, SLAVE MONITOR instead of REPLICATION CLIENT.");
    for (const std::string& statement : GrantStatements(ServerInfo(), options, account)) Print(statement);
    return 1;
  }
  if (options.keeps_state) {
    // A user that may not look yet gets the statements for a new relay.
    const absl::StatusOr<std::string> found = FindStateSchema(session->get(), options.relay);
    if (found.ok()) options.relay.state_schema = *found;
  }
  for (const std::string& statement : SetupStatements(*info, options, account)) Print(statement);
  return 0;
}

}  // namespace

int RunCheck(const Config& config, absl::Notification* stop) {
  if (config.check.print_sql) return PrintSql(config);
  const PreconditionOptions options = PreconditionsFromConfig(config);
  std::vector<Finding> findings = CheckDatabase(EndpointFromConfig(config.database), options, stop);
  const bool connected = std::any_of(findings.begin(), findings.end(),
                                     [](const Finding& finding) { return finding.grade == Finding::Grade::kOk; });
  if (options.reads_binlog) findings.push_back(CheckSpillDirectory(config.binlog.spill_directory));
  if (options.reads_binlog && !config.checkpoint.file.empty()) {
    const absl::Status file = CheckCheckpointFile(config.checkpoint.file);
    findings.push_back(file.ok() ? Finding::Ok(absl::StrCat("the checkpoint can be kept in ", config.checkpoint.file))
                                 : Finding::Fail(file));
  }
  if (options.reads_binlog && !stop->HasBeenNotified()) {
    CheckKafka(config, connected ? TopicsOfRows(config) : std::set<std::string>(), &findings);
  }
  int failed = 0;
  int warned = 0;
  for (const Finding& finding : findings) {
    Print(finding.ToString());
    failed += finding.grade == Finding::Grade::kFail;
    warned += finding.grade == Finding::Grade::kWarn;
  }
  Print(absl::StrCat(findings.size(), " looked at, ", warned, " warned, ", failed, " failed"));
  return failed == 0 && !stop->HasBeenNotified() ? 0 : 1;
}

}  // namespace relay
