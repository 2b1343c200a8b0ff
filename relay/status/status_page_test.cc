// SPDX-License-Identifier: Apache-2.0
#include "relay/status/status_page.h"

#include "gtest/gtest.h"

namespace relay {
namespace {

TEST(StatusPageTest, DurationsReadWell) {
  EXPECT_EQ(ReadableDuration(-absl::Seconds(1)), "just now");
  EXPECT_EQ(ReadableDuration(absl::Milliseconds(900)), "just now");
  EXPECT_EQ(ReadableDuration(absl::Seconds(12)), "12 s");
  EXPECT_EQ(ReadableDuration(absl::Seconds(185)), "3 min 5 s");
  EXPECT_EQ(ReadableDuration(absl::Hours(1)), "1 h");
  EXPECT_EQ(ReadableDuration(absl::Minutes(130)), "2 h 10 min");
  EXPECT_EQ(ReadableDuration(absl::Hours(123)), "5 d 3 h");
}

TEST(StatusPageTest, CountsAndSizesReadWell) {
  EXPECT_EQ(ReadableCount(0), "0");
  EXPECT_EQ(ReadableCount(999), "999");
  EXPECT_EQ(ReadableCount(1234567), "1,234,567");
  EXPECT_EQ(ReadableBytes(1023), "1023 B");
  EXPECT_EQ(ReadableBytes(1536), "1.5 KiB");
  EXPECT_EQ(ReadableBytes(uint64_t{3} << 40), "3.0 TiB");
}

TEST(StatusPageTest, NothingIsSaidToBePendingOnlyWhenTheLogIsRead) {
  RelayStatus status;
  EXPECT_EQ(StatusPage(status, absl::UnixEpoch()).find("nothing is pending"), std::string::npos);
  status.source.connected = true;
  EXPECT_NE(StatusPage(status, absl::UnixEpoch()).find("nothing is pending"), std::string::npos);
  status.source.ahead_bytes = 3 << 20;
  EXPECT_NE(StatusPage(status, absl::UnixEpoch()).find("3.0 MiB of log to go"), std::string::npos);
  status.unacknowledged_rows = 5;
  EXPECT_NE(StatusPage(status, absl::UnixEpoch()).find("5 rows not acknowledged, 3.0 MiB"), std::string::npos);
}

TEST(StatusPageTest, ARelayThatLacksOneSideIsNotShownAsWell) {
  RelayStatus status;
  status.state = RelayState::kStreaming;
  status.source.connected = true;
  EXPECT_NE(StatusPage(status, absl::UnixEpoch()).find("state warn"), std::string::npos);
  status.kafka.connected = true;
  EXPECT_NE(StatusPage(status, absl::UnixEpoch()).find("state good"), std::string::npos);
}

TEST(StatusPageTest, EveryStateHasItsNameOnThePage) {
  for (int state = 0; state <= static_cast<int>(RelayState::kStopping); ++state) {
    RelayStatus status;
    status.state = static_cast<RelayState>(state);
    const std::string name(RelayStateName(status.state));
    EXPECT_FALSE(name.empty());
    EXPECT_NE(StatusPage(status, absl::UnixEpoch()).find(">" + name + "<"), std::string::npos);
  }
}

}  // namespace
}  // namespace relay
