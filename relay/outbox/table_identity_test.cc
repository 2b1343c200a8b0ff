// SPDX-License-Identifier: Apache-2.0
//
// What takes a server is in cleaner_test.cc.
#include "relay/outbox/table_identity.h"

#include "gtest/gtest.h"
#include "relay/state/id_set.h"

namespace relay {
namespace {

IdSet Ids(uint64_t first, uint64_t last) {
  IdSet ids;
  ids.AddRange(first, last);
  return ids;
}

TableIdentity Table(uint64_t next_id, TableIdentity::Verdict verdict = TableIdentity::Verdict::kSame) {
  return {.verdict = verdict, .created = "2026-11-24 02:51:25", .next_id = next_id};
}

TEST(SkippedStillHold, UntilTheirIdsAreToBeGivenAgain) {
  EXPECT_TRUE(SkippedStillHold(Table(1001), Ids(1, 1000)));
  EXPECT_TRUE(SkippedStillHold(Table(1), IdSet()));
  EXPECT_FALSE(SkippedStillHold(Table(1000), Ids(1, 1000)));
  TableIdentity unknown = Table(1001);
  unknown.next_id.reset();
  EXPECT_FALSE(SkippedStillHold(unknown, Ids(1, 1000)));
}

TEST(LedgerStillHolds, WhenTheTableOnlyGrew) {
  EXPECT_TRUE(LedgerStillHolds(Table(2001), Ids(1000, 1500), Ids(1501, 2000)));
  EXPECT_TRUE(LedgerStillHolds(Table(1501), Ids(1000, 1500), IdSet()));
  EXPECT_TRUE(LedgerStillHolds(Table(2001, TableIdentity::Verdict::kRebuilt), Ids(1000, 1500), Ids(1501, 2000)));
  EXPECT_TRUE(LedgerStillHolds(Table(1), IdSet(), Ids(1, 5)));
}

TEST(LedgerStillHolds, NotAfterATruncateHoweverFarTheIdsHaveGrownAgain) {
  EXPECT_FALSE(LedgerStillHolds(Table(1), Ids(1000, 1500), IdSet()));
  EXPECT_FALSE(LedgerStillHolds(Table(900), Ids(1000, 1500), Ids(1, 899)));
  EXPECT_FALSE(LedgerStillHolds(Table(1200), Ids(1000, 1500), Ids(1, 999)));
  EXPECT_FALSE(LedgerStillHolds(Table(9000), Ids(1000, 1500), Ids(1, 999)));
}

TEST(LedgerStillHolds, NotWhenItCannotBeTold) {
  EXPECT_FALSE(LedgerStillHolds(Table(200), Ids(1, 150), Ids(151, 199))) << "the ledger begins where a table does";
  TableIdentity without = Table(2001);
  without.next_id.reset();
  EXPECT_FALSE(LedgerStillHolds(without, Ids(1000, 1500), Ids(1501, 2000)));
  for (const auto verdict : {TableIdentity::Verdict::kOther, TableIdentity::Verdict::kGone}) {
    EXPECT_FALSE(LedgerStillHolds(Table(2001, verdict), Ids(1000, 1500), IdSet()));
  }
}

}  // namespace
}  // namespace relay
