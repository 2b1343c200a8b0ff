// SPDX-License-Identifier: Apache-2.0
//
// Against real servers: see testing/sql_servers.h.
#include "relay/outbox/pending_rows.h"

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "relay/outbox/migrations.h"
#include "testing/sql_servers.h"

namespace relay {
namespace {

class PendingRowsTest : public testing_servers::SqlServerTest {
 protected:
  // Makes the table, by `create` or by the migrations, and reads what it is.
  OutboxSchema Table(const std::string& create = "") {
    if (!create.empty()) Run(create);
    MigrationOptions options;
    options.schemas = {schema()};
    options.skip_outbox_tables = !create.empty();
    const auto schemas = Migrate(session(), options);
    EXPECT_TRUE(schemas.ok()) << schemas.status();
    return schemas.ok() ? (*schemas)[0] : OutboxSchema();
  }
  void Insert(const std::string& values) {
    Run(absl::StrCat("INSERT INTO kafka_outbox (id, topic, payload_json, payload_headers) VALUES ", values));
  }
  std::map<uint64_t, std::string> Read(const OutboxSchema& table, const std::vector<uint64_t>& ids, OutboxColumn column,
                                       const ReadRowsOptions& options = {}) {
    std::map<uint64_t, std::string> found;
    const absl::Status status =
        ReadRows(session(), table, ids, options, [&](uint64_t id, absl::Span<const cdc::ColumnValue> columns) {
          EXPECT_EQ(columns.size(), kOutboxColumnCount);
          found[id] = columns[column].has_value() ? std::string(columns[column].text)
                      : columns[column].is_null() ? "NULL"
                                                  : "absent";
          return absl::OkStatus();
        });
    EXPECT_TRUE(status.ok()) << status;
    return found;
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, PendingRowsTest, testing_servers::EachServer(), testing_servers::ServerName);

TEST_P(PendingRowsTest, ReadsTheIdsThatAreNeitherErroredNorCompletedInChunksOfAnySize) {
  const OutboxSchema table = Table();
  Insert("(1,'t','{}','{}'),(2,'t','{}','{}'),(3,'t','{}','{}'),(4,'t','{}','{}'),(900,'t','{}','{}')");
  Run("UPDATE kafka_outbox SET errored=1 WHERE id=2");
  Run("UPDATE kafka_outbox SET push_completed_at=NOW() WHERE id=3");
  Run("UPDATE kafka_outbox SET batch_id='b', push_started_at=NOW() WHERE id=4");
  for (const uint32_t chunk : {1, 2, 3, 4, 1000}) {
    const absl::StatusOr<IdSet> ids = ReadPendingIds(session(), table, chunk, nullptr);
    ASSERT_TRUE(ids.ok()) << ids.status();
    EXPECT_EQ(ids->Smallest(9), (std::vector<uint64_t>{1, 4, 900})) << chunk;
  }
}

TEST_P(PendingRowsTest, UncommittedRowsAreNotPending) {
  const OutboxSchema table = Table();
  const std::unique_ptr<SqlSession> application = Connect();
  ASSERT_TRUE(application->Begin().ok());
  ASSERT_TRUE(application
                  ->Execute(absl::StrCat("INSERT INTO ", schema(),
                                         ".kafka_outbox (topic, payload_json, payload_headers) VALUES ('t','{}','{}')"))
                  .ok());
  EXPECT_TRUE(ReadPendingIds(session(), table, 10, nullptr)->empty());
  ASSERT_TRUE(application->Commit().ok());
  EXPECT_EQ(ReadPendingIds(session(), table, 10, nullptr)->size(), 1);
}

TEST_P(PendingRowsTest, IdsOfSignedAndUnsignedTablesAreReadOverTheirWholeRange) {
  const std::string columns =
      ", topic VARCHAR(9), payload_json TEXT, payload_headers TEXT, errored INT NULL, error_reason TEXT, push_attempts "
      "INT, push_completed_at DATETIME)";
  const OutboxSchema negative = Table("CREATE TABLE kafka_outbox (id BIGINT PRIMARY KEY" + columns);
  Insert("(-5,'t','{}','{}'),(-4,'t','{}','{}'),(3,'t','{}','{}')");
  EXPECT_EQ(ReadPendingIds(session(), negative, 2, nullptr)->Smallest(9),
            (std::vector<uint64_t>{3, static_cast<uint64_t>(-5), static_cast<uint64_t>(-4)}));
  EXPECT_EQ(Read(negative, {3, static_cast<uint64_t>(-5)}, kId),
            (std::map<uint64_t, std::string>{{3, "3"}, {static_cast<uint64_t>(-5), "-5"}}));
  Run("DROP TABLE kafka_outbox");
  const OutboxSchema large = Table("CREATE TABLE kafka_outbox (id BIGINT UNSIGNED PRIMARY KEY" + columns);
  Insert("(18446744073709551615,'t','{}','{}'),(18446744073709551614,'t','{}','{}'),(1,'t','{}','{}')");
  EXPECT_EQ(ReadPendingIds(session(), large, 1, nullptr)->size(), 3);
  EXPECT_EQ(Read(large, {~uint64_t{0}}, kTopic).size(), 1);
}

TEST_P(PendingRowsTest, RowsComeAsSelectPrintsThem) {
  const OutboxSchema table = Table();
  const std::string json = "{\"ü\": [1.0, 1e100, \"\\\"q\\\\\\n\", \"日本😀\", null]}";
  ASSERT_TRUE(session()
                  ->Execute("INSERT INTO kafka_outbox (id, topic, payload_json, payload_headers, `key`) VALUES (1, "
                            "'tópic', ?, '{\"a\": \"b\"}', 'k')",
                            {json})
                  .ok());
  EXPECT_EQ(Read(table, {1}, kPayloadJson)[1], Select("SELECT payload_json FROM kafka_outbox"));
  EXPECT_EQ(Read(table, {1}, kTopic)[1], "tópic");
  EXPECT_EQ(Read(table, {1}, kKey)[1], "k");
  EXPECT_EQ(Read(table, {1}, kErrored)[1], "0");
  EXPECT_EQ(Read(table, {1}, kBatchId)[1], "NULL");
}

TEST_P(PendingRowsTest, BytesAndOtherCharsetsKeepTheirContent) {
  const OutboxSchema table = Table(
      "CREATE TABLE kafka_outbox (id BIGINT PRIMARY KEY, topic VARCHAR(9) CHARACTER SET latin1, payload_json "
      "LONGBLOB, payload_headers TEXT, errored INT NOT NULL DEFAULT 0, error_reason TEXT, push_attempts INT, "
      "push_completed_at DATETIME, `KEY` VARBINARY(20))");
  const std::string bytes("\x00\xff'\\\"\n\xc3\x28", 8);
  ASSERT_TRUE(session()
                  ->Execute("INSERT INTO kafka_outbox (id, topic, payload_json, `key`) VALUES (1, 'ü', ?, ?)",
                            {SqlBytes{bytes}, SqlBytes{bytes}})
                  .ok());
  EXPECT_EQ(Read(table, {1}, kPayloadJson)[1], bytes);
  EXPECT_EQ(Read(table, {1}, kKey)[1], bytes);
  EXPECT_EQ(Read(table, {1}, kTopic)[1], "ü");
  EXPECT_EQ(Read(table, {1}, kPayloadHeaders)[1], "NULL");
  EXPECT_EQ(Read(table, {1}, kPartitionKey)[1], "absent");
}

TEST_P(PendingRowsTest, RowsThatAreGoneAreLeftOutAndThoseNoLongerPendingOnRequest) {
  const OutboxSchema table = Table();
  Insert("(1,'a','{}','{}'),(2,'b','{}','{}'),(3,'c','{}','{}')");
  Run("UPDATE kafka_outbox SET errored=1 WHERE id=2");
  EXPECT_EQ(Read(table, {1, 2, 3, 4}, kTopic), (std::map<uint64_t, std::string>{{1, "a"}, {2, "b"}, {3, "c"}}));
  EXPECT_EQ(Read(table, {1, 2, 4}, kTopic, {.only_pending = true}), (std::map<uint64_t, std::string>{{1, "a"}}));
}

TEST_P(PendingRowsTest, ForShareWaitsForTheTransactionThatIsChangingTheRow) {
  const OutboxSchema table = Table();
  Insert("(1,'before','{}','{}')");
  const std::unique_ptr<SqlSession> application = Connect();
  ASSERT_TRUE(application->Begin().ok());
  ASSERT_TRUE(application->Execute(absl::StrCat("UPDATE ", schema(), ".kafka_outbox SET topic='after'")).ok());
  EXPECT_EQ(Read(table, {1}, kTopic)[1], "before");
  std::thread commit([&] {
    // Once the reader waits for the lock, let it go.
    const std::unique_ptr<SqlSession> watcher = Connect();
    for (int i = 0; i < 500; ++i) {
      const auto waiting =
          watcher->QueryValue("SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_state='LOCK WAIT'");
      if (!waiting.ok() || waiting->value_or("0") != "0") break;
    }
    EXPECT_TRUE(application->Commit().ok());
  });
  EXPECT_EQ(Read(table, {1}, kTopic, {.for_share = true})[1], "after");
  commit.join();
}

TEST_P(PendingRowsTest, ATableThatStoresNothingHasNothingPending) {
  OutboxSchema table = Table();
  table.engine = "BLACKHOLE";
  EXPECT_TRUE(ReadPendingIds(session(), table, 10, nullptr)->empty());
}

TEST_P(PendingRowsTest, ATableThatWasDroppedHasNothingPending) {
  const OutboxSchema table = Table();
  Run("DROP TABLE kafka_outbox");
  const absl::StatusOr<IdSet> ids = ReadPendingIds(session(), table, 10, nullptr);
  ASSERT_TRUE(ids.ok()) << ids.status();
  EXPECT_TRUE(ids->empty());
  EXPECT_TRUE(Read(table, {1, 2}, kTopic).empty());
}

TEST_P(PendingRowsTest, StopEndsTheReading) {
  const OutboxSchema table = Table();
  absl::Notification stop;
  stop.Notify();
  EXPECT_EQ(ReadPendingIds(session(), table, 10, &stop).status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace relay
