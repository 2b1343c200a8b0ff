// SPDX-License-Identifier: Apache-2.0
#include "relay/command/commands.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "relay/command/signals.h"
#include "testing/eventually.h"

namespace relay {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Words = std::vector<std::string>;
using testing_support::kPatience;

const Words kDatabase = {"DB_HOST=db", "DB_USER=relay", "DB_NAME=shop"};

struct Outcome {
  int exit_code;
  std::string out;
  std::string err;
};

Outcome Program(Words words, const Words& environment, const Commands& commands) {
  words.insert(words.begin(), "outbox-relay");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<const char*> envp;
  for (const std::string& entry : environment) envp.push_back(entry.c_str());
  envp.push_back(nullptr);
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Outcome outcome;
  outcome.exit_code = RunProgram(static_cast<int>(words.size()), argv.data(), envp.data(), commands);
  outcome.out = ::testing::internal::GetCapturedStdout();
  outcome.err = ::testing::internal::GetCapturedStderr();
  return outcome;
}

CommandBody Returns(int exit_code) {
  return [exit_code](const Config&, absl::Notification*) { return exit_code; };
}

TEST(CommandsTest, HelpAndVersionGoToStdout) {
  const Outcome help = Program({"--help"}, {}, {});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("Usage: outbox-relay"));
  const Outcome version = Program({"--version"}, {}, {});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, HasSubstr("outbox-relay "));
}

TEST(CommandsTest, EachFaultIsOneLineOnStderr) {
  const Outcome outcome = Program({"--nonsense=1", "--db-port=x"}, kDatabase, {});
  EXPECT_EQ(outcome.exit_code, kExitUsage);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 2);
  EXPECT_THAT(outcome.err, HasSubstr("outbox-relay: unknown flag --nonsense"));
}

TEST(CommandsTest, FaultsAreJsonLinesWhereTheLogIs) {
  for (const auto& [words, variable] : {std::pair<Words, const char*>{{"--nonsense=1"}, "LOG_FORMAT=json"},
                                        {{"--log-format=json", "--db-port=\"x\""}, "LOG_FORMAT=text"}}) {
    Words environment = kDatabase;
    environment.push_back(variable);
    const Outcome outcome = Program(words, environment, {});
    EXPECT_EQ(outcome.exit_code, kExitUsage);
    const Words lines = absl::StrSplit(outcome.err, '\n', absl::SkipEmpty());
    EXPECT_FALSE(lines.empty());
    for (const std::string& line : lines) {
      EXPECT_THAT(line, AllOf(StartsWith("{\"time\":"), HasSubstr("\"level\":\"error\",\"event\":\"config.invalid\""),
                              EndsWith("}")));
    }
  }
  EXPECT_THAT(Program({"--log-format=jason"}, kDatabase, {}).err, StartsWith("outbox-relay: --log-format=jason"));
}

TEST(CommandsTest, ACommandsExitCodeIsTheProgramsOwn) {
  Commands commands;
  commands.cleanup = Returns(0);
  commands.optimize = Returns(1);
  EXPECT_EQ(Program({"--cleanup"}, kDatabase, commands).exit_code, 0);
  EXPECT_EQ(Program({"--optimize"}, kDatabase, commands).exit_code, 1);
}

TEST(CommandsTest, ACommandWithoutABodySaysSo) {
  const Outcome outcome = Program({"migrate"}, kDatabase, {});
  EXPECT_EQ(outcome.exit_code, kExitFailed);
  EXPECT_EQ(outcome.err, "outbox-relay: migrate is not available yet\n");
}

TEST(CommandsTest, SettingsWithoutMeaningAreLoggedOnce) {
  Commands commands;
  commands.migrate = Returns(0);
  Words environment = kDatabase;
  environment.push_back("WRITE_CONCURRENCY=4");
  EXPECT_THAT(Program({"migrate"}, environment, commands).err,
              HasSubstr("warning config.ignored WRITE_CONCURRENCY is accepted and ignored"));
}

TEST(CommandsTest, SigtermNotifiesTheCommand) {
  Commands commands;
  commands.migrate = [](const Config&, absl::Notification* stop) {
    EXPECT_FALSE(stop->HasBeenNotified());
    kill(getpid(), SIGTERM);
    return stop->WaitForNotificationWithTimeout(kPatience) ? 7 : 8;
  };
  EXPECT_EQ(Program({"migrate"}, kDatabase, commands).exit_code, 7);
}

TEST(CommandsTest, AStopThatComesWhileTheSettingsAreReadIsNotLost) {
  StopSignalsHeld held;  // As RunProgram does first of all.
  kill(getpid(), SIGTERM);
  Commands commands;
  commands.migrate = [](const Config&, absl::Notification* stop) {
    return stop->WaitForNotificationWithTimeout(kPatience) ? 7 : 8;
  };
  EXPECT_EQ(Program({"migrate"}, kDatabase, commands).exit_code, 7);
}

