// SPDX-License-Identifier: Apache-2.0

// All over a really bound port, as a prober or Prometheus asks.

#include "relay/http/endpoints.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "relay/http/http_client.h"
#include "relay/http/http_server.h"
#include "relay/status/status_text.h"
#include "testing/eventually.h"

namespace relay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing_support::Eventually;
using testing_support::kPatience;

// A TCP port that accepts (its backlog does), and one that refuses.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(listen(fd_, 8), 0);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { Close(); }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  uint16_t port() const { return port_; }

 private:
  int fd_;
  uint16_t port_ = 0;
};

class EndpointsTest : public ::testing::Test {
 protected:
  void Start(std::vector<std::string> brokers = {}, std::function<absl::Status()> ping = nullptr) {
    auto server =
        HttpServer::Start("127.0.0.1", 0, MakeEndpoints({&board_, &metrics_, std::move(brokers), std::move(ping)}));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    ASSERT_NE(server_->port(), 0);
  }

  HttpResponse Ask(absl::string_view path, absl::string_view method = "GET") {
    const auto response = HttpRequest(method, absl::StrCat("http://127.0.0.1:", server_->port(), path), kPatience);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *response : HttpResponse();
  }

  // Answers are kept for a second.
  HttpResponse AskUntil(absl::string_view path, int status) {
    HttpResponse response;
    EXPECT_TRUE(Eventually([&] { return (response = Ask(path)).status == status; })) << path << " " << response.status;
    return response;
  }

  StatusBoard board_;
  Metrics metrics_{"1.2.3"};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(EndpointsTest, HealthzIsTheDatabasesAnswer) {
  absl::Status answer = absl::OkStatus();
  Start({}, [&] { return answer; });
  EXPECT_EQ(Ask("/healthz").status, 200);
}

TEST_F(EndpointsTest, HealthzNamesTheReason) {
  Start({}, [] { return absl::UnavailableError("db:3306 refused"); });
  const HttpResponse response = Ask("/healthz");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "database: db:3306 refused\n");
}

TEST_F(EndpointsTest, HealthzWithoutAPingTakesTheLastStatement) {
  Start();
  EXPECT_EQ(Ask("/healthz").status, 503);
  board_.Update([](RelayStatus& s) { s.source.sql_reachable = true; });
  AskUntil("/healthz", 200);
}

TEST_F(EndpointsTest, ManyProbesPingTheDatabaseOnceASecond) {
  std::atomic<int> pings = 0;
  Start({}, [&] {
    ++pings;
    return absl::OkStatus();
  });
  const absl::Time begin = absl::Now();
  for (int i = 0; i < 20; ++i) Ask("/healthz");
  EXPECT_LE(pings, 1 + (absl::Now() - begin) / absl::Seconds(1));
}

TEST_F(EndpointsTest, ADatabaseThatHangsDoesNotHoldLivezUp) {
  absl::Notification go_on;
  Start({}, [&] { return go_on.WaitForNotification(), absl::OkStatus(); });
  std::vector<std::thread> probes;
  for (int i = 0; i < 8; ++i) probes.emplace_back([this] { Ask("/healthz"); });
  EXPECT_EQ(Ask("/livez").status, 200);
  EXPECT_EQ(Ask("/metrics").status, 200);
  go_on.Notify();
  for (std::thread& probe : probes) probe.join();
}

// What connecting to a database needs: more than the 100 KiB of a civetweb thread.
TEST_F(EndpointsTest, HandlersHaveAnOrdinaryStack) {
  Start({}, [] {
    volatile char large[1 << 20];
    for (size_t i = 0; i < sizeof(large); i += 1024) large[i] = 1;
    return absl::OkStatus();
  });
  EXPECT_EQ(Ask("/healthz").status, 200);
}

TEST_F(EndpointsTest, HealthzReadinessNeedsEachBrokersPort) {
  board_.Update([](RelayStatus& s) { s.source.sql_reachable = true; });
  Listener first, second;
  Start({absl::StrCat("127.0.0.1:", first.port()), absl::StrCat("127.0.0.1:", second.port())});
  EXPECT_EQ(Ask("/healthz?readiness=1").status, 200);
  EXPECT_EQ(Ask("/healthz?x=y&readiness=1").status, 200);
  second.Close();
  EXPECT_EQ(Ask("/healthz").status, 200);
  const HttpResponse response = AskUntil("/healthz?readiness=1", 503);
  EXPECT_EQ(response.body, absl::StrCat("kafka: 127.0.0.1:", second.port(), ": Connection refused\n"));
}

