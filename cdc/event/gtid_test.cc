// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/gtid.h"

#include <string>

#include "gtest/gtest.h"

namespace cdc {
namespace {

constexpr char kUuid[] = "911ea5f6-0c1b-11ef-9262-0242ac120002";

TEST(GtidTest, PrintsWhatItParses) {
  for (const std::string& text :
       {std::string(kUuid) + ":1", std::string(kUuid) + ":abc:77", std::string(kUuid) + ":9223372036854775806",
        std::string("0-1-7"), std::string("4294967295-4294967295-18446744073709551615")}) {
    const auto gtid = Gtid::Parse(text);
    ASSERT_TRUE(gtid.ok()) << gtid.status();
    EXPECT_EQ(gtid->ToString(), text);
  }
}

TEST(GtidTest, TakesCapitalsAndUuidsWithoutDashesAsTheServerDoes) {
  const auto gtid = Gtid::Parse("911EA5F60C1B11EF92620242AC120002:ABC:5");
  ASSERT_TRUE(gtid.ok()) << gtid.status();
  EXPECT_EQ(gtid->ToString(), std::string(kUuid) + ":abc:5");
}

TEST(GtidTest, RefusesWhatIsNoGtid) {
  const std::string uuid = kUuid;
  for (const std::string& text :
       {std::string(), std::string("1"), std::string("0-1"), std::string("0-1-2-3"), std::string("0-1-x"), uuid,
        uuid + ":", uuid + ":0", uuid + ":9223372036854775807", uuid + ":1tag:1", uuid + ":a:b:1",
        uuid.substr(1) + ":1", uuid + "0:1", uuid + ":a23456789012345678901234567890123:1"}) {
    EXPECT_EQ(Gtid::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(GtidTest, DistinguishesTags) {
  EXPECT_NE(Gtid::Parse(std::string(kUuid) + ":a:1").value(), Gtid::Parse(std::string(kUuid) + ":1").value());
}

}  // namespace
}  // namespace cdc
