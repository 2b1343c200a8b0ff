// SPDX-License-Identifier: Apache-2.0
#include "relay/sql/primary_finder.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace relay {
namespace {

constexpr char kUuid[] = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

cdc::GtidSet Gtids(const std::string& numbers) { return *cdc::GtidSet::Parse(std::string(kUuid) + ":" + numbers); }

ServerInfo With(const std::string& numbers) {
  ServerInfo server;
  server.gtid_mode = "ON";
  server.gtid_executed = Gtids(numbers);
  return server;
}

TEST(ChoosePrimary, TakesTheFirstThatHasEverythingWeHaveSeen) {
  const std::vector<ServerInfo> servers = {With("1-80"), With("1-120"), With("1-100")};
  EXPECT_EQ(ChoosePrimary(servers, Gtids("1-100"), false), 1);
}

TEST(ChoosePrimary, WaitsForOneThatHas) {
  const std::vector<ServerInfo> servers = {With("1-80"), With("1-90")};
  EXPECT_EQ(ChoosePrimary(servers, Gtids("1-100"), false), std::nullopt);
}

TEST(ChoosePrimary, AfterTheGraceTheOneThatHasMostIsTaken) {
  const std::vector<ServerInfo> servers = {With("1-80"), With("1-90"), With("1-70:200-900")};
  EXPECT_EQ(ChoosePrimary(servers, Gtids("1-100"), true), 1);
}

TEST(ChoosePrimary, AServerWithoutGtidsOrAStreamWithoutPastIsTakenAsItIs) {
  ServerInfo plain;
  plain.gtid_mode = "OFF";
  EXPECT_EQ(ChoosePrimary({plain}, Gtids("1-100"), false), 0);
  EXPECT_EQ(ChoosePrimary({With("1-80")}, cdc::GtidSet(), false), 0);
  EXPECT_EQ(ChoosePrimary({}, cdc::GtidSet(), true), std::nullopt);
}

}  // namespace
}  // namespace relay
