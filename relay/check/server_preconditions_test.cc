// SPDX-License-Identifier: Apache-2.0
#include "relay/check/server_preconditions.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "relay/sql/sql_endpoint.h"

namespace relay {
namespace {

using Grade = Finding::Grade;

ServerInfo GoodServer() {
  ServerInfo info;
  info.version_number = 90704;
  info.server_id = 1;
  info.log_bin = true;
  info.binlog_format = "ROW";
  info.binlog_row_image = "FULL";
  info.binlog_row_metadata = "FULL";
  info.gtid_mode = "ON";
  info.sync_binlog = 1;
  info.innodb_flush_log_at_trx_commit = 1;
  info.log_retention = absl::Hours(24 * 30);
  return info;
}

PreconditionOptions Options() {
  PreconditionOptions options;
  options.relay.schemas = {"app"};
  return options;
}

// The finding whose text holds `words`.
std::optional<Finding> Find(const std::vector<Finding>& findings, absl::string_view words) {
  for (const Finding& finding : findings) {
    if (absl::StrContains(finding.what, words)) return finding;
  }
  return std::nullopt;
}

// The one finding about `words`, which must have this grade and a cure.
void ExpectCured(const ServerInfo& info, absl::string_view words, Grade grade, absl::string_view cure) {
  const std::optional<Finding> found = Find(CheckServerSettings(info, Options()), words);
  ASSERT_TRUE(found.has_value()) << words;
  EXPECT_EQ(found->grade, grade) << *found;
  EXPECT_TRUE(absl::StrContains(found->cure, cure)) << *found;
  EXPECT_FALSE(found->waiting_cures);
}

TEST(ServerPreconditionsTest, AGoodServerHasNothingToCure) {
  for (const Finding& finding : CheckServerSettings(GoodServer(), Options())) {
    EXPECT_EQ(finding.grade, Grade::kOk) << finding;
    EXPECT_EQ(finding.cure, "");
  }
}

TEST(ServerPreconditionsTest, WithoutALogNothingElseIsSaid) {
  ServerInfo info = GoodServer();
  info.log_bin = false;
  const std::vector<Finding> findings = CheckServerSettings(info, Options());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].grade, Grade::kFail);
  EXPECT_TRUE(absl::StrContains(findings[0].what, "log_bin is OFF"));
  EXPECT_TRUE(absl::StrContains(findings[0].cure, "restart"));
}

TEST(ServerPreconditionsTest, AnyFormatButRowFails) {
  ServerInfo info = GoodServer();
  for (const char* format : {"STATEMENT", "MIXED"}) {
    info.binlog_format = format;
    ExpectCured(info, "binlog_format is", Grade::kFail, "SET PERSIST binlog_format = 'ROW'");
  }
}

TEST(ServerPreconditionsTest, DrawbacksAreWarnings) {
  ServerInfo info = GoodServer();
  info.binlog_row_image = "MINIMAL";
  info.binlog_row_metadata = "MINIMAL";
  info.gtid_mode = "OFF";
  info.sync_binlog = 0;
  info.log_retention = absl::Hours(1);
  ExpectCured(info, "binlog_row_image is MINIMAL", Grade::kWarn, "binlog_row_image = 'FULL'");
  ExpectCured(info, "binlog_row_metadata is MINIMAL", Grade::kWarn, "binlog_row_metadata = 'FULL'");
  ExpectCured(info, "gtid_mode is OFF", Grade::kWarn, "gtid_mode=ON");
  ExpectCured(info, "sync_binlog is 0", Grade::kWarn, "sync_binlog = 1");
  ExpectCured(info, "kept for 1h", Grade::kWarn, "binlog_expire_logs_seconds");
  info.log_space_limit = 1 << 30;
  ExpectCured(info, "past 1073741824 bytes in all", Grade::kWarn, "outbox_relay_source_ahead_bytes");
  info.sync_binlog = 1;
  info.innodb_flush_log_at_trx_commit = 2;
  ExpectCured(info, "innodb_flush_log_at_trx_commit is 2", Grade::kWarn, "innodb_flush_log_at_trx_commit = 1");
}

