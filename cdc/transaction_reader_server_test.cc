// SPDX-License-Identifier: Apache-2.0
//
// The reader on a live dump of a real server, MySQL or MariaDB, that is this test's alone:
// OUTBOX_RELAY_TEST_SERVER=HOST:PORT:USER:PASSWORD. Without it each test is skipped.
// testing/run.sh servers runs it.
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "cdc/source/event_reader.h"
#include "cdc/source/live_source.h"
#include "cdc/transaction_reader.h"
#include "gtest/gtest.h"
#include "testing/eventually.h"
#include "testing/given_server.h"

namespace cdc {
namespace {

// A transaction as a test compares it.
struct Seen {
  std::string text;
  std::optional<Gtid> gtid;
  BinlogPosition end;
};

class TransactionReaderServerTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::optional<testing_servers::GivenServer> server = testing_servers::ServerFromEnvironment();
    if (!server) GTEST_SKIP() << "OUTBOX_RELAY_TEST_SERVER is not set";
    address_.host = server->host;
    address_.port = server->port;
    address_.user = server->user;
    address_.password = server->password;
    admin_ = Connect();
    ASSERT_NE(admin_, nullptr);
    for (const auto& [name, value] :
         {std::make_pair("max_allowed_packet", "67108864"), std::make_pair("binlog_row_metadata", "'FULL'")}) {
      const std::string before = Value(absl::StrCat("SELECT @@GLOBAL.", name));
      // Some are numbers, some are not.
      restore_.push_back(
          absl::StrCat("SET GLOBAL ", name, " = ", value[0] == '\'' ? absl::StrCat("'", before, "'") : before));
      Run(absl::StrCat("SET GLOBAL ", name, " = ", value));
    }
    admin_ = Connect();  // a session has the global values of its beginning
    ASSERT_NE(admin_, nullptr);
    Run("DROP DATABASE IF EXISTS reader");
    Run("CREATE DATABASE reader");
    Run("CREATE TABLE reader.t (id INT PRIMARY KEY AUTO_INCREMENT, v LONGTEXT)");
    Run("CREATE TABLE reader.foreign_table (id INT PRIMARY KEY AUTO_INCREMENT, v TEXT)");
  }

  // The server is other tests' too.
  void TearDown() override {
    if (admin_ == nullptr) return;
    Run("DROP DATABASE IF EXISTS reader");
    for (const std::string& sql : restore_) Run(sql);
  }

  std::unique_ptr<ServerConnection> Connect() {
    auto connection = ServerConnection::Connect(address_);
    EXPECT_TRUE(connection.ok()) << connection.status();
    return connection.ok() ? *std::move(connection) : nullptr;
  }
  void Run(const std::string& sql) {
    const absl::Status status = admin_->Query(sql).status();
    ASSERT_TRUE(status.ok()) << sql.substr(0, 100) << ": " << status;
  }
  std::string Value(const std::string& sql) {
    auto rows = admin_->Query(sql);
    EXPECT_TRUE(rows.ok()) << sql << ": " << rows.status();
    return rows.ok() && !rows->empty() ? rows->front().front().value_or("") : "";
  }
  bool mariadb() const { return admin_->flavor() == ServerFlavor::kMariadb; }

  GtidSet Executed() {
    return *GtidSet::Parse(Value(mariadb() ? "SELECT @@gtid_binlog_pos" : "SELECT @@gtid_executed"));
  }

