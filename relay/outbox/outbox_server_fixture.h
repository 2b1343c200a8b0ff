// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_OUTBOX_OUTBOX_SERVER_FIXTURE_H_
#define RELAY_OUTBOX_OUTBOX_SERVER_FIXTURE_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "relay/outbox/migrations.h"
#include "relay/outbox/outbox_schema.h"
#include "testing/sql_servers.h"

namespace relay {

// Base of a test on real servers whose schema has an outbox table and the relay's own tables, as the migrations make
// them. A SetUp() of its own begins with this one's, and ends where `tables_` is empty: there is no server.
class OutboxServerTest : public testing_servers::SqlServerTest {
 protected:
  void SetUp() override {
    SqlServerTest::SetUp();
    if (session() == nullptr) return;
    MigrationOptions options;
    options.schemas = {schema()};
    options.state_schema = schema();
    auto tables = Migrate(session(), options);
    ASSERT_TRUE(tables.ok()) << tables.status();
    tables_ = *std::move(tables);
  }

  // Rows with these ids.
  void Insert(uint64_t first, uint64_t last) {
    for (uint64_t id = first; id <= last; ++id) {
      Run(absl::StrCat("INSERT INTO kafka_outbox (id, topic, payload_json, payload_headers) VALUES (", id,
                       ",'t','{}','{}')"));
    }
  }

  std::vector<OutboxSchema> tables_;
};

}  // namespace relay

#endif  // RELAY_OUTBOX_OUTBOX_SERVER_FIXTURE_H_
