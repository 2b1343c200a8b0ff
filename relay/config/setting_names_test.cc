// SPDX-License-Identifier: Apache-2.0
#include "relay/config/setting_names.h"

#include <gtest/gtest.h>

#include "cdc/source/server_error.h"

namespace relay {
namespace {

absl::Status Error(uint32_t number) {
  return cdc::ServerErrorStatus({number, "HY000", "said"}, "db1:3306", cdc::ServerErrorPhase::kConnecting);
}

TEST(NameSettingsTest, AppendsTheSettingsOnce) {
  const absl::Status named = NameSettings(Error(1045));
  EXPECT_NE(named.message().find("--db-user/DB_USER"), std::string::npos);
  EXPECT_NE(named.message().find("DB_PASS_FILE"), std::string::npos);
  EXPECT_EQ(NameSettings(named), named);
}

TEST(NameSettingsTest, KeepsCodeAndNumber) {
  const absl::Status named = NameSettings(Error(1049));
  EXPECT_EQ(named.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(cdc::ServerErrorNumber(named), 1049u);
}

TEST(NameSettingsTest, LeavesWhatNoSettingCures) {
  EXPECT_EQ(NameSettings(Error(1213)), Error(1213));
  EXPECT_EQ(NameSettings(absl::OkStatus()), absl::OkStatus());
}

}  // namespace
}  // namespace relay
