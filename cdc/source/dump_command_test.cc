// SPDX-License-Identifier: Apache-2.0
#include "cdc/source/dump_command.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"

namespace cdc {
namespace {

constexpr char kUuid[] = "911ea5f6-e7b1-11f1-8e63-02fc00000001";

TEST(DumpCommandTest, PositionCommandHoldsPositionFlagsIdAndFile) {
  EXPECT_EQ(absl::BytesToHexString(*BinlogDumpBody({"b.000001", 0x01020304}, 0xA1B2C3D4, /*wait=*/true)),
            "04030201"
            "0000"
            "d4c3b2a1"
            "622e303030303031");
  EXPECT_EQ(absl::BytesToHexString(*BinlogDumpBody({}, 1, /*wait=*/false)), "04000000010001000000");
}

TEST(DumpCommandTest, APositionPast4GiBIsRefused) {
  EXPECT_TRUE(BinlogDumpBody({"b.000001", 0xFFFFFFFFu}, 1, true).ok());
  EXPECT_EQ(BinlogDumpBody({"b.000001", 0x100000000u}, 1, true).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(DumpCommandTest, GtidCommandHoldsTheEncodedSet) {
  const GtidSet seen = *GtidSet::Parse(std::string(kUuid) + ":1-4");
  EXPECT_EQ(absl::BytesToHexString(BinlogDumpGtidBody(seen, 2, /*wait=*/false)),
            "0300"
            "02000000"
            "00000000"
            "0400000000000000"
            "30000000"
            "0100000000000000"
            "911ea5f6e7b111f18e6302fc00000001"
            "0100000000000000"
            "0100000000000000"
            "0500000000000000");
}

TEST(DumpCommandTest, RegistrationCutsALongHost) {
  const std::string body = RegisterSlaveBody(7, std::string(300, 'h'), 3306);
  EXPECT_EQ(body.size(), 4 + 1 + 60 + 1 + 1 + 2 + 4 + 4u);
  EXPECT_EQ(body[4], 60);
}

TEST(DumpCommandTest, SessionOfMysqlNamesTheReplica) {
  DumpSession session;
  session.replica_uuid = kUuid;
  session.heartbeat_period = absl::Milliseconds(7500);
  session.net_write_timeout = absl::Milliseconds(1500);
  const std::string text = absl::StrJoin(DumpSessionStatements(session, /*mariadb=*/false), ";");
  EXPECT_TRUE(absl::StrContains(text, "@source_heartbeat_period=7500000000")) << text;
  EXPECT_TRUE(absl::StrContains(text, "@source_binlog_checksum='CRC32'")) << text;
  EXPECT_TRUE(absl::StrContains(text, "SESSION net_write_timeout=2")) << text;
  EXPECT_TRUE(absl::StrContains(text, "@slave_uuid='911ea5f6")) << text;
  EXPECT_FALSE(absl::StrContains(text, "mariadb")) << text;
}

TEST(DumpCommandTest, SessionOfMariadbTellsItsCapabilityAndStart) {
  DumpSession session;
  const GtidSet start = *GtidSet::Parse("0-1-7,1-2-9");
  session.checksum = false;
  EXPECT_FALSE(absl::StrContains(absl::StrJoin(DumpSessionStatements(session, true), ";"), "@slave_connect_state"));
  session.mariadb_start = &start;
  const std::string text = absl::StrJoin(DumpSessionStatements(session, true), ";");
  EXPECT_TRUE(absl::StrContains(text, "@mariadb_slave_capability=4")) << text;
  EXPECT_TRUE(absl::StrContains(text, "@slave_connect_state='0-1-7,1-2-9'")) << text;
  EXPECT_TRUE(absl::StrContains(text, "'NONE'")) << text;
  EXPECT_FALSE(absl::StrContains(text, "uuid")) << text;
}

}  // namespace
}  // namespace cdc
