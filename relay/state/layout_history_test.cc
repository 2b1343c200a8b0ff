// SPDX-License-Identifier: Apache-2.0
#include "relay/state/layout_history.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

cdc::TableLayout Layout(const std::string& column) {
  cdc::TableLayout layout;
  layout.columns.emplace_back().name = column;
  return layout;
}

cdc::BinlogPosition Place(uint64_t offset) { return {"binlog.000001", offset}; }

std::string ColumnAt(const LayoutHistory& history, uint64_t offset) {
  const std::optional<cdc::TableLayout> layout = history.At("app", "t", Place(offset));
  return layout.has_value() ? layout->columns.at(0).name : "(unproven)";
}

TEST(LayoutHistoryTest, ALayoutHoldsFromItsProofUntilTheChange) {
  LayoutHistory history;
  history.Add("app", "t", Layout("a"), Place(100));
  EXPECT_EQ(ColumnAt(history, 99), "(unproven)");
  EXPECT_EQ(ColumnAt(history, 100), "a");
  EXPECT_EQ(ColumnAt(history, 5000), "a");
  history.Change("app", "t", Place(200));
  EXPECT_EQ(ColumnAt(history, 199), "a") << "a reconnect goes back before the change";
  EXPECT_EQ(ColumnAt(history, 200), "(unproven)");
  history.Add("app", "t", Layout("b"), Place(300));
  EXPECT_EQ(ColumnAt(history, 150), "a");
  EXPECT_EQ(ColumnAt(history, 299), "(unproven)");
  EXPECT_EQ(ColumnAt(history, 300), "b");
}

TEST(LayoutHistoryTest, ComingPastAChangeAgainTakesNothingBack) {
  LayoutHistory history;
  history.Add("app", "t", Layout("a"), {});
  history.Change("app", "t", Place(200));
  history.Add("app", "t", Layout("b"), Place(300));
  history.Change("app", "t", Place(200));
  EXPECT_EQ(ColumnAt(history, 300), "b");
  EXPECT_EQ(ColumnAt(history, 4), "a");
}

TEST(LayoutHistoryTest, AnotherServerKeepsALayoutThatHeldAllAlong) {
  LayoutHistory history;
  history.SetServer("one");
  history.Add("app", "t", Layout("a"), Place(100));
  history.SetServer("two");
  EXPECT_EQ(ColumnAt(history, 4), "a");
  history.Change("app", "t", Place(50));
  history.SetServer("three");
  EXPECT_EQ(ColumnAt(history, 4), "(unproven)");
}

// A row that waits since before the change is read again there, and the change stands nobody knows where.
TEST(LayoutHistoryTest, AnotherServerKeepsNeitherSideOfAChangeThatTheStreamMayGoBackBefore) {
  LayoutHistory history;
  history.SetServer("one");
  history.Add("app", "t", Layout("a"), Place(100));
  history.Change("app", "t", Place(200));
  history.Add("app", "t", Layout("b"), Place(300));
  history.ForgetBefore(Place(199));
  history.SetServer("one");
  EXPECT_EQ(ColumnAt(history, 150), "a");
  history.SetServer("two");
  EXPECT_EQ(ColumnAt(history, 4), "(unproven)");
  EXPECT_EQ(ColumnAt(history, 300), "(unproven)");
}

TEST(LayoutHistoryTest, AnotherServerKeepsTheLayoutBehindAChangeThatIsDone) {
  LayoutHistory history;
  history.SetServer("one");
  history.Add("app", "t", Layout("a"), Place(100));
  history.Change("app", "t", Place(200));
  history.Add("app", "t", Layout("b"), Place(300));
  history.ForgetBefore(Place(200));
  history.SetServer("two");
  EXPECT_EQ(ColumnAt(history, 4), "b");
}

TEST(LayoutHistoryTest, WhatIsToBeReadAgainIsKnownBehindAnyNumberOfChanges) {
  LayoutHistory history;
  history.Add("app", "t", Layout("0"), {});
  for (int change = 1; change <= 9; ++change) {
    history.Change("app", "t", Place(change * 100));
    history.Add("app", "t", Layout(std::to_string(change)), Place(change * 100));
    history.ForgetBefore(Place(50));
  }
  EXPECT_EQ(ColumnAt(history, 50), "0") << "a row waits here";
  EXPECT_EQ(ColumnAt(history, 750), "7");
  history.ForgetBefore(Place(450));
  EXPECT_EQ(ColumnAt(history, 50), "(unproven)");
  EXPECT_EQ(ColumnAt(history, 450), "4");
}

TEST(LayoutHistoryTest, TablesAreKeptApart) {
  LayoutHistory history;
  history.Add("app", "t", Layout("a"), {});
  EXPECT_FALSE(history.At("app", "u", Place(4)).has_value());
  EXPECT_FALSE(history.At("other", "t", Place(4)).has_value());
}

}  // namespace
}  // namespace relay