TEST(CommandsDeathTest, ASecondSignalEndsTheProcess) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  Commands commands;
  commands.migrate = [](const Config&, absl::Notification* stop) {
    kill(getpid(), SIGINT);
    stop->WaitForNotification();
    kill(getpid(), SIGTERM);
    absl::Notification never;
    never.WaitForNotificationWithTimeout(kPatience);
    return 0;
  };
  EXPECT_EXIT(Program({"migrate"}, kDatabase, commands), ::testing::KilledBySignal(SIGTERM), "");
}

// Takes one request on a free port within kPatience, answers it, keeps what was asked.
class OneRequest {
 public:
  explicit OneRequest(absl::string_view answer = "200 OK") : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    const timeval patience = absl::ToTimeval(kPatience);
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    thread_ = std::thread([this, answer = absl::StrCat("HTTP/1.1 ", answer, "\r\nContent-Length: 0\r\n\r\n")] {
      const int connection = accept(fd_, nullptr, nullptr);
      if (connection < 0) {
        close(fd_);
        return;
      }
      char buffer[4096];
      while (request_.find("\r\n\r\n") == std::string::npos) {
        const ssize_t count = read(connection, buffer, sizeof(buffer));
        if (count <= 0) break;
        request_.append(buffer, static_cast<size_t>(count));
      }
      EXPECT_EQ(write(connection, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
      close(connection);
      close(fd_);
    });
  }
  uint16_t port() const { return port_; }
  std::string Join() {
    thread_.join();
    return request_;
  }

 private:
  int fd_;
  uint16_t port_ = 0;
  std::string request_;
  std::thread thread_;
};

TEST(CommandsTest, AJobEndsItsSidecar) {
  OneRequest sidecar;
  Words environment = kDatabase;
  environment.push_back(absl::StrCat("SIDECAR_PROXY_URL=http://127.0.0.1:", sidecar.port(), "/"));
  Commands commands;
  commands.cleanup = Returns(0);
  EXPECT_EQ(Program({"--cleanup"}, environment, commands).exit_code, 0);
  EXPECT_THAT(sidecar.Join(), AllOf(StartsWith("POST /quitquitquit HTTP/1.1\r\n"), HasSubstr("text/plain")));
  // Nobody is there any more.
  const Outcome outcome = Program({"--cleanup"}, environment, commands);
  EXPECT_EQ(outcome.exit_code, kExitFailed);
  EXPECT_THAT(outcome.err, HasSubstr("sidecar.failed POST http://127.0.0.1:"));
  EXPECT_THAT(outcome.err, HasSubstr("SIDECAR_PROXY_URL"));
}

TEST(CommandsTest, ASidecarThatDoesNotEndIsAFailure) {
  OneRequest sidecar("404 Not Found");
  Words environment = kDatabase;
  environment.push_back(absl::StrCat("SIDECAR_PROXY_URL=http://127.0.0.1:", sidecar.port()));
  Commands commands;
  commands.cleanup = Returns(0);
  const Outcome outcome = Program({"--cleanup"}, environment, commands);
  sidecar.Join();
  EXPECT_EQ(outcome.exit_code, kExitFailed);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("sidecar.failed"), HasSubstr("404")));
}

TEST(CommandsTest, AJobWithAMistakeInItsSettingsEndsItsSidecarToo) {
  OneRequest sidecar;
  Words environment = kDatabase;
  environment.push_back(absl::StrCat("SIDECAR_PROXY_URL=http://127.0.0.1:", sidecar.port()));
  environment.push_back("RUN_CLEANUP=true");
  EXPECT_EQ(Program({"--db-port=x"}, environment, {}).exit_code, kExitUsage);
  EXPECT_THAT(sidecar.Join(), StartsWith("POST /quitquitquit "));
  OneRequest other;
  environment[3] = absl::StrCat("SIDECAR_PROXY_URL=http://127.0.0.1:", other.port());
  EXPECT_EQ(Program({"--no-such-flag"}, environment, {}).exit_code, kExitUsage);
  EXPECT_THAT(other.Join(), StartsWith("POST /quitquitquit "));
  // Nobody is there any more.
  const Outcome outcome = Program({"--db-port=x"}, environment, {});
  EXPECT_EQ(outcome.exit_code, kExitUsage);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("--db-port=x"), HasSubstr("/quitquitquit")));
}

TEST(CommandsTest, CleanupAndOptimizeRunInThisOrder) {
  std::string ran;
  Commands commands;
  commands.cleanup = [&](const Config&, absl::Notification*) {
    ran += "cleanup ";
    return 1;
  };
  commands.optimize = [&](const Config&, absl::Notification*) {
    ran += "optimize ";
    return 0;
  };
  Words environment = kDatabase;
  environment.insert(environment.end(), {"RUN_CLEANUP=true", "RUN_OPTIMIZE=true"});
  EXPECT_EQ(Program({}, environment, commands).exit_code, 1);
  EXPECT_EQ(ran, "cleanup optimize ");
}

TEST(CommandsTest, StatusWithoutARelayNamesTheFlag) {
  const Outcome outcome = Program({"status", "127.0.0.1:1"}, {}, {});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("--http-port"));
}

}  // namespace
}  // namespace relay