TEST(ServerPreconditionsTest, FiltersThatHideASchemaFail) {
  ServerInfo info = GoodServer();
  info.log_end.do_db = {"other"};
  ExpectCured(info, "binlog-do-db leaves schema app out", Grade::kFail, "binlog-do-db=app");
  info.log_end.do_db = {"other", "app"};
  EXPECT_FALSE(Find(CheckServerSettings(info, Options()), "binlog-do-db").has_value());
  info.log_end.ignore_db = {"app"};
  ExpectCured(info, "binlog-ignore-db keeps schema app out", Grade::kFail, "binlog-ignore-db=app");
}

TEST(ServerPreconditionsTest, AHostThatIsNoPrimaryIsWaitedFor) {
  ServerInfo info = GoodServer();
  info.read_only = true;
  ExpectCured(info, "read only", Grade::kWarn, "DB_HOST");
  EXPECT_TRUE(FirstFailure(CheckServerSettings(info, Options())).ok());
}

TEST(ServerPreconditionsTest, TheCureSpeaksTheServersLanguage) {
  ServerInfo info = GoodServer();
  info.binlog_format = "MIXED";
  info.version_number = 50744;
  ExpectCured(info, "binlog_format", Grade::kFail, "SET GLOBAL binlog_format = 'ROW'");
  info.managed_by_rds = true;
  ExpectCured(info, "binlog_format", Grade::kFail, "parameter group");
}

TEST(ServerPreconditionsTest, AReaderOfNoLogAsksNothingOfIt) {
  PreconditionOptions options = Options();
  options.reads_binlog = false;
  ServerInfo info = GoodServer();
  info.log_bin = false;
  EXPECT_TRUE(CheckServerSettings(info, options).empty());
}

TEST(FindingTest, TheFirstFailureThatWaitingDoesNotCureDecides) {
  EXPECT_TRUE(FirstFailure({Finding::Ok("a"), Finding::Warn("b", "c")}).ok());
  const Finding passing = Finding::Fail(absl::UnavailableError("server is down"));
  EXPECT_EQ(FirstFailure({passing}).code(), absl::StatusCode::kUnavailable);
  const absl::Status status = FirstFailure({passing, Finding::Fail("no log", "switch it on")});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "no log; switch it on");
}

TEST(FindingTest, PrintsGradeFindingAndCure) {
  EXPECT_EQ(Finding::Ok("a").ToString(), "ok    a");
  EXPECT_EQ(Finding::Warn("a", "b").ToString(), "warn  a → b");
  EXPECT_EQ(Finding::Fail("a", "b").ToString(), "FAIL  a → b");
}

TEST(CheckEncryptionTest, PlaintextOverANetworkIsAWarningWithItsCure) {
  const std::optional<Finding> open = CheckEncryption({"db1", 3306, ""}, "");
  ASSERT_TRUE(open.has_value());
  EXPECT_EQ(open->grade, Grade::kWarn);
  EXPECT_TRUE(absl::StrContains(open->what, "db1:3306")) << *open;
  EXPECT_TRUE(absl::StrContains(open->cure, "DB_TLS=verify-identity")) << *open;
}

TEST(CheckEncryptionTest, NothingIsSaidOfTlsASocketOrThisMachine) {
  EXPECT_FALSE(CheckEncryption({"db1", 3306, ""}, "TLS_AES_256_GCM_SHA384").has_value());
  for (const SqlHost& host : {SqlHost{"", 0, "/run/mysqld.sock"}, SqlHost{"127.0.0.1", 3306, ""},
                              SqlHost{"localhost", 3306, ""}, SqlHost{"::1", 3306, ""}}) {
    EXPECT_FALSE(CheckEncryption(host, "").has_value()) << host.ToString();
  }
}

}  // namespace
}  // namespace relay
