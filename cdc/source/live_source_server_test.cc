// SPDX-License-Identifier: Apache-2.0
//
// Against a real server, MySQL or MariaDB, that is this test's alone: OUTBOX_RELAY_TEST_SERVER=HOST:PORT:USER:PASSWORD
// of a user who may do everything, OUTBOX_RELAY_TEST_CA=FILE of the authority that signed the server's certificate.
// Without the first each test is skipped. testing/run.sh servers runs it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "cdc/source/live_source.h"
#include "testing/eventually.h"
#include "testing/given_server.h"

namespace cdc {
namespace {

using testing_support::Eventually;
using testing_support::kPatience;

constexpr uint8_t kRotate = 4, kFormatDescription = 15, kHeartbeat = 27, kHeartbeatV2 = 41;

uint8_t TypeOf(absl::string_view event) { return static_cast<uint8_t>(event[4]); }

class LiveSourceServerTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::optional<testing_servers::GivenServer> server = testing_servers::ServerFromEnvironment();
    if (!server) GTEST_SKIP() << "OUTBOX_RELAY_TEST_SERVER is not set";
    address_.host = server->host;
    address_.port = server->port;
    address_.user = server->user;
    address_.password = server->password;
    absl::StatusOr<std::unique_ptr<ServerConnection>> admin = ServerConnection::Connect(address_);
    ASSERT_TRUE(admin.ok()) << admin.status();
    admin_ = *std::move(admin);
    Run("CREATE DATABASE IF NOT EXISTS live_source");
    Run("CREATE TABLE IF NOT EXISTS live_source.t (id INT PRIMARY KEY AUTO_INCREMENT, v LONGBLOB)");
  }