  // A little of everything, over three files.
  void Write() {
    Run("INSERT INTO reader.t (v) VALUES ('one'), ('two')");
    Run("INSERT INTO reader.foreign_table (v) VALUES ('x')");
    Run("BEGIN");
    Run("INSERT INTO reader.t (v) VALUES ('first form')");
    Run("UPDATE reader.t SET v = 'last form' WHERE v = 'first form'");
    Run("COMMIT");
    Run("FLUSH BINARY LOGS");
    Run("XA START 'a'");
    Run("INSERT INTO reader.t (v) VALUES ('branch')");
    Run("XA END 'a'");
    Run("XA PREPARE 'a'");
    Run("XA COMMIT 'a'");
    if (!mariadb()) {
      Run("SET SESSION binlog_transaction_compression = ON");
      Run("INSERT INTO reader.t (v) VALUES (REPEAT('compressed', 1000))");
      Run("SET SESSION binlog_transaction_compression = OFF");
      Run("SET gtid_next = 'AUTOMATIC:a_tag'");
      Run("INSERT INTO reader.t (v) VALUES ('tagged')");
      Run("SET gtid_next = 'AUTOMATIC'");
    }
    Run("INSERT INTO reader.t (v) VALUES (REPEAT('large', 4 * 1024 * 1024))");
    Run("FLUSH BINARY LOGS");
    Run("ALTER TABLE reader.t ADD w INT FIRST");
    Run("INSERT INTO reader.t (v) VALUES ('altered')");
    Run("DELETE FROM reader.t WHERE v = 'one'");
  }

  std::vector<Seen> Read(const DumpStart& start, bool checksum = true) {
    LiveSourceOptions options;
    options.server = address_;
    options.server_id = 3999999002;
    options.replica_uuid = "aaaaaaaa-0000-4000-8000-000000000002";
    options.start = start;
    options.checksum = checksum;
    options.wait = false;
    std::vector<Seen> seen;
    auto source = LiveSource::Connect(options);
    EXPECT_TRUE(source.ok()) << source.status();
    if (!source.ok()) return seen;
    TransactionReader reader(source->get(), nullptr, {{"reader", "t", {"id", "v"}, "id"}});
    while (true) {
      auto item = reader.Next();
      EXPECT_TRUE(item.ok()) << item.status();
      if (!item.ok() || (*item)->kind == StreamItem::Kind::kEnd) return seen;
      if ((*item)->kind == StreamItem::Kind::kIdle) continue;
      Seen one{(*item)->gtid.has_value() ? (*item)->gtid->ToString() : "none", (*item)->gtid, (*item)->end};
      absl::StrAppend(&one.text, " ", (*item)->begin.ToString(), " to ", (*item)->end.ToString(),
                      (*item)->gtid_withheld ? " withheld" : "", " changes ", (*item)->schema_changes.size());
      while ((*item)->rows != nullptr) {
        auto row = (*item)->rows->NextRow();
        EXPECT_TRUE(row.ok()) << row.status();
        if (!row.ok() || *row == nullptr) break;
        const auto values = (*row)->after.empty() ? (*row)->before : (*row)->after;
        absl::StrAppend(&one.text, " ", static_cast<int>((*row)->kind), values[0].text, "=",
                        values[1].text.substr(0, 20), "/", values[1].text.size());
      }
      seen.push_back(std::move(one));
    }
  }

  static std::vector<std::string> Texts(const std::vector<Seen>& seen, size_t from = 0) {
    std::vector<std::string> texts;
    for (size_t i = from; i < seen.size(); ++i) texts.push_back(seen[i].text);
    return texts;
  }

  ServerAddress address_;
  std::unique_ptr<ServerConnection> admin_;
  std::vector<std::string> restore_;
};

TEST_F(TransactionReaderServerTest, EveryItemIsAPlaceToResumeByPositionAndByGtid) {
  GtidSet before = Executed();
  Write();
  const std::vector<Seen> all = Read(before);
  ASSERT_EQ(all.size(), mariadb() ? 9u : 11u) << absl::StrJoin(Texts(all), "\n");
  EXPECT_EQ(Value(mariadb() ? "SHOW MASTER STATUS" : "SHOW BINARY LOG STATUS"), all.back().end.file);
  for (size_t i = 0; i < all.size(); ++i) {
    before.Add(*all[i].gtid);
    // Behind a prepare the branch itself must be read again: that is what withholding its GTID is for.
    if (all[i].text.find("withheld") != std::string::npos) continue;
    EXPECT_EQ(Texts(Read(before)), Texts(all, i + 1)) << "by GTID, behind " << all[i].text;
    EXPECT_EQ(Texts(Read(all[i].end)), Texts(all, i + 1)) << "by position, behind " << all[i].text;
  }
}

