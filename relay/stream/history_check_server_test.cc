// SPDX-License-Identifier: Apache-2.0
//
// Against a real server; see cdc/source/live_source_server_test.cc for its variables.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cdc/transaction_reader.h"
#include "relay/sql/sql_endpoint.h"
#include "relay/stream/history_check.h"
#include "testing/given_server.h"

namespace relay {
namespace {

using Verdict = HistoryCheck::Verdict;

class HistoryCheckServerTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::optional<testing_servers::GivenServer> server = testing_servers::ServerFromEnvironment();
    if (!server) GTEST_SKIP() << "OUTBOX_RELAY_TEST_SERVER is not set";
    endpoint_.hosts = {{server->host, server->port, ""}};
    endpoint_.user = server->user;
    endpoint_.password = server->password;
    absl::StatusOr<std::unique_ptr<SqlSession>> session = SqlConnector(endpoint_).Connect();
    ASSERT_TRUE(session.ok()) << session.status();
    session_ = *std::move(session);
    Run("CREATE DATABASE IF NOT EXISTS history");
    Run("CREATE TABLE IF NOT EXISTS history.t (id INT PRIMARY KEY AUTO_INCREMENT, v INT)");
    dump_.server = *ServerAddressOf(endpoint_, 0);
    dump_.server_id = 3999999002;
    dump_.replica_uuid = "aaaaaaaa-0000-4000-8000-000000000002";
  }

  void Run(absl::string_view sql) {
    const absl::Status status = session_->Execute(sql).status();
    ASSERT_TRUE(status.ok()) << status;
  }

  ServerInfo Server() { return *AskServerInfo(session_.get()); }

  // Reads from `start` to the log's end, as the relay would.
  Checkpoint ReadFrom(const LogEnd& start, bool by_gtid) {
    cdc::LiveSourceOptions options = dump_;
    options.wait = false;
    options.start = start.position;
    if (by_gtid) options.start = start.gtids;
    auto source = cdc::LiveSource::Connect(options);
    EXPECT_TRUE(source.ok()) << source.status();
    cdc::TransactionReader reader(source->get(), nullptr, {});
    Checkpoint checkpoint;
    checkpoint.gtids = start.gtids;
    while (true) {
      auto item = reader.Next();
      EXPECT_TRUE(item.ok()) << item.status();
      if (!item.ok() || (*item)->kind == cdc::StreamItem::Kind::kEnd) return checkpoint;
      if ((*item)->kind == cdc::StreamItem::Kind::kIdle) continue;
      if ((*item)->gtid.has_value()) checkpoint.gtids.Add(*(*item)->gtid);
      checkpoint.position = (*item)->end;
      checkpoint.last = {(*item)->gtid, (*item)->end, absl::ToUnixMicros((*item)->commit_time)};
    }
  }

  HistoryCheck Check(const Checkpoint& checkpoint) {
    const absl::StatusOr<HistoryCheck> check = CheckHistory(dump_, Server(), checkpoint);
    EXPECT_TRUE(check.ok()) << check.status();
    return check.value_or(HistoryCheck{});
  }

  SqlEndpoint endpoint_;
  std::unique_ptr<SqlSession> session_;
  cdc::LiveSourceOptions dump_;
};

TEST_F(HistoryCheckServerTest, WhatWasReadStandsThereStill) {
  for (const bool by_gtid : {true, false}) {
    const LogEnd start = *AskLogEnd(session_.get());
    Run("INSERT INTO history.t (v) VALUES (1)");
    Run("INSERT INTO history.t (v) VALUES (2)");
    const Checkpoint checkpoint = ReadFrom(start, by_gtid);
    Run("INSERT INTO history.t (v) VALUES (3)");
    const HistoryCheck check = Check(checkpoint);
    EXPECT_EQ(check.verdict, Verdict::kSame) << check.explanation;
  }
}

TEST_F(HistoryCheckServerTest, AnotherCommitTimeIsAnotherTransaction) {
  const LogEnd start = *AskLogEnd(session_.get());
  Run("INSERT INTO history.t (v) VALUES (1)");
  Checkpoint checkpoint = ReadFrom(start, true);
  checkpoint.last.commit_micros -= 5'000'000;
  const HistoryCheck check = Check(checkpoint);
  EXPECT_EQ(check.verdict, Verdict::kRewritten) << check.explanation;
}

TEST_F(HistoryCheckServerTest, APlaceInTheMiddleOfAnEventIsAnotherLog) {
  const LogEnd start = *AskLogEnd(session_.get());
  Run("INSERT INTO history.t (v) VALUES (1)");
  Checkpoint checkpoint = ReadFrom(start, false);
  checkpoint.gtids = {};
  checkpoint.last.gtid.reset();
  EXPECT_EQ(Check(checkpoint).verdict, Verdict::kSame);
  checkpoint.last.end.offset -= 1;
  EXPECT_EQ(Check(checkpoint).verdict, Verdict::kRewritten);
}

TEST_F(HistoryCheckServerTest, AServerThatWasResetIsNoticed) {
  const bool mysql = session_->flavor() == SqlSession::Flavor::kMysql;
  const std::string reset = mysql ? "RESET BINARY LOGS AND GTIDS" : "RESET MASTER";
  Run(reset);
  LogEnd start;
  start.position = {Server().logs.front().name, 4};
  Run("INSERT INTO history.t (v) VALUES (1)");
  const Checkpoint checkpoint = ReadFrom(start, mysql);
  EXPECT_EQ(Check(checkpoint).verdict, Verdict::kSame);
  // The same statement again, a second later: the same numbers and lengths, another time.
  Run("DO SLEEP(1.1)");
  Run(reset);
  Run("INSERT INTO history.t (v) VALUES (1)");
  const HistoryCheck check = Check(checkpoint);
  EXPECT_EQ(check.verdict, Verdict::kRewritten) << check.explanation;
}

TEST_F(HistoryCheckServerTest, APurgedPlaceCannotBeJudged) {
  const LogEnd start = *AskLogEnd(session_.get());
  Run("INSERT INTO history.t (v) VALUES (1)");
  Checkpoint checkpoint = ReadFrom(start, false);
  checkpoint.gtids = {};
  checkpoint.last.gtid.reset();
  checkpoint.last.end.file = "binlog.000000";
  EXPECT_EQ(Check(checkpoint).verdict, Verdict::kUnknown);
  checkpoint.last.end.file = "binlog.999999";
  EXPECT_EQ(Check(checkpoint).verdict, Verdict::kRewritten) << "the server counts its logs anew";
  checkpoint.last = {};
  EXPECT_EQ(Check(checkpoint).verdict, Verdict::kUnknown);
}

}  // namespace
}  // namespace relay
