// SPDX-License-Identifier: Apache-2.0
#include "relay/status/logging.h"

#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "glog/logging.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace relay {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;

class LoggingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Configure({});
    SetLogOutputForTest([this](absl::string_view line) {
      absl::MutexLock lock(&mutex_);
      lines_.emplace_back(line);
    });
  }
  void TearDown() override { SetLogOutputForTest(nullptr); }

  static void Configure(LogConfig config, std::vector<std::string> secrets = {}) { InitLogging(config, secrets); }
  std::vector<std::string> Lines() {
    absl::MutexLock lock(&mutex_);
    return lines_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(LoggingTest, ATextLineHasTimeLevelCodeWordsAndFields) {
  LogEvent(LogLevel::kInfo, LogCode::kStreamConnected, "reading from x:4",
           {{"host", "db:3306"}, {"rows", 12}, {"tls", true}, {"why", "a b"}});
  ASSERT_THAT(Lines(), SizeIs(1));
  EXPECT_THAT(Lines()[0], MatchesRegex("....-..-..T..:..:..[.]...Z info stream.connected "
                                       "reading from x:4 host=db:3306 rows=12 tls=true "
                                       "why=\"a b\"\n"));
}

TEST_F(LoggingTest, AJsonLineIsOneObject) {
  Configure({LogLevel::kInfo, LogFormat::kJson});
  LogEvent(LogLevel::kError, LogCode::kSqlFailed, "line\n\"two\"\x01", {{"errno", 1045}, {"host", "d\\b"}});
  ASSERT_THAT(Lines(), SizeIs(1));
  EXPECT_THAT(Lines()[0], EndsWith("}\n"));
  const auto line = nlohmann::json::parse(Lines()[0]);
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["event"], "sql.failed");
  EXPECT_EQ(line["msg"], "line\n\"two\"\x01");
  EXPECT_EQ(line["errno"], 1045);
  EXPECT_EQ(line["host"], "d\\b");
}

TEST_F(LoggingTest, ATextLineStaysOneLine) {
  LogEvent(LogLevel::kInfo, LogCode::kSqlFailed, "a\nb\r", {{"x", "c\nd"}});
  ASSERT_THAT(Lines(), SizeIs(1));
  EXPECT_THAT(Lines()[0], EndsWith("a b  x=\"c\\nd\"\n"));
}

TEST_F(LoggingTest, LinesBelowTheLevelAreDropped) {
  LogEvent(LogLevel::kDebug, LogCode::kCheckpointSaved, "saved");
  EXPECT_THAT(Lines(), SizeIs(0));
  Configure({LogLevel::kDebug, LogFormat::kText});
  LogEvent(LogLevel::kDebug, LogCode::kCheckpointSaved, "saved");
  EXPECT_THAT(Lines(), SizeIs(1));
  Configure({LogLevel::kError, LogFormat::kText});
  LOG(WARNING) << "of a library";
  EXPECT_THAT(Lines(), SizeIs(1));
}

TEST_F(LoggingTest, OneCodeCanNotFloodTheOthersOut) {
  const absl::Time begin = absl::Now();
  for (int i = 0; i < 1000; ++i) {
    LogEvent(LogLevel::kWarning, LogCode::kStreamUpsert, "again");
  }
  const size_t more_by_time = (absl::Now() - begin) / absl::Seconds(3);
  LogEvent(LogLevel::kWarning, LogCode::kStreamStatement, "another");
  EXPECT_THAT(Lines(), SizeIs(AllOf(Ge(21u), Le(21 + more_by_time))));
  EXPECT_THAT(Lines().back(), HasSubstr("another"));
}

TEST_F(LoggingTest, ALibrarysLineComesThroughTheSameSink) {
  LOG(ERROR) << "of a library";
  ASSERT_THAT(Lines(), SizeIs(1));
  EXPECT_THAT(Lines()[0], HasSubstr("error library.line of a library "
                                    "at=logging_test.cc:"));
  LogLibrdkafka(4, "FAIL", "broker down");
  EXPECT_THAT(Lines()[1], HasSubstr("warning kafka.library broker down facility=FAIL"));
}

TEST_F(LoggingTest, LinesOfLibrdkafkaAreDetailsOfOurs) {
  LogLibrdkafka(5, "CONFWARN", "Configuration property x is deprecated");
  EXPECT_THAT(Lines().back(), HasSubstr(" info kafka.library Configuration property x"));
  LogLibrdkafka(3, "FAIL", "connection refused");
  EXPECT_THAT(Lines().back(), HasSubstr(" warning kafka.library connection refused facility=FAIL"));
}

TEST_F(LoggingTest, AJsonLineIsUtf8WhateverTheServerSays) {
  Configure({LogLevel::kInfo, LogFormat::kJson});
  LogEvent(LogLevel::kError, LogCode::kSqlFailed, "Acc\xe8s refus\xe9", {{"user", "Zo\xc3\xab"}});
  ASSERT_THAT(Lines(), SizeIs(1));
  const auto line = nlohmann::json::parse(Lines()[0], nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(line.is_object()) << Lines()[0];
  EXPECT_EQ(line["msg"], "Acc?s refus?");
  EXPECT_EQ(line["user"], "Zo\xc3\xab");
}

TEST_F(LoggingTest, SecretsAreMaskedWhereverTheyTurnUp) {
  Configure({}, {"hunter2", "hunter2222", "abc"});
  LogEvent(LogLevel::kInfo, LogCode::kSqlFailed, "login with hunter2222", {{"url", "x:hunter2@db"}, {"abc", "abc"}});
  ASSERT_THAT(Lines(), SizeIs(1));
  EXPECT_THAT(Lines()[0], Not(HasSubstr("hunter")));
  EXPECT_THAT(Lines()[0], HasSubstr("login with *** url=x:***@db abc=abc"));
}

TEST_F(LoggingTest, ASecretThatIsAWordIsMaskedWhereOneCouldStandAndNowhereElse) {
  Configure({}, {"stream", "relay"});
  LogEvent(LogLevel::kInfo, LogCode::kStreamConnected, "the relay reads; sasl.password=relay, near 'relay', x:relays",
           {{"stream", "relay"}, {"rows", 2}});
  ASSERT_THAT(Lines(), SizeIs(1));
  EXPECT_THAT(Lines()[0], HasSubstr(" info stream.connected the relay reads; sasl.password=***, near '***', x:relays "
                                    "stream=relay rows=2"));
}

TEST_F(LoggingTest, LinesOfManyThreadsStayWhole) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([] {
      for (size_t i = 0; i < AllLogEvents().size(); ++i) {
        LogEvent(LogLevel::kInfo, static_cast<LogCode>(i), "words", {{"i", i}});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(Lines(), SizeIs(4 * AllLogEvents().size()));
  for (const std::string& line : Lines()) {
    const size_t i = std::stoul(line.substr(line.rfind('=') + 1));
    EXPECT_THAT(line, HasSubstr(absl::StrCat(" ", AllLogEvents()[i].text, " ")));
  }
}

TEST(LogEventsTest, CodesAreUniqueAndExplained) {
  std::set<absl::string_view> codes;
  for (const LogEventInfo& event : AllLogEvents()) {
    EXPECT_TRUE(codes.insert(event.text).second) << event.text;
    EXPECT_THAT(std::string(event.text), MatchesRegex("[a-z]+[.][a-z_]+"));
    EXPECT_TRUE(absl::EndsWith(event.meaning, ".")) << event.text;
    EXPECT_EQ(LogCodeText(event.code), event.text);
  }
}

}  // namespace
}  // namespace relay