// What a GTID set skips is told by a heartbeat: MySQL's of version 2 knows where the log stands past 4 GiB, too.
TEST_F(TransactionReaderServerTest, StandsAtTheLogsEndWhenEverythingIsSkipped) {
  Write();
  LiveSourceOptions options;
  options.server = address_;
  options.server_id = 3999999002;
  options.replica_uuid = "aaaaaaaa-0000-4000-8000-000000000002";
  options.start = Executed();
  options.heartbeat_period = absl::Milliseconds(50);
  auto source = LiveSource::Connect(options);
  ASSERT_TRUE(source.ok()) << source.status();
  EventReader reader(source->get(), true);
  // A heartbeat may come in the midst of what is skipped, and MariaDB writes a checkpoint event when it likes.
  std::string log_end;
  testing_support::Eventually([&] {
    const auto event = reader.Next();
    EXPECT_TRUE(event.ok()) << event.status();
    if (!event.ok()) return true;
    const auto* heartbeat = std::get_if<HeartbeatEvent>(&(*event)->body);
    if (heartbeat == nullptr) return false;
    EXPECT_EQ(heartbeat->offset_is_whole, !mariadb());
    const auto status = admin_->Query(mariadb() ? "SHOW MASTER STATUS" : "SHOW BINARY LOG STATUS");
    EXPECT_TRUE(status.ok()) << status.status();
    if (!status.ok()) return true;
    log_end = absl::StrCat(*status->front()[0], ":", *status->front()[1]);
    return reader.end().ToString() == log_end;
  });
  EXPECT_EQ(reader.end().ToString(), log_end);
}

// Of MariaDB 11.8 the events within a transaction have no position in their headers; a large transaction is a file of
// its own.
TEST_F(TransactionReaderServerTest, PlacesEachEventWhereTheFileHasIt) {
  const bool own_file = mariadb() && !Value("SHOW VARIABLES LIKE 'binlog_large_commit_threshold'").empty();
  if (own_file) {
    restore_.push_back(absl::StrCat("SET GLOBAL binlog_large_commit_threshold = ",
                                    Value("SELECT @@GLOBAL.binlog_large_commit_threshold")));
    Run("SET GLOBAL binlog_large_commit_threshold = 10485760");
  }
  // They are not sent to who does not ask for them.
  if (mariadb()) Run("SET SESSION binlog_annotate_row_events = OFF");
  Run("FLUSH BINARY LOGS");
  const std::string first = Value(mariadb() ? "SHOW MASTER STATUS" : "SHOW BINARY LOG STATUS");
  Run("INSERT INTO reader.t (v) VALUES ('small')");
  Run("BEGIN");
  Run("INSERT INTO reader.t (v) VALUES (REPEAT('large', 4 * 1024 * 1024))");
  Run("INSERT INTO reader.foreign_table (v) VALUES ('x')");
  Run("INSERT INTO reader.t (v) VALUES ('behind the large one')");
  Run("COMMIT");
  Run("INSERT INTO reader.t (v) VALUES ('small')");

  std::vector<std::string> expected;
  std::string end;  // Behind the last of them.
  const auto logs = admin_->Query("SHOW BINARY LOGS");
  ASSERT_TRUE(logs.ok()) << logs.status();
  for (const auto& log : *logs) {
    if (*log[0] < first) continue;
    const auto events = admin_->Query(absl::StrCat("SHOW BINLOG EVENTS IN '", *log[0], "'"));
    ASSERT_TRUE(events.ok()) << events.status();
    for (const auto& event : *events) {
      expected.push_back(absl::StrCat(*event[0], ":", *event[1]));
      end = absl::StrCat(*event[0], ":", *event[4]);
    }
  }

  LiveSourceOptions options;
  options.server = address_;
  options.server_id = 3999999002;
  options.replica_uuid = "aaaaaaaa-0000-4000-8000-000000000002";
  options.start = BinlogPosition{first, 4};
  options.wait = false;
  auto source = LiveSource::Connect(options);
  ASSERT_TRUE(source.ok()) << source.status();
  EventReader reader(source->get(), true);
  std::vector<std::string> places;
  std::set<std::string> files;
  while (true) {
    auto event = reader.Next();
    ASSERT_TRUE(event.ok()) << event.status();
    if (*event == nullptr) break;
    if ((*event)->header.artificial()) continue;
    // MariaDB writes which files recovery needs when it comes to it: that may be now.
    if (reader.begin().ToString() == end) break;
    places.push_back(reader.begin().ToString());
    files.insert(reader.begin().file);
  }
  EXPECT_EQ(places, expected);
  EXPECT_EQ(files.size(), own_file ? 2u : 1u);
}

