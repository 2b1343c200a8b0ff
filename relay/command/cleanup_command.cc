// SPDX-License-Identifier: Apache-2.0
#include "relay/command/cleanup_command.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "relay/base/clock.h"
#include "relay/base/status_macros.h"
#include "relay/cleanup/cleaner.h"
#include "relay/outbox/outbox_schema.h"
#include "relay/outbox/outbox_table_shape.h"
#include "relay/sql/sql_session.h"
#include "relay/startup/endpoint_from_config.h"
#include "relay/state/id_set.h"
#include "relay/state/ledger.h"
#include "relay/state/relay_identity.h"
#include "relay/state/sql_checkpoint_store.h"
#include "relay/status/logging.h"

namespace relay {
namespace {

// An idle relay saves every 30 s as long as anything happens on the server.
constexpr absl::Duration kFreshCheckpoint = absl::Minutes(2);

// The ledger is read again this often: what came back meanwhile is in it no more.
constexpr absl::Duration kPassLength = absl::Seconds(10);

class CleanupJob {
 public:
  CleanupJob(const Config& config, SqlSession* session, const absl::Notification* stop)
      : config_(config), session_(session), stop_(stop) {
    options_.retention = config.cleanup.retention;
    options_.keep_rows = !config.cleanup.enabled;
    options_.chunk_rows = config.cleanup.chunk_rows;
    options_.pause = config.cleanup.pause;
  }

  absl::Status Run(const std::string& schema_name) {
    ASSIGN_OR_RETURN(OutboxSchema schema, ReadOutboxSchema(session_, schema_name, config_.database.outbox_table));
    if (!schema.exists) return absl::NotFoundError(absl::StrCat("outbox table ", schema.Name(), " does not exist"));
    schemas_ = {std::move(schema)};
    if (config_.cleanup.dry_run) return Count();
    uint64_t published = 0, completed = 0;
    IdSet done;
    while (true) {
      ASSIGN_OR_RETURN(const CleanupResult pass, Pass(&done));
      published += pass.published_rows;
      completed += pass.completed_rows;
      if (pass.more) continue;
      if (pass.lacks_index) {
        LogEvent(LogLevel::kWarning, LogCode::kCleanupFailed,
                 absl::StrCat(CompletedIndexMissing(schemas_[0]), "; ", AddCompletedIndex(schemas_[0])));
      }
      break;
    }
    LogEvent(LogLevel::kInfo, LogCode::kCleanupPass, "published rows were deleted",
             {{"schema", schema_name}, {"published", published}, {"completed", completed}});
    return absl::OkStatus();
  }

 private:
  OutboxSchemaOf SchemaOf() const {
    return [this](size_t schema) { return schemas_[schema]; };
  }

  // The ledger as the relay at work saved it last, and the table's CREATE_TIME to go with it.
  absl::StatusOr<std::string> LoadLedger(Ledger* ledger) {
    if (!config_.checkpoint.file.empty()) return std::string();  // The other process's.
    const absl::StatusOr<RelayIdentity> identity = FindRelayIdentity(
        session_, {.schemas = {schemas_[0].schema}, .outbox_table = config_.database.outbox_table, .state_schema = ""});
    if (identity.status().code() == absl::StatusCode::kNotFound) return std::string();
    RETURN_IF_ERROR(identity.status());
    ASSIGN_OR_RETURN(LoadedCheckpoint loaded, MakeSqlCheckpointStore(*identity)->Load(session_));
    ASSIGN_OR_RETURN(const absl::Time now, ReadServerTime(session_));
    if (!loaded.saved_at.has_value() || now - *loaded.saved_at > kFreshCheckpoint) {
      if (!loaded.ledger.empty()) {
        LogEvent(LogLevel::kInfo, LogCode::kCleanupPass,
                 "no relay has saved a checkpoint for two minutes: the rows that it published are left to it",
                 {{"schema", schemas_[0].schema}});
      }
      return std::string();
    }
    ledger->Load(std::move(loaded.ledger));
    const TableCheckpoint* table = loaded.checkpoint.FindTable(schemas_[0].schema, schemas_[0].table);
    return table == nullptr ? std::string() : table->created;
  }

  absl::StatusOr<CleanupResult> Pass(IdSet* done) {
    Ledger ledger({schemas_[0].schema});
    ASSIGN_OR_RETURN(const std::string created, LoadLedger(&ledger));
    done->ForEach([&](uint64_t id) {
      ledger.Remove(0, id);
      return true;
    });
    IdSet gone = ledger.All(0);
    Cleaner cleaner(options_, SchemaOf(), &ledger, base::RealClock(), nullptr);
    const absl::StatusOr<CleanupResult> result = cleaner.Clean(session_, 0, created, kPassLength, stop_);
    gone.Subtract(ledger.All(0));
    done->UnionWith(gone);
    return result;
  }

  absl::Status Count() {
    Ledger ledger({schemas_[0].schema});
    ASSIGN_OR_RETURN(const std::string created, LoadLedger(&ledger));
    Cleaner cleaner(options_, SchemaOf(), &ledger, base::RealClock(), nullptr);
    ASSIGN_OR_RETURN(const CleanupResult result, cleaner.DryRun(session_, 0, created));
    std::printf("%s: %s\n", schemas_[0].Name().c_str(),
                absl::StrCat(
                    result.published_rows, " published and ", result.completed_rows, " completed rows would be deleted",
                    result.lacks_index
                        ? absl::StrCat(". ", CompletedIndexMissing(schemas_[0]), "; ", AddCompletedIndex(schemas_[0]))
                        : "")
                    .c_str());
    return absl::OkStatus();
  }

  const Config& config_;
  SqlSession* const session_;
  const absl::Notification* const stop_;
  CleanerOptions options_;
  std::vector<OutboxSchema> schemas_;  // The one at hand.
};

}  // namespace

int RunCleanup(const Config& config, const absl::Notification* stop) {
  const absl::StatusOr<std::unique_ptr<SqlSession>> session =
      SqlConnector(EndpointFromConfig(config.database)).Connect();
  if (!session.ok()) {
    LogEvent(LogLevel::kError, LogCode::kSqlFailed, session.status().message());
    return 1;
  }
  UseMinimalRowImage(session->get());
  int exit_code = 0;
  for (const std::string& schema : config.database.schemas) {
    const absl::Status status = CleanupJob(config, session->get(), stop).Run(schema);
    if (status.ok()) continue;
    LogEvent(LogLevel::kError, LogCode::kCleanupFailed, status.message(), {{"schema", schema}});
    exit_code = 1;
  }
  return exit_code;
}

}  // namespace relay
