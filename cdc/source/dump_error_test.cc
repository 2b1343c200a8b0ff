// SPDX-License-Identifier: Apache-2.0
#include "cdc/source/dump_error.h"

#include <gtest/gtest.h>

#include <string>

namespace cdc {
namespace {

const char kServer[] = "911ea5f6-e7b1-11f1-8e63-02fc00000001";
const char kOther[] = "00000000-e7b1-11f1-8e63-02fc00000002";

GtidSet Set(const std::string& text) { return *GtidSet::Parse(text); }
GtidSet Of(const char* uuid, const std::string& intervals) { return Set(std::string(uuid) + ":" + intervals); }

absl::Status Classify(const DumpStart& start, const DumpEvidence& evidence, const std::string& words = "who knows") {
  return ClassifyDumpError({1236, "HY000", words}, "db1:3306", start, evidence);
}

DumpEvidence MysqlEvidence(const std::string& purged, const std::string& executed) {
  DumpEvidence evidence;
  evidence.log_bin = true;
  evidence.gtid_mode = "ON";
  evidence.server_uuid = kServer;
  evidence.purged = purged.empty() ? GtidSet() : Of(kServer, purged);
  evidence.executed = executed.empty() ? GtidSet() : Of(kServer, executed);
  evidence.logs = {{"binlog.000003", 900}, {"binlog.000004", 500}};
  return evidence;
}

TEST(DumpErrorTest, PurgedTransactionsAreFoundByAskingWhateverTheWords) {
  const absl::Status status = Classify(Of(kServer, "1-5"), MysqlEvidence("1-9", "1-20"));
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(DumpTroubleOf(status), DumpTrouble::kPurged);
  EXPECT_NE(status.message().find(":6-9"), std::string::npos) << status;
}

TEST(DumpErrorTest, AServerThatLacksItsOwnTransactionsHasARewrittenHistory) {
  const absl::Status status = Classify(Of(kServer, "1-25"), MysqlEvidence("1-9", "1-20"));
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(DumpTroubleOf(status), DumpTrouble::kServerLacks);
}

TEST(DumpErrorTest, AnotherServersTransactionsMayBeMissing) {
  GtidSet seen = Of(kServer, "1-15");
  seen.Union(Of(kOther, "1-1000"));
  EXPECT_EQ(DumpTroubleOf(Classify(seen, MysqlEvidence("1-9", "1-20"))), DumpTrouble::kUnexplained);
}

TEST(DumpErrorTest, PositionsAreComparedWithTheLogs) {
  const DumpEvidence evidence = MysqlEvidence("", "1-20");
  EXPECT_EQ(DumpTroubleOf(Classify(BinlogPosition{"binlog.000002", 4}, evidence)), DumpTrouble::kPurged);
  EXPECT_EQ(DumpTroubleOf(Classify(BinlogPosition{"binlog.000009", 4}, evidence)), DumpTrouble::kServerLacks);
  EXPECT_EQ(DumpTroubleOf(Classify(BinlogPosition{"binlog.000004", 501}, evidence)), DumpTrouble::kNoPosition);
  EXPECT_EQ(DumpTroubleOf(Classify(BinlogPosition{"binlog.000004", 500}, evidence)), DumpTrouble::kUnexplained);
}

TEST(DumpErrorTest, SettingsOfTheServerAreNamedWithTheirCure) {
  DumpEvidence evidence = MysqlEvidence("", "");
  evidence.gtid_mode = "ON_PERMISSIVE";
  absl::Status status = Classify(GtidSet(), evidence);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << "by position it goes on";
  EXPECT_EQ(DumpTroubleOf(status), DumpTrouble::kNoGtids);
  EXPECT_NE(status.message().find("gtid_mode is ON_PERMISSIVE"), std::string::npos) << status;
  EXPECT_EQ(DumpTroubleOf(Classify(BinlogPosition{"binlog.000004", 500}, evidence)), DumpTrouble::kUnexplained);

  evidence.log_bin = false;
  status = Classify(BinlogPosition{"binlog.000004", 4}, evidence);
  EXPECT_EQ(DumpTroubleOf(status), DumpTrouble::kNoBinlog);
}

TEST(DumpErrorTest, MariadbComparesDomains) {
  DumpEvidence evidence;
  evidence.log_bin = true;
  evidence.purged = Set("0-1-7");
  evidence.executed = Set("0-1-20");
  EXPECT_EQ(DumpTroubleOf(Classify(Set("0-1-5"), evidence)), DumpTrouble::kPurged);
  EXPECT_EQ(DumpTroubleOf(Classify(Set("0-1-7"), evidence)), DumpTrouble::kUnexplained);
  EXPECT_EQ(DumpTroubleOf(Classify(Set("0-1-21"), evidence)), DumpTrouble::kServerLacks);
}

// Each was said by a real server of some version.
TEST(DumpErrorTest, WordsDecideWhereNothingCouldBeAsked) {
  const auto trouble = [](const std::string& words) {
    return DumpTroubleOf(Classify(BinlogPosition{"binlog.000004", 4}, DumpEvidence(), words));
  };
  EXPECT_EQ(trouble("A replica with the same server_uuid/server_id as this replica has connected to the source; the "
                    "first event 'binlog.000001' at 4"),
            DumpTrouble::kTakenOver);
  EXPECT_EQ(trouble("A slave with the same server_uuid/server_id as this slave has connected to the master"),
            DumpTrouble::kTakenOver);
  EXPECT_EQ(trouble("Cannot replicate because the source purged required binary logs. Replicate the missing "
                    "transactions from elsewhere"),
            DumpTrouble::kPurged);
  EXPECT_EQ(trouble("The slave is connecting using CHANGE MASTER TO MASTER_AUTO_POSITION = 1, but the master has "
                    "purged binary logs containing GTIDs that the slave requires."),
            DumpTrouble::kPurged);
  EXPECT_EQ(trouble("Could not find first log file name in binary log index file"), DumpTrouble::kPurged);
  EXPECT_EQ(trouble("Replica has more GTIDs than the source has, using the source's SERVER_UUID."),
            DumpTrouble::kServerLacks);
  EXPECT_EQ(trouble("Error: connecting slave requested to start from GTID 0-1-99, which is not in the master's binlog"),
            DumpTrouble::kServerLacks);
  EXPECT_EQ(trouble("Client requested source to start replication from position > file size"),
            DumpTrouble::kNoPosition);
  EXPECT_EQ(trouble("Cannot replicate anonymous transaction when @@GLOBAL.GTID_MODE = ON, at file ./binlog.000015, "
                    "position 198."),
            DumpTrouble::kWithoutGtid);
  EXPECT_EQ(trouble("Cannot replicate anonymous transaction when AUTO_POSITION = 1, at file ./binlog.000015, position "
                    "198."),
            DumpTrouble::kWithoutGtid);
  EXPECT_EQ(trouble("Binary log is not open"), DumpTrouble::kNoBinlog);
  EXPECT_EQ(trouble("log event entry exceeded max_allowed_packet; Increase max_allowed_packet on source"),
            DumpTrouble::kTooLarge);
  EXPECT_EQ(trouble("binlog truncated in the middle of event; consider out of disk space on source"),
            DumpTrouble::kDamaged);
  EXPECT_EQ(trouble("nobody has seen this before"), DumpTrouble::kUnexplained);
}

TEST(DumpErrorTest, AnotherReaderIsAborted) {
  EXPECT_EQ(Classify(GtidSet(), DumpEvidence(), "same server_uuid/server_id").code(), absl::StatusCode::kAborted);
}

TEST(DumpErrorTest, WhatTheServerSendsNoMoreIsGone) {
  const absl::Status status =
      Classify(BinlogPosition{"binlog.000004", 4}, MysqlEvidence("", "1-20"),
               "Cannot replicate anonymous transaction when @@GLOBAL.GTID_MODE = ON, at file ./binlog.000004");
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
}

TEST(DumpErrorTest, UnexplainedTroubleIsRetried) {
  EXPECT_EQ(Classify(GtidSet(), DumpEvidence()).code(), absl::StatusCode::kUnavailable);
}

TEST(DumpErrorTest, OtherErrorsKeepTheirOwnCode) {
  const absl::Status status = ClassifyDumpError({1227, "42000", "Access denied"}, "db1:3306", GtidSet(), {});
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_NE(status.message().find("GRANT REPLICATION SLAVE ON *.*"), std::string::npos);
  EXPECT_EQ(DumpTroubleOf(status), DumpTrouble::kNone);
  EXPECT_EQ(ServerErrorNumber(status), 1227u);
}

}  // namespace
}  // namespace cdc