// The second byte of a character may be a backslash or a backquote: RENAME and DROP stand behind such.
TEST_F(TransactionReaderServerTest, ReadsStatementsInTheClientsCharacterSet) {
  struct {
    const char* charset;
    const char* backslash;
    const char* backquote;
  } const kCharsets[] = {{"gbk", "\xD5\x5C", "\x81\x60"},
                         {"sjis", "\x95\x5C", "\x83\x60"},
                         {"big5", "\xA5\x5C", "\xA5\x60"},
                         {"cp932", "\x95\x5C", "\x83\x60"},
                         {"gb18030", "\xD5\x5C", "\x81\x60"}};
  for (const auto& [charset, backslash, backquote] : kCharsets) {
    SCOPED_TRACE(charset);
    if (mariadb() && absl::string_view(charset) == "gb18030") continue;  // It has none.
    Run("CREATE TABLE IF NOT EXISTS reader.t (id INT PRIMARY KEY, v LONGTEXT)");
    const GtidSet before = Executed();
    Run(absl::StrCat("SET NAMES ", charset));
    Run(absl::StrCat("CREATE TABLE reader.`", backquote, "` (a INT)"));
    Run(absl::StrCat("ALTER TABLE reader.`", backquote, "` COMMENT '", backslash, "', RENAME TO reader.other"));
    Run("ALTER TABLE reader.other COMMENT ''");
    Run(absl::StrCat("RENAME TABLE reader.other TO reader.`", backquote, "`, reader.t TO reader.u"));
    Run(absl::StrCat("ALTER TABLE reader.u COMMENT '", backslash, "', RENAME TO reader.t"));
    Run(absl::StrCat("DROP TABLE reader.`", backquote, "`, reader.t"));
    Run("SET NAMES utf8mb4");
    std::vector<std::string> changed;
    for (const Seen& one : Read(before)) changed.push_back(one.text.substr(one.text.rfind(' ')));
    EXPECT_EQ(changed, (std::vector<std::string>{" 0", " 0", " 0", " 1", " 1", " 1"}));
  }
}

// A restart between prepare and decision: the set lacks the prepare's GTID, so the branch comes again and its commit
// has its rows. (MariaDB's positions cannot lack one: there the commit is of an unknown branch.)
TEST_F(TransactionReaderServerTest, AWithheldGtidBringsItsBranchAgainOnMysqlOnly) {
  if (mariadb()) GTEST_SKIP() << "MariaDB's GTID positions have no gaps";
  const GtidSet before = Executed();
  Run("XA START 'again'");
  Run("INSERT INTO reader.t (v) VALUES ('branch')");
  Run("XA END 'again'");
  Run("XA PREPARE 'again'");
  auto other = Connect();
  ASSERT_TRUE(other->Query("INSERT INTO reader.t (v) VALUES ('meanwhile')").ok());
  Run("XA COMMIT 'again'");
  const std::vector<Seen> all = Read(before);
  ASSERT_EQ(all.size(), 3u);
  GtidSet handed = before;
  handed.Add(*all[1].gtid);
  EXPECT_EQ(Texts(Read(handed)), (std::vector<std::string>{all[0].text, all[2].text}));
  EXPECT_NE(all[2].text.find("=branch/6"), std::string::npos) << all[2].text;
}

TEST_F(TransactionReaderServerTest, ReadsTheSameWithoutChecksums) {
  const GtidSet before = Executed();
  Write();
  EXPECT_EQ(Texts(Read(before, /*checksum=*/false)), Texts(Read(before)));
}

}  // namespace
}  // namespace cdc