TEST_F(EndpointsTest, ReadyzNeedsBothSidesOnce) {
  Start();
  EXPECT_THAT(Ask("/readyz").body, HasSubstr("database"));
  EXPECT_EQ(Ask("/readyz").status, 503);
  board_.Update([](RelayStatus& s) { s.source.reached_once = true; });
  EXPECT_THAT(Ask("/readyz").body, HasSubstr("Kafka"));
  board_.Update([](RelayStatus& s) { s.kafka.reached_once = true; });
  EXPECT_EQ(Ask("/readyz").status, 200);
}

TEST_F(EndpointsTest, ReadyzIsNeverLagNorAnOutage) {
  Start({"127.0.0.1:1"}, [] { return absl::UnavailableError("gone"); });
  board_.Update([](RelayStatus& s) {
    s.source.reached_once = s.kafka.reached_once = true;
    s.source.connected = s.source.sql_reachable = s.kafka.connected = false;
    s.source.problem = s.kafka.problem = {absl::Now(), "gone"};
  });
  metrics_.lag.Set(absl::Hours(5));
  for (const RelayState state : {RelayState::kStreaming, RelayState::kSweeping, RelayState::kHolding}) {
    board_.Update([state](RelayStatus& s) { s.state = state; });
    EXPECT_EQ(Ask("/readyz").status, 200) << RelayStateName(state);
  }
  board_.Update([](RelayStatus& s) { s.state = RelayState::kStopping; });
  EXPECT_EQ(Ask("/readyz").status, 503);
}

TEST_F(EndpointsTest, WhatWaitsForAPrimaryIsReady) {
  Start();
  board_.Update([](RelayStatus& s) { s.state = RelayState::kWaiting; });
  EXPECT_EQ(Ask("/readyz").status, 503);
  board_.Update([](RelayStatus& s) { s.source.reached_once = true; });
  EXPECT_EQ(Ask("/readyz").status, 200);
}

TEST_F(EndpointsTest, AStandbyIsReady) {
  Start();
  board_.Update([](RelayStatus& s) { s.state = RelayState::kStandby; });
  EXPECT_EQ(Ask("/readyz").status, 200);
}

TEST_F(EndpointsTest, PollingDisabledNeedsNoKafka) {
  Start();
  board_.Update([](RelayStatus& s) {
    s.state = RelayState::kPollingDisabled;
    s.source.reached_once = true;
  });
  EXPECT_EQ(Ask("/readyz").status, 200);
}

TEST_F(EndpointsTest, LivezHoldsThroughAnOutage) {
  Start({}, [] { return absl::UnavailableError("gone"); });
  board_.Beat(RelayThread::kStream);
  EXPECT_EQ(Ask("/livez").status, 200);
}

TEST_F(EndpointsTest, LivezNamesAThreadThatIsStuckForLongerThanAStatementMayTake) {
  EXPECT_EQ(StuckAfter(absl::Seconds(30)), absl::Minutes(5));
  EXPECT_GT(StuckAfter(absl::Hours(1)), absl::Hours(1));
  EndpointsOptions options{&board_, &metrics_, {}, nullptr};
  options.stuck_after = -absl::Seconds(1);  // whatever its last step
  auto server = HttpServer::Start("127.0.0.1", 0, MakeEndpoints(std::move(options)));
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  board_.Beat(RelayThread::kStream);
  const HttpResponse response = Ask("/livez");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("stream"));
}

TEST_F(EndpointsTest, MetricsAreWhatPrometheusReads) {
  Start();
  metrics_.rows_published.Add(3);
  EXPECT_THAT(Ask("/metrics").body, AllOf(HasSubstr("outbox_relay_rows_total{outcome=\"published\"} 3"),
                                          HasSubstr("kafka_outbox_queue_size 0")));
}

