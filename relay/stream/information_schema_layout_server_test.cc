// SPDX-License-Identifier: Apache-2.0
//
// Against a real server; see cdc/source/live_source_server_test.cc for its variables.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "relay/sql/server_info.h"
#include "relay/stream/information_schema_layout.h"
#include "testing/given_server.h"

namespace relay {
namespace {

class InformationSchemaLayoutServerTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::optional<testing_servers::GivenServer> server = testing_servers::ServerFromEnvironment();
    if (!server) GTEST_SKIP() << "OUTBOX_RELAY_TEST_SERVER is not set";
    options_.endpoint.hosts = {{server->host, server->port, ""}};
    options_.endpoint.user = server->user;
    options_.endpoint.password = server->password;
    absl::StatusOr<std::unique_ptr<SqlSession>> session = SqlConnector(options_.endpoint).Connect();
    ASSERT_TRUE(session.ok()) << session.status();
    session_ = *std::move(session);
    Run("DROP DATABASE IF EXISTS layouts");
    Run("CREATE DATABASE layouts");
    Run("CREATE TABLE layouts.t (a INT PRIMARY KEY, b VARCHAR(9) NOT NULL DEFAULT 'x')");
    layouts_ = std::make_unique<InformationSchemaLayout>(options_, session_.get(), &history_, "this");
  }

  void Run(absl::string_view sql) {
    const absl::Status status = session_->Execute(sql).status();
    ASSERT_TRUE(status.ok()) << status;
  }

  cdc::BinlogPosition Here() {
    const absl::StatusOr<LogEnd> end = AskLogEnd(session_.get());
    EXPECT_TRUE(end.ok()) << end.status();
    return end.ok() ? end->position : cdc::BinlogPosition();
  }

  // The names of the columns at a place, or why they are not known.
  std::string ColumnsAt(const cdc::BinlogPosition& at) {
    const absl::StatusOr<cdc::TableLayout> layout = layouts_->LayoutOf("layouts", "t", at);
    if (!layout.ok()) return layout.status().ToString();
    std::string names;
    for (const cdc::ColumnDefinition& column : layout->columns) names += column.name;
    return names;
  }

  InformationSchemaLayout::Options options_;
  LayoutHistory history_;
  std::unique_ptr<SqlSession> session_;
  std::unique_ptr<InformationSchemaLayout> layouts_;
};

TEST_F(InformationSchemaLayoutServerTest, ColumnsAreProvenWhenNoDdlFollows) {
  const cdc::BinlogPosition before = Here();
  Run("INSERT INTO layouts.t VALUES (1, 'a')");
  Run("CREATE TABLE layouts.other (id INT)");
  Run("ALTER TABLE layouts.other ADD c INT");
  EXPECT_EQ(ColumnsAt(before), "ab");
}

TEST_F(InformationSchemaLayoutServerTest, ADdlBetweenHereAndTheEndLeavesThemUnproven) {
  const cdc::BinlogPosition before = Here();
  Run("INSERT INTO layouts.t VALUES (1, 'a')");
  Run("ALTER TABLE layouts.t RENAME COLUMN b TO c");
  const std::string answer = ColumnsAt(before);
  EXPECT_TRUE(absl::StrContains(answer, "FAILED_PRECONDITION")) << answer;
  EXPECT_TRUE(absl::StrContains(answer, "RENAME COLUMN b TO c")) << answer;
  EXPECT_TRUE(absl::StrContains(answer, "binlog_row_metadata=FULL")) << answer;
  EXPECT_EQ(ColumnsAt(Here()), "ac");
}

TEST_F(InformationSchemaLayoutServerTest, AProvenLayoutHoldsUntilTheStreamComesToTheDdl) {
  const cdc::BinlogPosition start = Here();
  EXPECT_EQ(ColumnsAt(start), "ab");
  Run("INSERT INTO layouts.t VALUES (1, 'a')");
  const cdc::BinlogPosition ddl = Here();
  Run("ALTER TABLE layouts.t ADD z INT FIRST");
  const cdc::BinlogPosition behind = Here();
  EXPECT_EQ(ColumnsAt(start), "ab") << "the stream has not come to the DDL yet";
  layouts_->TableChanged("layouts", "t", ddl);
  EXPECT_EQ(ColumnsAt(behind), "zab");
  EXPECT_EQ(ColumnsAt(start), "ab") << "it has gone back before it";
}

TEST_F(InformationSchemaLayoutServerTest, ASwapOfTablesIsADdlOfBoth) {
  Run("CREATE TABLE layouts.t_new (b VARCHAR(9), a INT PRIMARY KEY)");
  const cdc::BinlogPosition before = Here();
  Run("RENAME TABLE layouts.t TO layouts.t_old, layouts.t_new TO layouts.t");
  EXPECT_TRUE(absl::StrContains(ColumnsAt(before), "RENAME TABLE"));
  EXPECT_EQ(ColumnsAt(Here()), "ba");
}

TEST_F(InformationSchemaLayoutServerTest, ColumnsThatTheUserVouchesForNeedNoProof) {
  const cdc::BinlogPosition before = Here();
  Run("ALTER TABLE layouts.t ADD c INT");
  options_.columns = {"a", "b"};
  layouts_ = std::make_unique<InformationSchemaLayout>(options_, session_.get(), &history_, "this");
  EXPECT_EQ(ColumnsAt(before), "ab");
  layouts_->TableChanged("layouts", "t", Here());
  Run("ALTER TABLE layouts.t DROP c");
  EXPECT_EQ(ColumnsAt(Here()), "ab") << "where it can be proven, the proof counts";
}

TEST_F(InformationSchemaLayoutServerTest, AColumnThatWasDroppedCanBeVouchedFor) {
  const cdc::BinlogPosition before = Here();
  Run("ALTER TABLE layouts.t DROP b");
  options_.columns = {"a", "b"};
  layouts_ = std::make_unique<InformationSchemaLayout>(options_, session_.get(), &history_, "this");
  const absl::StatusOr<cdc::TableLayout> layout = layouts_->LayoutOf("layouts", "t", before);
  ASSERT_TRUE(layout.ok()) << layout.status();
  ASSERT_EQ(layout->columns.size(), 2u);
  EXPECT_EQ(layout->columns[0].data_type, "int");
  EXPECT_EQ(layout->columns[1].name, "b");
  EXPECT_EQ(layout->columns[1].data_type, "");
}

TEST_F(InformationSchemaLayoutServerTest, AMissingTableIsNotFound) {
  EXPECT_EQ(layouts_->LayoutOf("layouts", "nothing", Here()).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace relay
