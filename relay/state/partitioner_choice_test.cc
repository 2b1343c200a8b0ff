// SPDX-License-Identifier: Apache-2.0

#include "relay/state/partitioner_choice.h"

#include <string>

#include "gtest/gtest.h"

namespace relay {
namespace {

using kafka::Partitioner;

TEST(PartitionerChoiceTest, NewTableTakesMurmur2) {
  EXPECT_EQ(ChoosePartitioner({})->partitioner, Partitioner::kMurmur2);
}

TEST(PartitionerChoiceTest, TableOfThePollingRelayKeepsItsPartitioner) {
  const auto decision = ChoosePartitioner({.polling_relay_marks = true});
  EXPECT_EQ(decision->partitioner, Partitioner::kFnv1a);
  EXPECT_NE(decision->reason.find("polling relay"), std::string::npos);
}

TEST(PartitionerChoiceTest, FlagWinsOverThePollingRelaysMarks) {
  const auto decision = ChoosePartitioner({.wanted = Partitioner::kCrc32, .polling_relay_marks = true});
  EXPECT_EQ(decision->partitioner, Partitioner::kCrc32);
  EXPECT_NE(decision->reason.find("move"), std::string::npos);
}

TEST(PartitionerChoiceTest, StoredChoiceWinsOverMarksAndDefault) {
  for (const bool marks : {false, true}) {
    const auto decision = ChoosePartitioner({.stored = "crc32", .polling_relay_marks = marks});
    EXPECT_EQ(decision->partitioner, Partitioner::kCrc32);
    EXPECT_FALSE(decision->changed);
  }
  EXPECT_EQ(ChoosePartitioner({.wanted = Partitioner::kFnv1a, .stored = "fnv1a"})->partitioner, Partitioner::kFnv1a);
}

TEST(PartitionerChoiceTest, ChangeIsRefusedNamingTheFlagThatForcesIt) {
  const auto refused = ChoosePartitioner({.wanted = Partitioner::kMurmur2, .stored = "fnv1a"});
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status()));
  EXPECT_NE(refused.status().message().find("--force-partitioner"), absl::string_view::npos);
  const auto forced = ChoosePartitioner({.wanted = Partitioner::kMurmur2, .force = true, .stored = "fnv1a"});
  ASSERT_TRUE(forced.ok());
  EXPECT_EQ(forced->partitioner, Partitioner::kMurmur2);
  EXPECT_TRUE(forced->changed);
}

TEST(PartitionerChoiceTest, ForceAloneChangesNothing) {
  const auto decision = ChoosePartitioner({.force = true, .stored = "fnv1a"});
  EXPECT_EQ(decision->partitioner, Partitioner::kFnv1a);
  EXPECT_FALSE(decision->changed);
}

TEST(PartitionerChoiceTest, UnknownStoredChoiceIsNotGuessed) {
  EXPECT_TRUE(absl::IsDataLoss(ChoosePartitioner({.stored = "sha1"}).status()));
}

}  // namespace
}  // namespace relay
