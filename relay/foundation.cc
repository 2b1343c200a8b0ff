// SPDX-License-Identifier: Apache-2.0
#include "relay/foundation.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cdc/event/gtid_set.h"
#include "relay/base/backoff.h"
#include "relay/base/clock.h"
#include "relay/base/status_macros.h"
#include "relay/check/finding.h"
#include "relay/check/preconditions.h"
#include "relay/outbox/migrations.h"
#include "relay/sql/primary_finder.h"
#include "relay/startup/endpoint_from_config.h"
#include "relay/startup/identity_from_config.h"
#include "relay/startup/migrations_from_config.h"
#include "relay/startup/preconditions_from_config.h"
#include "relay/state/file_checkpoint_store.h"
#include "relay/state/relay_identity.h"
#include "relay/state/sql_checkpoint_store.h"
#include "relay/status/logging.h"

namespace relay {
namespace {

// An ALTER of a large table may take its time.
constexpr absl::Duration kMigrationTimeout = absl::Hours(6);

bool WaitingMayHelp(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsUnknown(status);
}

// What an attempt that failed waits for.
enum class Awaited { kNothing, kPrimary, kPollingRelay };

// Calls `attempt` until it succeeds, fails for good, or the stop comes (Cancelled).
absl::Status Persist(const absl::Notification* stop, StatusBoard* board,
                     absl::FunctionRef<absl::Status(Awaited*)> attempt) {
  absl::BitGen random;
  base::Backoff backoff(random);
  for (;;) {
    if (stop->HasBeenNotified()) return absl::CancelledError("stopping");
    Awaited awaited = Awaited::kNothing;
    const absl::Status status = attempt(&awaited);
    if (!WaitingMayHelp(status)) return status;
    LogEvent(LogLevel::kWarning, awaited == Awaited::kPrimary ? LogCode::kStreamNoPrimary : LogCode::kSqlFailed,
             status.message());
    board->Update([&](RelayStatus& snapshot) {
      snapshot.source.problem = RelayStatus::Problem{absl::Now(), std::string(status.message())};
      // Whatever else fails is no state that a rollout may take for ready.
      snapshot.state = awaited == Awaited::kNothing ? RelayState::kStarting : RelayState::kWaiting;
    });
    stop->WaitForNotificationWithTimeout(backoff.Next());
  }
}

absl::StatusOr<std::vector<OutboxSchema>> MakeTables(const Config& config, const std::string& state_schema) {
  SqlEndpoint patient = EndpointFromConfig(config.database);
  patient.read_timeout = kMigrationTimeout;
  ASSIGN_OR_RETURN(const std::unique_ptr<SqlSession> session, SqlConnector(patient).Connect());
  MigrationOptions options = MigrationOptionsFromConfig(config);
  options.state_schema = state_schema;
  return MigrateAndLog(session.get(), options);
}

absl::Status Attempt(const Config& config, const SqlConnector& connector, const absl::Notification* stop,
                     StatusBoard* board, Foundation* foundation, Awaited* awaited) {
  RETURN_IF_ERROR(FirstFailure({CheckSpillDirectory(config.binlog.spill_directory)}));
  if (!config.checkpoint.file.empty()) RETURN_IF_ERROR(CheckCheckpointFile(config.checkpoint.file));
  const SqlEndpoint& endpoint = connector.endpoint();
  const std::vector<Finding> findings = CheckDatabase(endpoint, PreconditionsFromConfig(config), stop);
  if (std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return f.grade == Finding::Grade::kOk; })) {
    board->Update([](RelayStatus& status) { status.source.reached_once = true; });
  }
  RETURN_IF_ERROR(FirstFailure(findings));
  // Of one host, too: a replica that takes writes is not to get tables of ours.
  PrimaryFinder finder(&connector, base::RealClock(), config.database.failover_grace);
  absl::StatusOr<PrimaryFinder::Found> found = finder.Find(cdc::GtidSet(), stop);
  if (finder.waits()) *awaited = Awaited::kPrimary;
  RETURN_IF_ERROR(found.status());
  const std::unique_ptr<SqlSession> session = std::move(found->session);
  absl::BitGen random;
  const RelayIdentityOptions who = IdentityFromConfig(config.database);
  foundation->store.reset();  // An attempt before this one may hold the file's lock.
  const bool file = !config.checkpoint.file.empty();
  foundation->state_schema.clear();
  if (!file) {
    ASSIGN_OR_RETURN(foundation->state_schema, FindStateSchema(session.get(), who));
  }
  ASSIGN_OR_RETURN(foundation->tables, MakeTables(config, foundation->state_schema));
  if (file) {
    ASSIGN_OR_RETURN(foundation->store, OpenFileCheckpointStore(config.checkpoint.file, random));
  } else {
    ASSIGN_OR_RETURN(const RelayIdentity identity, ClaimOutboxTables(session.get(), who, random));
    foundation->store = MakeSqlCheckpointStore(identity);
  }
  ASSIGN_OR_RETURN(foundation->loaded, foundation->store->Load(session.get()));
  foundation->relay_id = foundation->loaded.checkpoint.relay_id;
  foundation->polling_relay_marks = foundation->loaded.checkpoint.polling_relay_marks;
  for (const OutboxSchema& table : foundation->tables) {
    ASSIGN_OR_RETURN(const bool marks, HasPollingRelaysMarks(session.get(), table));
    foundation->polling_relay_marks |= marks;
    ASSIGN_OR_RETURN(const uint64_t claims, CountFreshClaims(session.get(), table));
    if (claims > 0) {
      *awaited = Awaited::kPollingRelay;
      return absl::UnavailableError(absl::StrCat("a polling relay is at work on ", table.Name(), ": ", claims,
                                                 " rows are claimed and not completed; stop it. Waiting until no claim "
                                                 "is younger than ten minutes, so that no row is sent twice"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Foundation> LayFoundation(const Config& config, const SqlConnector& connector,
                                         const absl::Notification* stop, StatusBoard* board) {
  Foundation foundation;
  RETURN_IF_ERROR(Persist(
      stop, board, [&](Awaited* awaited) { return Attempt(config, connector, stop, board, &foundation, awaited); }));
  return foundation;
}

}  // namespace relay
