// SPDX-License-Identifier: Apache-2.0
#include "relay/http/kafka_watch.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "relay/status/logging.h"

namespace relay {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(1);
constexpr absl::Duration kWhileConnected = absl::Seconds(5);
constexpr absl::Duration kWhileUnreachable = absl::Seconds(1);
// While the producer is being made.
constexpr absl::Duration kUntilAsked = absl::Milliseconds(10);

}  // namespace

KafkaWatch::KafkaWatch(std::function<absl::Status(absl::Duration)> ask, std::function<absl::Time()> last_ack,
                       StatusBoard* board, Metrics* metrics)
    : ask_(std::move(ask)), last_ack_(std::move(last_ack)), board_(board), metrics_(metrics), thread_([this] {
        Run();
      }) {}

KafkaWatch::~KafkaWatch() {
  done_.Notify();
  thread_.join();
}

void KafkaWatch::Run() {
  absl::Duration pause;
  do {
    const bool acknowledged_lately = absl::Now() - last_ack_() < kWhileConnected;
    const absl::Status answer = acknowledged_lately ? absl::OkStatus() : ask_(kPatience);
    if (absl::IsCancelled(answer)) {
      pause = kUntilAsked;
      continue;
    }
    Note(answer);
    pause = answer.ok() ? kWhileConnected : kWhileUnreachable;
  } while (!done_.WaitForNotificationWithTimeout(pause));
}

void KafkaWatch::Note(const absl::Status& answer) {
  // Why it can't be reached is often known only after a while: TLS, credentials.
  const bool changed = said_ != answer.code();
  said_ = answer.code();
  metrics_->kafka_connected.Set(answer.ok() ? 1 : 0);
  std::string problem;
  if (!answer.ok()) {
    const bool names_what = !absl::IsUnavailable(answer) || absl::StrContains(answer.message(), "KAFKA_");
    problem = absl::StrCat(answer.message(), names_what ? "" : "; see --kafka-host/KAFKA_HOST");
  }
  board_->Update([&](RelayStatus& status) {
    status.kafka.connected = answer.ok();
    if (answer.ok()) {
      status.kafka.reached_once = true;
      status.kafka.problem.reset();
    } else {
      status.kafka.problem = RelayStatus::Problem{absl::Now(), problem};
    }
  });
  if (!changed) return;
  if (answer.ok()) {
    LogEvent(LogLevel::kInfo, LogCode::kKafkaConnected, "Kafka answers");
  } else {
    LogEvent(LogLevel::kWarning, LogCode::kKafkaUnreachable, problem);
  }
}

}  // namespace relay
