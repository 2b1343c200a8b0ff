// SPDX-License-Identifier: Apache-2.0
#include "relay/config/suggestion.h"

#include "gtest/gtest.h"

namespace relay {
namespace {

std::string For(absl::string_view word) {
  Suggestion suggestion(word);
  for (absl::string_view candidate : {"db-host", "db-port", "kafka-host", "retention"}) suggestion.Consider(candidate);
  return suggestion.Words("--");
}

TEST(SuggestionTest, NamesTheNearestCandidate) {
  EXPECT_EQ(For("db-hots"), ", did you mean --db-host?");
  EXPECT_EQ(For("retenton"), ", did you mean --retention?");
  EXPECT_EQ(For("kafka"), ", did you mean --kafka-host?");
}

TEST(SuggestionTest, SaysNothingWhenNoneIsNear) {
  EXPECT_EQ(For("topic"), "");
  EXPECT_EQ(For(""), "");
}

TEST(OneSlipApartTest, TakesOneCharacterOrTwoThatChangedPlaces) {
  for (absl::string_view slip : {"DB_TSL", "DB_TL", "DB_TLSS", "DB_TLX", "B_TLS", "BD_TLS"}) {
    EXPECT_TRUE(OneSlipApart(slip, "DB_TLS")) << slip;
    EXPECT_TRUE(OneSlipApart("DB_TLS", slip)) << slip;
  }
  for (absl::string_view other : {"DB_TLS", "DB_T", "DB_TLS_CA", "DB_SLT", "", "BD_TSL"}) {
    EXPECT_FALSE(OneSlipApart(other, "DB_TLS")) << other;
  }
  EXPECT_FALSE(OneSlipApart("", ""));
  EXPECT_TRUE(OneSlipApart("", "a"));
}

}  // namespace
}  // namespace relay
