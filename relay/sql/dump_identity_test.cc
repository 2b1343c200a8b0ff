// SPDX-License-Identifier: Apache-2.0
#include "relay/sql/dump_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace relay {
namespace {

constexpr char kRelay[] = "7d0f6d1c-8a5e-4a63-9f1e-2f8f0a4d9b11";

TEST(DumpIdentityTest, TheRelaysIdGivesTheSameServerIdEachTime) {
  const uint32_t id = *ChooseServerId(0, kRelay, {});
  EXPECT_GE(id, 0x80000000u) << "small ones are people's";
  EXPECT_EQ(*ChooseServerId(0, kRelay, {}), id);
  EXPECT_NE(*ChooseServerId(0, "another", {}), id);
}

TEST(DumpIdentityTest, AServerIdThatAReplicaHasIsPassedBy) {
  const uint32_t id = *ChooseServerId(0, kRelay, {});
  const std::vector<RegisteredReader> readers = {{id, "db2"}, {id + 1, ""}, {3, "db3"}};
  EXPECT_EQ(*ChooseServerId(0, kRelay, readers), id + 2);
}

TEST(DumpIdentityTest, OurOwnEarlierDumpIsToBeEnded) {
  const uint32_t id = *ChooseServerId(0, kRelay, {});
  EXPECT_EQ(*ChooseServerId(0, kRelay, {{id, ReportedHost(kRelay)}}), id);
  EXPECT_EQ(*ChooseServerId(7, kRelay, {{7, ReportedHost(kRelay)}}), 7u);
}

TEST(DumpIdentityTest, AConfiguredServerIdOfAReplicaIsRefusedByName) {
  const absl::Status status = ChooseServerId(7, kRelay, {{7, "db2"}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()),
              testing::AllOf(testing::HasSubstr("'db2'"), testing::HasSubstr("--relay-server-id")));
}

TEST(DumpIdentityTest, RandomIdentitiesDiffer) {
  std::set<std::string> uuids;
  for (int i = 0; i < 100; ++i) {
    cdc::LiveSourceOptions options;
    SetRandomIdentity(&options);
    EXPECT_GE(options.server_id, 0x80000000u);
    EXPECT_EQ(options.replica_uuid.size(), 36u);
    uuids.insert(options.replica_uuid);
  }
  EXPECT_EQ(uuids.size(), 100u);
}

}  // namespace
}  // namespace relay