TEST_F(EndpointsTest, StatusIsOneJsonObject) {
  Start();
  board_.Update([](RelayStatus& s) {
    s.state = RelayState::kHolding;
    s.source.host = "db:3306";
    s.kafka.problem = {absl::FromUnixSeconds(0), "bad \"quote\" \xff"};
    s.recent_poison.push_back({"shop", "7", "orders", "too large", absl::FromUnixSeconds(1)});
  });
  metrics_.rows_published.Add(12);
  const auto json = nlohmann::json::parse(Ask("/status").body);
  EXPECT_EQ(json["state"], "holding");
  EXPECT_EQ(json["published_rows"], 12);
  EXPECT_EQ(json["source"]["host"], "db:3306");
  EXPECT_EQ(json["source"]["seconds_to_purge"], nullptr);
  EXPECT_EQ(json["kafka"]["problem"]["at"], "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(json["poison"]["recent"][0]["id"], "7");
  EXPECT_EQ(json["started"], nullptr);
}

TEST_F(EndpointsTest, StatusCommandPrintsItForPeople) {
  Start();
  board_.Update([](RelayStatus& s) {
    s.state = RelayState::kStreaming;
    s.source.connected = true;
    s.source.host = "db:3306";
    s.kafka.held_topics.push_back({"orders", "UNKNOWN_TOPIC", absl::FromUnixSeconds(0)});
  });
  EXPECT_THAT(ReadableStatus(Ask("/status").body),
              AllOf(HasSubstr("state        streaming\n"), HasSubstr("mysql        connected to db:3306"),
                    HasSubstr("kafka        NOT connected"), HasSubstr("held       orders UNKNOWN_TOPIC")));
  EXPECT_THAT(ReadableStatus(Ask("/status").body), Not(HasSubstr("published rows kept"))) << "nothing is known yet";
  board_.Update([](RelayStatus& s) {
    s.relay_id = "one";
    s.cleanup.retention = absl::Hours(1);
  });
  EXPECT_THAT(ReadableStatus(Ask("/status").body), HasSubstr("0 published rows kept until they are 1h old"));
  EXPECT_EQ(ReadableStatus("[1]"), "[1]");
}

TEST_F(EndpointsTest, ThePageEscapesWhatTheDatabaseSays) {
  Start();
  board_.Update([](RelayStatus& s) {
    s.recent_poison.push_back({"<script>alert(1)</script>", "7", "a&b", "x\"y", absl::Now()});
  });
  const HttpResponse page = Ask("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, AllOf(HasSubstr("&lt;script&gt;alert(1)"), Not(HasSubstr("<script>alert")),
                               HasSubstr("a&amp;b"), HasSubstr("x&quot;y")));
  EXPECT_THAT(page.body, Not(HasSubstr("http://")));  // loads nothing
  EXPECT_THAT(page.body, Not(HasSubstr("https://")));
}

TEST_F(EndpointsTest, OtherPathsAndMethodsAreRefused) {
  Start();
  EXPECT_EQ(Ask("/nothing").status, 404);
  EXPECT_THAT(Ask("/nothing").body, HasSubstr("/metrics"));
  EXPECT_EQ(Ask("/status", "POST").status, 405);
  EXPECT_EQ(Ask("/status", "DELETE").status, 405);
  EXPECT_EQ(Ask("/../../etc/passwd").status, 404);
}

TEST_F(EndpointsTest, ATakenPortNamesTheFlag) {
  Listener taken;
  const auto server = HttpServer::Start("127.0.0.1", taken.port(), {});
  ASSERT_FALSE(server.ok());
  EXPECT_EQ(server.status().message(), absl::StrCat("--http-port=", taken.port(),
                                                    " (HTTP_PORT) is taken by another process: end that "
                                                    "one, or give another port"));
}

TEST_F(EndpointsTest, AnAddressOfAnotherMachineNamesTheFlag) {
  const auto server = HttpServer::Start("192.0.2.1", 0, {});
  ASSERT_FALSE(server.ok());
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("--http-address=192.0.2.1 (HTTP_ADDRESS)"));
}

TEST_F(EndpointsTest, AnIpv6AddressIsServedOrRefusedInOneLine) {
  const auto server = HttpServer::Start("::1", 0, MakeEndpoints({&board_, &metrics_, {}, {}}));
  if (server.ok()) {
    EXPECT_NE((*server)->port(), 0);
  } else {
    EXPECT_THAT(std::string(server.status().message()), HasSubstr("--http-address=::1 (HTTP_ADDRESS)"));
  }
}

TEST_F(EndpointsTest, ItListensOnEveryAddressByDefault) {
  auto server = HttpServer::Start("", 0, MakeEndpoints({&board_, &metrics_, {}, {}}));
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(HttpRequest("GET", absl::StrCat("http://127.0.0.1:", (*server)->port(), "/livez"), kPatience)->status, 200);
}

TEST_F(EndpointsTest, ManyClientsAreServedAtOnce) {
  Start();
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([this] {
      for (int n = 0; n < 10; ++n) {
        EXPECT_EQ(Ask(n % 2 == 0 ? "/metrics" : "/status").status, 200);
      }
    });
  }
  for (std::thread& client : clients) client.join();
}

}  // namespace
}  // namespace relay
