// SPDX-License-Identifier: Apache-2.0
#include "relay/status/relay_status.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace relay {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(StatusBoardTest, ASnapshotIsWhatWasLastUpdated) {
  StatusBoard board;
  board.Update([](RelayStatus& status) {
    status.state = RelayState::kStreaming;
    status.source.host = "db:3306";
  });
  const RelayStatus snapshot = board.Snapshot();
  EXPECT_EQ(snapshot.state, RelayState::kStreaming);
  EXPECT_EQ(snapshot.source.host, "db:3306");
}

TEST(StatusBoardTest, OnlyThreadsThatBeatAreWatched) {
  StatusBoard board;
  EXPECT_THAT(board.Stuck(absl::ZeroDuration()), IsEmpty());
  board.Beat(RelayThread::kStream);
  board.Beat(RelayThread::kSql);
  EXPECT_THAT(board.Stuck(absl::Hours(1)), IsEmpty());
  EXPECT_THAT(board.Stuck(-absl::Seconds(1)), ElementsAre("stream", "sql"));
  board.End(RelayThread::kStream);
  EXPECT_THAT(board.Stuck(-absl::Seconds(1)), ElementsAre("sql"));
}

}  // namespace
}  // namespace relay
