// SPDX-License-Identifier: Apache-2.0
#include "relay/state/file_checkpoint_store.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace relay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class FileCheckpointStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "/" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove(path_);
  }
  std::unique_ptr<CheckpointStore> Open() {
    absl::StatusOr<std::unique_ptr<CheckpointStore>> store = OpenFileCheckpointStore(path_, random_);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  void Write(const std::string& content) { std::ofstream(path_) << content; }

  absl::BitGen random_;
  std::string path_;
};

LedgerPart Part(LedgerMinute minute, bool replace, std::initializer_list<uint64_t> ids) {
  LedgerPart part{.schema = "shop", .minute = minute, .replace = replace, .ids = {}};
  for (const uint64_t id : ids) part.ids.Add(id);
  return part;
}

TEST_F(FileCheckpointStoreTest, BeginsWithANewRelayIdAndNoPosition) {
  const absl::StatusOr<LoadedCheckpoint> loaded = Open()->Load(nullptr);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_FALSE(loaded->checkpoint.has_position());
  EXPECT_EQ(loaded->checkpoint.relay_id.size(), 36);
  EXPECT_FALSE(loaded->saved_at.has_value());
}

TEST_F(FileCheckpointStoreTest, KeepsPositionAndLedgerForTheNextProcess) {
  std::string relay_id;
  {
    const std::unique_ptr<CheckpointStore> store = Open();
    LoadedCheckpoint loaded = *store->Load(nullptr);
    relay_id = loaded.checkpoint.relay_id;
    loaded.checkpoint.position = {"binlog.000001", 4};
    LedgerDelta first;
    first.parts.push_back(Part(10, false, {1, 2}));
    first.parts.push_back(Part(kSkippedMinute, true, {9}));
    ASSERT_TRUE(store->Save(nullptr, loaded.checkpoint, first).ok());
    LedgerDelta second;
    second.parts.push_back(Part(10, false, {3}));
    second.parts.push_back(Part(11, false, {4}));
    loaded.checkpoint.position = {"binlog.000001", 500};
    ASSERT_TRUE(store->Save(nullptr, loaded.checkpoint, second).ok());
    ASSERT_TRUE(store->Save(nullptr, loaded.checkpoint, second).ok()) << "the same again does no harm";
  }
  const std::unique_ptr<CheckpointStore> store = Open();
  const absl::StatusOr<LoadedCheckpoint> loaded = store->Load(nullptr);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->checkpoint.relay_id, relay_id);
  EXPECT_EQ(loaded->checkpoint.position.ToString(), "binlog.000001:500");
  EXPECT_TRUE(loaded->saved_at.has_value());
  Ledger ledger({"shop"});
  ledger.Load(loaded->ledger);
  EXPECT_EQ(ledger.All(0).Smallest(9), (std::vector<uint64_t>{1, 2, 3, 4}));
  EXPECT_EQ(ledger.MinuteOf(0, 4), 11);
  EXPECT_TRUE(ledger.Skipped(0).Contains(9));

  LedgerDelta voided;
  voided.voided.push_back("shop");
  ASSERT_TRUE(store->Save(nullptr, loaded->checkpoint, voided).ok());
  const absl::StatusOr<LoadedCheckpoint> after = store->Load(nullptr);
  ASSERT_EQ(after->ledger.size(), 1);
  EXPECT_EQ(after->ledger[0].minute, kSkippedMinute);
}

TEST_F(FileCheckpointStoreTest, RefusesASecondRelayOfTheHost) {
  const std::unique_ptr<CheckpointStore> first = Open();
  const absl::Status second = OpenFileCheckpointStore(path_, random_).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(second.message(), HasSubstr("in use"));
}

TEST_F(FileCheckpointStoreTest, DamageIsDataLossThatNamesTheFile) {
  for (const char* content : {"", "{", "[]", "{\"checkpoint\": {}}", "{\"checkpoint\": {\"format\": 1}}",
                              "{\"checkpoint\": {\"format\": 1}, \"ledger\": [{\"schema\": \"a\"}]}"}) {
    Write(content);
    const absl::Status status = Open()->Load(nullptr).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << content;
  }
}

TEST_F(FileCheckpointStoreTest, RefusesANewerFormat) {
  Write("{\"checkpoint\": {\"format\": 99}, \"ledger\": []}");
  EXPECT_EQ(Open()->Load(nullptr).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(FileCheckpointStoreTest, AFolderThatIsNotThereIsNamed) {
  path_ = "/nowhere/at/all";
  const absl::Status status = OpenFileCheckpointStore(path_, random_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("/nowhere/at/all"), HasSubstr("--checkpoint-file")));
  EXPECT_EQ(CheckCheckpointFile(path_).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(FileCheckpointStoreTest, CheckingLocksAndMakesNothing) {
  EXPECT_TRUE(CheckCheckpointFile(path_).ok()) << CheckCheckpointFile(path_);
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
  EXPECT_NE(access((path_ + ".lock").c_str(), F_OK), 0);
  const std::unique_ptr<CheckpointStore> relay_at_work = Open();
  EXPECT_TRUE(CheckCheckpointFile(path_).ok());
}

}  // namespace
}  // namespace relay
