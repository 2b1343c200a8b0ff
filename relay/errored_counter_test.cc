// SPDX-License-Identifier: Apache-2.0
//
// Against real servers: see testing/sql_servers.h.
#include "relay/errored_counter.h"

#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "relay/migrations.h"
#include "testing/sql_servers.h"

namespace relay {
namespace {

class ErroredCounterTest : public testing_servers::SqlServerTest {
 protected:
  OutboxSchema Table() {
    MigrationOptions options;
    options.schemas = {schema()};
    const auto schemas = Migrate(session(), options);
    EXPECT_TRUE(schemas.ok()) << schemas.status();
    return schemas.ok() ? (*schemas)[0] : OutboxSchema();
  }
  // Rows 1 … rows, every third errored.
  void Fill(int rows) {
    for (int id = 1; id <= rows; ++id) {
      Run(absl::StrCat("INSERT INTO kafka_outbox (id, topic, payload_json, payload_headers, errored) VALUES (", id,
                       ",'t','{}','{}',", id % 3 == 0, ")"));
    }
  }
  // Steps until a count is complete.
  std::optional<uint64_t> Count(ErroredCounter* counter, const std::vector<OutboxSchema>& tables, int steps) {
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

INSTANTIATE_TEST_SUITE_P(Servers, ErroredCounterTest, testing_servers::EachServer(), testing_servers::ServerName);

TEST_P(ErroredCounterTest, CountsInChunksAndThenAnew) {
  const OutboxSchema table = Table();
  Fill(10);
  ErroredCounter counter(4);
  EXPECT_EQ(Count(&counter, {table}, 3), 3u);
  Run("UPDATE kafka_outbox SET errored=0 WHERE id=3");
  EXPECT_EQ(Count(&counter, {table}, 3), 2u);
}

TEST_P(ErroredCounterTest, AddsTheTablesAndTakesOneThatIsGoneForEmpty) {
  const OutboxSchema table = Table();
  Fill(8);
  OutboxSchema gone = table;
  gone.table = "nowhere";
  ErroredCounter counter(4);
  EXPECT_EQ(Count(&counter, {table, gone, table}, 3 + 1 + 3), 4u);
}

}  // namespace
}  // namespace relay
