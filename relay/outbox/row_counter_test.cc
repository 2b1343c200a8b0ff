// SPDX-License-Identifier: Apache-2.0
//
// Against real servers: see testing/sql_servers.h.
#include "relay/outbox/row_counter.h"

#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "relay/outbox/outbox_server_fixture.h"

namespace relay {
namespace {

class RowCounterTest : public OutboxServerTest {
 protected:
  // Rows 1 … rows, every third errored, every fifth completed.
  void Fill(int rows) {
    for (int id = 1; id <= rows; ++id) {
      Run(absl::StrCat(
          "INSERT INTO kafka_outbox (id, topic, payload_json, payload_headers, errored, push_completed_at) "
          "VALUES (",
          id, ",'t','{}','{}',", id % 3 == 0, ",", id % 5 == 0 ? "NOW()" : "NULL", ")"));
    }
  }
  // Steps until a count is complete.
  std::optional<RowCounts> Count(RowCounter* counter, const std::vector<OutboxSchema>& tables, int steps) {
    for (int step = 1; step <= steps; ++step) {
      const auto counted = counter->Step(session(), tables);
      EXPECT_TRUE(counted.ok()) << counted.status();
      if (!counted.ok()) return std::nullopt;
      EXPECT_EQ(counted->has_value(), step == steps) << "step " << step;
      if (counted->has_value()) return *counted;
    }
    return std::nullopt;
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, RowCounterTest, testing_servers::EachServer(), testing_servers::ServerName);

TEST_P(RowCounterTest, CountsInChunksAndThenAnew) {
  const OutboxSchema table = tables_[0];
  Fill(10);
  RowCounter counter(4);
  EXPECT_EQ(Count(&counter, {table}, 3), (RowCounts{10, 3, 2}));
  Run("UPDATE kafka_outbox SET errored=0 WHERE id=3");
  EXPECT_EQ(Count(&counter, {table}, 3), (RowCounts{10, 2, 2}));
}

TEST_P(RowCounterTest, AddsTheTablesAndTakesOneThatIsGoneForEmpty) {
  const OutboxSchema table = tables_[0];
  Fill(8);
  OutboxSchema gone = table;
  gone.table = "nowhere";
  RowCounter counter(4);
  const std::optional<RowCounts> counts = Count(&counter, {table, gone, table}, 3 + 1 + 3);
  EXPECT_EQ(counts, (RowCounts{16, 4, 2}));
  EXPECT_EQ(counts->pending(), 10u);
}

}  // namespace
}  // namespace relay