  void Run(const std::string& sql) {
    const absl::Status status = admin_->Query(sql).status();
    ASSERT_TRUE(status.ok()) << sql << ": " << status;
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

  LiveSourceOptions Options() {
    LiveSourceOptions options;
    options.server = address_;
    options.server_id = 3999999001;
    options.replica_uuid = "aaaaaaaa-0000-4000-8000-000000000001";
    // A server notices by them that we left, and keeps no log for us.
    options.heartbeat_period = absl::Milliseconds(100);
    return options;
  }

  // Reads to the end of the log without waiting; the count of each type.
  std::map<uint8_t, int> Drain(LiveSourceOptions options, absl::Status* end = nullptr) {
    options.wait = false;
    std::map<uint8_t, int> types;
    auto source = LiveSource::Connect(options);
    EXPECT_TRUE(source.ok()) << source.status();
    if (!source.ok()) return types;
    while (true) {
      const absl::StatusOr<absl::string_view> event = (*source)->Next();
      if (end != nullptr) *end = event.status();
      if (end == nullptr) {
        EXPECT_TRUE(event.ok()) << event.status();
      }
      if (!event.ok() || event->empty()) return types;
      EXPECT_GE(event->size(), 19u);
      ++types[TypeOf(*event)];
    }
  }

  // The status that ends a waiting dump.
  absl::Status ReadUntilError(LiveSource* source) {
    while (true) {
      const absl::StatusOr<absl::string_view> event = source->Next();
      if (!event.ok()) return event.status();
    }
  }

  ServerAddress address_;
  std::unique_ptr<ServerConnection> admin_;
};

TEST_F(LiveSourceServerTest, BeginsWithRotateAndFormatDescription) {
  LiveSourceOptions options = Options();
  options.start = Executed();
  options.wait = false;
  auto source = LiveSource::Connect(options);
  ASSERT_TRUE(source.ok()) << source.status();
  absl::StatusOr<absl::string_view> event = (*source)->Next();
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(TypeOf(*event), kRotate);
  event = (*source)->Next();
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(TypeOf(*event), kFormatDescription);
}

TEST_F(LiveSourceServerTest, ResumesBehindAGtidSet) {
  const GtidSet before = Executed();
  Run("INSERT INTO live_source.t (v) VALUES ('a')");
  LiveSourceOptions options = Options();
  options.start = before;
  const std::map<uint8_t, int> types = Drain(options);
  EXPECT_EQ(types.count(16) != 0 ? types.at(16) : 0, 1) << "one XID";
  options.start = Executed();
  EXPECT_EQ(Drain(options).count(16), 0u);
}

TEST_F(LiveSourceServerTest, ResumesAtAPosition) {
  auto status = admin_->Query(mariadb() ? "SHOW MASTER STATUS" : "SHOW BINARY LOG STATUS");
  ASSERT_TRUE(status.ok()) << status.status();
  BinlogPosition position{*status->front()[0], 0};
  ASSERT_TRUE(absl::SimpleAtoi(*status->front()[1], &position.offset));
  Run("INSERT INTO live_source.t (v) VALUES ('a'), ('b')");
  LiveSourceOptions options = Options();
  options.start = position;
  EXPECT_EQ(Drain(options)[16], 1);
}

TEST_F(LiveSourceServerTest, AnEventLargerThanAPacketComesWhole) {
  Run("SET GLOBAL max_allowed_packet = 67108864");
  auto writer = ServerConnection::Connect(address_);
  ASSERT_TRUE(writer.ok()) << writer.status();
  const GtidSet before = Executed();
  ASSERT_TRUE((*writer)->Query("INSERT INTO live_source.t (v) VALUES (REPEAT('x', 20000000))").ok());
  LiveSourceOptions options = Options();
  options.start = before;
  options.wait = false;
  auto source = LiveSource::Connect(options);
  ASSERT_TRUE(source.ok()) << source.status();
  size_t largest = 0;
  while (true) {
    const absl::StatusOr<absl::string_view> event = (*source)->Next();
    ASSERT_TRUE(event.ok()) << event.status();
    if (event->empty()) break;
    largest = std::max(largest, event->size());
  }
  EXPECT_GT(largest, 20000000u);
}

TEST_F(LiveSourceServerTest, HeartbeatsArriveWhileNothingHappens) {
  LiveSourceOptions options = Options();
  options.start = Executed();
  options.heartbeat_period = absl::Milliseconds(50);
  auto source = LiveSource::Connect(options);
  ASSERT_TRUE(source.ok()) << source.status();
  int heartbeats = 0;
  for (int events = 0; heartbeats < 3; ++events) {
    ASSERT_LT(events, 20);
    const absl::StatusOr<absl::string_view> event = (*source)->Next();
    ASSERT_TRUE(event.ok()) << event.status();
    if (TypeOf(*event) == kHeartbeat || TypeOf(*event) == kHeartbeatV2) ++heartbeats;
  }
}

// The server's dump has nothing left to send.
TEST_F(LiveSourceServerTest, InterruptEndsAWait) {
  for (const TlsMode mode : {TlsMode::kDisabled, TlsMode::kPreferred}) {
    LiveSourceOptions options = Options();
    options.start = Executed();
    options.heartbeat_period = absl::Seconds(100);
    options.server.tls.mode = mode;
    auto source = LiveSource::Connect(options);
    ASSERT_TRUE(source.ok()) << source.status();
    absl::Notification done;
    absl::Status ended;
    std::thread reader([&] {
      ended = ReadUntilError(source->get());
      done.Notify();
    });
    const std::string state =
        absl::StrCat("SELECT STATE FROM ", mariadb() ? "information_schema" : "performance_schema",
                     ".processlist WHERE ID = ", (*source)->connection_id());
    EXPECT_TRUE(Eventually([&] { return absl::StrContains(Value(state), "has sent all binlog"); })) << Value(state);
    (*source)->Interrupt();
    // No heartbeat ends it sooner.
    EXPECT_TRUE(done.WaitForNotificationWithTimeout(kPatience));
    reader.join();
    EXPECT_EQ(ended.code(), absl::StatusCode::kCancelled) << ended;
    EXPECT_EQ((*source)->Next().status().code(), absl::StatusCode::kCancelled);
  }
}

TEST_F(LiveSourceServerTest, AKilledDumpIsUnavailable) {
  LiveSourceOptions options = Options();
  options.start = Executed();
  auto source = LiveSource::Connect(options);
  ASSERT_TRUE(source.ok()) << source.status();
  ASSERT_TRUE((*source)->Next().ok());
  Run(absl::StrCat("KILL ", (*source)->connection_id()));
  const absl::Status ended = ReadUntilError(source->get());
  EXPECT_EQ(ended.code(), absl::StatusCode::kUnavailable) << ended;
  EXPECT_EQ((*source)->Next().status(), ended) << "an error stays";
}

TEST_F(LiveSourceServerTest, AnotherReaderWithOurIdentityAbortsUs) {
  LiveSourceOptions options = Options();
  options.start = Executed();
  auto first = LiveSource::Connect(options);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE((*first)->Next().ok());
  auto second = LiveSource::Connect(options);
  ASSERT_TRUE(second.ok()) << second.status();
  const absl::Status ended = ReadUntilError(first->get());
  EXPECT_EQ(ended.code(), absl::StatusCode::kAborted) << ended;
  EXPECT_EQ(DumpTroubleOf(ended), DumpTrouble::kTakenOver);
}

TEST_F(LiveSourceServerTest, APurgedStartIsOutOfRange) {
  Run("INSERT INTO live_source.t (v) VALUES ('a')");
  const std::string oldest = Value("SHOW BINARY LOGS");
  Run("FLUSH BINARY LOGS");
  auto logs = admin_->Query("SHOW BINARY LOGS");
  ASSERT_TRUE(logs.ok()) << logs.status();
  // The newest log must hold something, or MariaDB's GTID state at its start is already its end.
  Run("INSERT INTO live_source.t (v) VALUES ('b')");
  ASSERT_TRUE(Eventually([&] {
    Run(absl::StrCat("PURGE BINARY LOGS TO '", *logs->back()[0], "'"));
    return Value("SHOW BINARY LOGS") == *logs->back()[0];
  }));
  absl::Status ended;
  Drain(Options(), &ended);
  EXPECT_EQ(ended.code(), absl::StatusCode::kOutOfRange) << ended;
  EXPECT_EQ(DumpTroubleOf(ended), DumpTrouble::kPurged) << ended;

  LiveSourceOptions options = Options();
  options.start = BinlogPosition{oldest, 4};
  Drain(options, &ended);
  EXPECT_EQ(ended.code(), absl::StatusCode::kOutOfRange) << ended;
  EXPECT_EQ(DumpTroubleOf(ended), DumpTrouble::kPurged) << ended;

  options.start = BinlogPosition{*logs->back()[0], 4000000000};
  Drain(options, &ended);
  EXPECT_EQ(DumpTroubleOf(ended), DumpTrouble::kNoPosition) << ended;
}

TEST_F(LiveSourceServerTest, ASetThatTheServerLacksIsARewrittenHistory) {
  const std::string more = mariadb() ? "0-1-4000000000" : absl::StrCat(Value("SELECT @@server_uuid"), ":1-4000000000");
  GtidSet set = *GtidSet::Parse(more);
  // Tagged transactions of other tests may be purged, which would be told first.
  if (!mariadb()) set.Union(Executed());
  LiveSourceOptions options = Options();
  options.start = set;
  absl::Status ended;
  Drain(options, &ended);
  EXPECT_EQ(ended.code(), absl::StatusCode::kOutOfRange) << ended;
  EXPECT_EQ(DumpTroubleOf(ended), DumpTrouble::kServerLacks) << ended;
}

TEST_F(LiveSourceServerTest, AMissingPrivilegeIsNamed) {
  Run("CREATE OR REPLACE VIEW live_source.v AS SELECT 1");  // something harmless before the user exists
  Run("DROP USER IF EXISTS live_nobody");
  Run("CREATE USER live_nobody IDENTIFIED BY 'pw'");
  LiveSourceOptions options = Options();
  options.server.user = "live_nobody";
  options.server.password = "pw";
  absl::Status ended;
  Drain(options, &ended);
  EXPECT_EQ(ended.code(), absl::StatusCode::kPermissionDenied) << ended;
  EXPECT_TRUE(absl::StrContains(ended.message(), "REPLICATION SLAVE")) << ended;
}

TEST_F(LiveSourceServerTest, AWrongPasswordIsUnauthenticated) {
  LiveSourceOptions options = Options();
  options.server.password = "wrong";
  EXPECT_EQ(LiveSource::Connect(options).status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(LiveSourceServerTest, TlsModesCheckWhatTheySay) {
  const char* const ca = std::getenv("OUTBOX_RELAY_TEST_CA");
  if (ca == nullptr) GTEST_SKIP() << "OUTBOX_RELAY_TEST_CA is not set";
  ServerAddress address = address_;
  const auto connect = [&](TlsMode mode, const std::string& host, const std::string& ca_file) {
    address.tls.mode = mode;
    address.host = host;
    address.tls.ca_file = ca_file;
    auto connection = ServerConnection::Connect(address);
    if (connection.ok()) {
      EXPECT_EQ((*connection)->tls_cipher().empty(), mode == TlsMode::kDisabled);
    }
    return connection.status();
  };
  // The certificate names 127.0.0.1 and localhost, not 127.0.0.2.
  EXPECT_TRUE(connect(TlsMode::kDisabled, "127.0.0.1", "").ok());
  EXPECT_TRUE(connect(TlsMode::kPreferred, "127.0.0.1", "").ok());
  EXPECT_TRUE(connect(TlsMode::kRequired, "127.0.0.1", "").ok());
  absl::Status status = connect(TlsMode::kVerifyCa, "127.0.0.1", ca);
  EXPECT_TRUE(status.ok()) << status;
  status = connect(TlsMode::kVerifyIdentity, "127.0.0.1", ca);
  EXPECT_TRUE(status.ok()) << status;
  status = connect(TlsMode::kVerifyIdentity, "localhost", ca);
  EXPECT_TRUE(status.ok()) << status;
  // The authorities of the system know nothing of this one.
  for (const TlsMode mode : {TlsMode::kVerifyCa, TlsMode::kVerifyIdentity}) {
    status = connect(mode, "127.0.0.1", "");
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    status = connect(mode, "127.0.0.1", "/nowhere/ca.pem");
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  }
  // Unless they are told to.
  setenv("SSL_CERT_FILE", ca, 1);
  status = connect(TlsMode::kVerifyIdentity, "127.0.0.1", "");
  unsetenv("SSL_CERT_FILE");
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(LiveSourceServerTest, AStopEndsAStatementUnderWay) {
  absl::Notification stop;
  ServerAddress address = address_;
  address.tls.mode = TlsMode::kDisabled;
  address.stop = &stop;
  auto connection = ServerConnection::Connect(address);
  ASSERT_TRUE(connection.ok()) << connection.status();
  std::thread stopper([&] {
    absl::SleepFor(absl::Milliseconds(200));
    stop.Notify();
  });
  const absl::Time start = absl::Now();
  const absl::Status status = (*connection)->Query("SELECT SLEEP(20)").status();
  const absl::Duration took = absl::Now() - start;
  stopper.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
  EXPECT_LT(took, absl::Seconds(15));
}

}  // namespace
}  // namespace cdc
