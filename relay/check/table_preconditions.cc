// SPDX-License-Identifier: Apache-2.0
#include "relay/check/table_preconditions.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "relay/base/status_macros.h"
#include "relay/outbox/outbox_schema.h"
#include "relay/outbox/outbox_table_shape.h"
#include "relay/sql/sql_param.h"
#include "relay/state/relay_identity.h"
#include "relay/state/state_tables.h"

namespace relay {
namespace {

class TableChecker {
 public:
  TableChecker(SqlSession* session, const Grants& grants, const PreconditionOptions& options)
      : session_(session), grants_(grants), options_(options) {}

  absl::StatusOr<std::vector<Finding>> Run() {
    for (const std::string& schema : options_.relay.schemas) RETURN_IF_ERROR(CheckSchema(schema));
    if (options_.keeps_state && options_.reads_binlog) RETURN_IF_ERROR(CheckState());
    return std::move(findings_);
  }

 private:
  void Add(Finding finding) { findings_.push_back(std::move(finding)); }

  std::string Grant(absl::string_view privileges, absl::string_view schema) const {
    return absl::StrCat("GRANT ", privileges, " ON ", QuoteSchemaPattern(schema), ".* TO this user");
  }

  absl::Status CheckSchema(const std::string& schema) {
    const absl::StatusOr<OutboxSchema> facts = ReadOutboxSchema(session_, schema, options_.relay.outbox_table);
    if (absl::IsNotFound(facts.status())) {
      Add(Finding::Fail(absl::StrCat("schema ", schema, " does not exist, or this user may see nothing of it"),
                        absl::StrCat("correct --db-name/DB_NAME, or CREATE DATABASE ", QuoteIdentifier(schema), " and ",
                                     Grant("ALL", schema))));
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(facts.status());
    CheckShape(*facts);
    if (!facts->exists) return absl::OkStatus();
    RETURN_IF_ERROR(TryStatements(*facts));
    return CheckPollingRelay(*facts);
  }

  void CheckShape(const OutboxSchema& facts) {
    const std::vector<std::string> plan = PlanOutboxMigration(facts);
    const bool migrates = !options_.skip_migrations && !plan.empty();
    if (migrates) {
      const absl::string_view needed = facts.exists ? "ALTER" : "CREATE";
      std::vector<absl::string_view> missing;
      for (absl::string_view privilege : {"CREATE", "ALTER", "INDEX", "INSERT"}) {
        if (!grants_.OnTable(privilege, facts.schema, facts.table)) missing.push_back(privilege);
      }
      if (!missing.empty()) {
        Add(Finding::Fail(absl::StrCat(facts.Name(), facts.exists ? " must be completed" : " must be made",
                                       " and this user may not (", absl::StrJoin(missing, ", "), ")"),
                          absl::StrCat(Grant(absl::StrJoin(missing, ", "), facts.schema),
                                       ", or run what `outbox-relay migrate --print` prints")));
        return;
      }
      Add(Finding::Ok(absl::StrCat(facts.Name(), needed == "CREATE" ? " will be made" : " will be completed")));
      if (!facts.exists) return;
    }
    if (const absl::Status usable = CheckOutboxSchema(facts); !usable.ok() && !(migrates && Completes(facts))) {
      Finding failed = Finding::Fail(usable);
      if (!facts.exists && options_.skip_migrations) {
        failed.cure = "turn SKIP_MIGRATIONS off, or run what `outbox-relay migrate --print` prints";
      }
      Add(std::move(failed));
      return;
    }
    if (!migrates) Add(Finding::Ok(absl::StrCat(facts.Name(), " has the columns that are needed")));
    if (!migrates && options_.deletes_published && facts.stores_rows() &&
        !HasIndexOn(facts, facts.NameOf(kPushCompletedAt))) {
      Add(Finding::Warn(CompletedIndexMissing(facts), AddCompletedIndex(facts)));
    }
    if (!facts.stores_rows()) {
      Add(Finding::Warn(
          absl::StrCat(facts.Name(), " keeps no rows (", facts.engine, "): the log is the only copy of a message"),
          "keep binary logs longer than the longest outage; what is purged unread is lost"));
    }
  }

  // Whether migrations will add what is missing: nothing without these is an outbox table.
  static bool Completes(const OutboxSchema& facts) {
    return !facts.is_view && facts.Has(kId) && facts.Has(kTopic) && facts.Has(kPayloadJson);
  }

  // Each statement of ours, explained: the server checks the privileges and runs nothing.
  absl::Status TryStatements(const OutboxSchema& facts) {
    std::vector<std::string> statements = {absl::StrCat("SELECT * FROM ", facts.Name(), " WHERE 1 = 0")};
    if (options_.reads_binlog && facts.Has(kErrored)) {
      const std::string errored = QuoteIdentifier(facts.NameOf(kErrored));
      statements.push_back(absl::StrCat("UPDATE ", facts.Name(), " SET ", errored, " = ", errored, " WHERE 1 = 0"));
    }
    if (options_.deletes_published) statements.push_back(absl::StrCat("DELETE FROM ", facts.Name(), " WHERE 1 = 0"));
    std::vector<std::string> refused;
    for (const std::string& statement : statements) {
      const absl::Status tried = session_->Query(absl::StrCat("EXPLAIN ", statement)).status();
      if (absl::IsPermissionDenied(tried)) {
        refused.push_back(statement.substr(0, statement.find(' ')));
      } else if (absl::IsUnavailable(tried) && session_->alive()) {
        continue;  // read only: it will be tried where it is a primary
      } else if (!tried.ok()) {
        return tried;
      }
    }
    if (refused.empty()) {
      Add(Finding::Ok(absl::StrCat("this user may read and change ", facts.Name())));
    } else {
      const std::string privileges = absl::StrJoin(refused, ", ");
      Add(Finding::Fail(absl::StrCat("this user may not ", privileges, " on ", facts.Name()),
                        absl::StrCat("GRANT ", privileges, " ON ", facts.Name(), " TO this user")));
    }
    return absl::OkStatus();
  }

  absl::Status CheckPollingRelay(const OutboxSchema& facts) {
    if (!options_.reads_binlog || !facts.stores_rows()) return absl::OkStatus();
    const absl::StatusOr<uint64_t> claims = CountFreshClaims(session_, facts);
    if (absl::IsPermissionDenied(claims.status())) return absl::OkStatus();  // said above
    RETURN_IF_ERROR(claims.status());
    if (*claims > 0) {
      Add(Finding::Warn(absl::StrCat("a polling relay has claimed ", *claims, " rows of ", facts.Name(),
                                     " in the last ten minutes: what both send arrives twice"),
                        "stop the polling relay; the relay waits until no claim is fresh"));
    }
    return absl::OkStatus();
  }

  absl::Status CheckState() {
    absl::StatusOr<std::string> state_schema = FindStateSchema(session_, options_.relay);
    // Who may not read the owners is told so by what follows.
    if (absl::IsPermissionDenied(state_schema.status())) state_schema = NewStateSchema(options_.relay);
    if (absl::IsFailedPrecondition(state_schema.status())) {
      Add(Finding::Fail(state_schema.status()));
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(state_schema.status());
    std::vector<std::pair<std::string, std::string>> tables;
    for (const char* table : {kCheckpointTable, kLedgerTable, kDeadTable}) {
      tables.emplace_back(*state_schema, table);
    }
    for (const std::string& schema : options_.relay.schemas) tables.emplace_back(schema, kOwnerTable);
    std::vector<std::string> missing;
    for (const auto& [schema, table] : tables) {
      const absl::StatusOr<bool> exists = TableExists(session_, schema, table);
      RETURN_IF_ERROR(exists.status());
      std::vector<absl::string_view> lacking;
      for (absl::string_view privilege : {"SELECT", "INSERT", "UPDATE", "DELETE"}) {
        if (!grants_.OnTable(privilege, schema, table)) lacking.push_back(privilege);
      }
      if (!*exists && !grants_.OnTable("CREATE", schema, table)) lacking.push_back("CREATE");
      if (!lacking.empty()) {
        missing.push_back(
            absl::StrCat("GRANT ", absl::StrJoin(lacking, ", "), " ON ", QuoteTable(schema, table), " TO this user"));
      }
    }
    if (missing.empty()) {
      Add(Finding::Ok(absl::StrCat("this user may keep the relay's own tables in schema ", *state_schema)));
    } else {
      Add(Finding::Fail(
          absl::StrCat("this user may not keep the relay's own tables in schema ", *state_schema),
          absl::StrCat(absl::StrJoin(missing, "; "), "; or keep the checkpoint in a file: --checkpoint-file")));
    }
    return absl::OkStatus();
  }

  SqlSession* const session_;
  const Grants& grants_;
  const PreconditionOptions& options_;
  std::vector<Finding> findings_;
};

}  // namespace

absl::StatusOr<std::vector<Finding>> CheckTables(SqlSession* session, const Grants& grants,
                                                 const PreconditionOptions& options) {
  return TableChecker(session, grants, options).Run();
}

}  // namespace relay
