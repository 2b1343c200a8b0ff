// SPDX-License-Identifier: Apache-2.0
#include "relay/outbox/migrations.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "relay/base/status_macros.h"
#include "relay/outbox/outbox_table_shape.h"
#include "relay/sql/sql_param.h"
#include "relay/state/state_tables.h"

namespace relay {
namespace {

// Another relay that starts at the same moment may have done a step between our look and our statement.
constexpr int kAttempts = 5;

// As long as one ALTER may wait for a table, and therefore hold up the application's statements that come after it.
class ShortLockWait {
 public:
  static absl::StatusOr<ShortLockWait> Begin(SqlSession* session, absl::Duration wait) {
    ASSIGN_OR_RETURN(std::optional<std::string> before, session->QueryValue("SELECT @@SESSION.lock_wait_timeout"));
    RETURN_IF_ERROR(
        session->Execute(absl::StrCat("SET SESSION lock_wait_timeout = ", absl::ToInt64Seconds(wait))).status());
    return ShortLockWait(session, before.value_or("31536000"));
  }
  ShortLockWait(ShortLockWait&& other) noexcept
      : session_(std::exchange(other.session_, nullptr)), before_(std::move(other.before_)) {}
  ShortLockWait& operator=(ShortLockWait&&) = delete;
  ~ShortLockWait() {
    if (session_ == nullptr || !session_->alive()) return;
    session_->Execute(absl::StrCat("SET SESSION lock_wait_timeout = ", before_)).IgnoreError();
  }

 private:
  ShortLockWait(SqlSession* session, std::string before) : session_(session), before_(std::move(before)) {}
  SqlSession* session_;
  std::string before_;
};

absl::Status Explain(const absl::Status& status, const OutboxSchema& schema, const std::string& statement) {
  if (status.code() == absl::StatusCode::kPermissionDenied) {
    return absl::PermissionDeniedError(absl::StrCat(
        "outbox table ", schema.Name(), " can't be brought up to date: ", status.message(),
        ". Grant CREATE, ALTER, INDEX ON ", QuoteIdentifier(schema.schema),
        ".* to the user, or let someone run what 'outbox-relay migrate --print' prints and set SKIP_MIGRATIONS."));
  }
  if (status.code() == absl::StatusCode::kUnavailable) {
    return absl::UnavailableError(absl::StrCat("while running: ", statement, ": ", status.message()));
  }
  // A table made by hand may have what forbids it: a row too long, too many keys, a default that is not allowed.
  return absl::FailedPreconditionError(absl::StrCat(
      "outbox table ", schema.Name(), " can't be brought up to date: ", status.message(),
      ". Change the table so that it takes this, and run it by hand: ", statement,
      "; or set SKIP_MIGRATIONS, and run what the table allows of what 'outbox-relay migrate --print' prints."));
}

absl::StatusOr<OutboxSchema> MigrateOutboxTable(SqlSession* session, const std::string& schema_name,
                                                const std::string& table, std::vector<std::string>* applied) {
  absl::Status last;
  std::string failed;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ASSIGN_OR_RETURN(const OutboxSchema schema, ReadOutboxSchema(session, schema_name, table));
    const std::vector<std::string> statements = PlanOutboxMigration(schema);
    if (statements.empty()) return schema;
    for (const std::string& statement : statements) {
      last = session->Execute(statement).status();
      if (!last.ok()) {
        failed = statement;
        break;
      }
      if (applied != nullptr) applied->push_back(statement);
    }
    const bool again = last.code() == absl::StatusCode::kAlreadyExists && attempt + 1 < kAttempts;
    if (!last.ok() && !again) return Explain(last, schema, failed);
  }
  return ReadOutboxSchema(session, schema_name, table);
}

}  // namespace

absl::StatusOr<std::vector<OutboxSchema>> Migrate(SqlSession* session, const MigrationOptions& options,
                                                  std::vector<std::string>* applied) {
  std::vector<OutboxSchema> schemas;
  ASSIGN_OR_RETURN(const ShortLockWait short_wait, ShortLockWait::Begin(session, options.lock_wait));
  for (const std::string& name : options.schemas) {
    absl::StatusOr<OutboxSchema> schema = options.skip_outbox_tables
                                              ? ReadOutboxSchema(session, name, options.outbox_table)
                                              : MigrateOutboxTable(session, name, options.outbox_table, applied);
    RETURN_IF_ERROR(schema.status());
    RETURN_IF_ERROR(CheckOutboxSchema(*schema));
    schemas.push_back(*std::move(schema));
  }
  if (!options.state_schema.empty()) {
    RETURN_IF_ERROR(EnsureStateTables(session, options.state_schema, options.schemas, applied));
  }
  return schemas;
}

absl::StatusOr<std::vector<std::string>> PlanMigrations(SqlSession* session, const MigrationOptions& options) {
  std::vector<std::string> statements;
  for (const std::string& name : options.schemas) {
    ASSIGN_OR_RETURN(const OutboxSchema schema, ReadOutboxSchema(session, name, options.outbox_table));
    for (std::string& statement : PlanOutboxMigration(schema)) statements.push_back(std::move(statement));
  }
  if (options.state_schema.empty()) return statements;
  ASSIGN_OR_RETURN(std::vector<std::string> own, MissingStateTables(session, options.state_schema, options.schemas));
  for (std::string& statement : own) statements.push_back(std::move(statement));
  return statements;
}

}  // namespace relay
