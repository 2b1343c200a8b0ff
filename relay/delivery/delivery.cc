// SPDX-License-Identifier: Apache-2.0
#include "relay/delivery/delivery.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka/fault.h"
#include "relay/base/status_macros.h"
#include "relay/status/logging.h"

namespace relay {
namespace {

// Kafka's MSG_SIZE_TOO_LARGE and RECORD_LIST_TOO_LARGE, which a broker says of a batch.
constexpr bool IsAboutTheBatch(int code) { return code == 10 || code == 18; }
// Waits are cut into steps, between which stop and failures are looked at.
constexpr absl::Duration kStep = absl::Milliseconds(50);
// How long a broker may take to say whether a held topic is there.
constexpr absl::Duration kProbeTimeout = absl::Seconds(1);
// Between two tries of one row alone.
constexpr absl::Duration kAlonePause = absl::Milliseconds(100);
// How long a recovery waits for reports before it gives up on what is in flight (which then may be sent twice).
constexpr absl::Duration kDrainPatience = absl::Seconds(15);

}  // namespace

Delivery::Delivery(ProducerFactory factory, AckTracker* tracker, FaultPolicy* policy, Metrics* metrics,
                   StatusBoard* board, std::function<void()> wake_stream, const absl::Notification* stop,
                   const relay::base::Clock* clock)
    : factory_(std::move(factory)),
      tracker_(tracker),
      policy_(policy),
      metrics_(metrics),
      board_(board),
      wake_stream_(std::move(wake_stream)),
      stop_(stop),
      clock_(clock) {}

absl::Status Delivery::Start() { return Replace(); }

absl::Status Delivery::Replace() {
  replacing_.store(true, std::memory_order_release);
  absl::Status status;
  {
    absl::MutexLock ask_lock(&ask_mutex_);
    absl::MutexLock lock(&poll_mutex_);
    producer_.reset();
    auto producer = factory_(batch_bytes_);
    if (producer.ok()) {
      producer_ = *std::move(producer);
    } else {
      status = producer.status();
    }
  }
  replacing_.store(false, std::memory_order_release);
  return status;
}

absl::Status Delivery::Offer(const Row& row, kafka::Record* record) {
  record->sequence = row.ordinal.has_value() ? tracker_->Sent(*row.ordinal, row.commit_time)
                                             : tracker_->SentFromTable(row.key, row.table_voids);
  absl::Status status = producer_->Produce(*record);
  if (!status.ok()) tracker_->NotDelivered(record->sequence);
  return status;
}

void Delivery::NoteBreaker() {
  const FaultPolicy::Breaker breaker = policy_->breaker();
  absl::MutexLock lock(&breaker_mutex_);
  if (breaker.code == breaker_noted_) return;
  const bool was_open = breaker_noted_ != 0;
  breaker_noted_ = breaker.code;
  metrics_->holding.Set(breaker.code != 0 ? 1 : 0);
  if (breaker.code == 0) {
    LogEvent(LogLevel::kInfo, LogCode::kKafkaBreakerClosed, "reading goes on");
    board_->Update([before = state_before_breaker_](RelayStatus& status) {
      if (status.state != RelayState::kHolding) return;
      status.state = before;
      status.state_detail.clear();
    });
    return;
  }
  LogEvent(
      LogLevel::kError, LogCode::kKafkaBreakerOpen,
      "more rows a minute fail than --poison-limit allows: this is taken for an outage and they are held; mend the "
      "cause",
      {{"error", kafka::CodeName(breaker.code)}, {"reason", breaker.reason}});
  RelayState before = RelayState::kStreaming;
  board_->Update([&](RelayStatus& status) {
    before = status.state;
    status.state = RelayState::kHolding;
    status.state_detail = absl::StrCat("More rows a minute fail with ", kafka::CodeName(breaker.code),
                                       " than --poison-limit allows: they are held until that ends.");
  });
  if (!was_open) state_before_breaker_ = before;
}

bool Delivery::WaitForBreaker(absl::Duration wait) {
  NoteBreaker();
  const absl::Duration until = clock_->Monotonic() + wait;
  while (clock_->Monotonic() < until && !rewind_needed_.load(std::memory_order_acquire)) {
    if (stop_->WaitForNotificationWithTimeout(kStep)) return false;
    board_->Beat(RelayThread::kStream);
  }
  return true;
}

Delivery::Result Delivery::Condemn(int code, absl::string_view reason, Poison* poison) {
  for (;;) {
    if (rewind_needed_.load(std::memory_order_acquire)) return Result::kRewind;
    const FaultPolicy::Verdict verdict = policy_->Condemn(code, reason);
    if (verdict.action == FaultPolicy::Action::kPoison) break;
    if (!WaitForBreaker(verdict.wait)) return Result::kStopped;
  }
  poison->attempts = 1;
  poison->reason = std::string(reason);
  return Result::kPoison;
}

Delivery::Result Delivery::Send(const Row& row, kafka::Record* record, Poison* poison) {
  for (;;) {
    if (stop_->HasBeenNotified()) return Result::kStopped;
    if (rewind_needed_.load(std::memory_order_acquire)) return Result::kRewind;
    const FaultPolicy::Verdict verdict = policy_->Judge(row.key, record->topic);
    switch (verdict.action) {
      case FaultPolicy::Action::kHold:
        return Result::kHeld;
      case FaultPolicy::Action::kPoison:
        poison->attempts = verdict.attempts;
        poison->reason = absl::StrCat(kafka::CodeName(verdict.code), ": ", verdict.reason);
        return Result::kPoison;
      case FaultPolicy::Action::kWait:
        if (!WaitForBreaker(verdict.wait)) return Result::kStopped;
        continue;
      case FaultPolicy::Action::kSendAlone: {
        const std::optional<Result> result = SendAlone(row, verdict, record);
        if (result.has_value()) return *result;
        continue;
      }
      case FaultPolicy::Action::kSend:
        break;
    }
    const absl::Status status = Offer(row, record);
    if (status.ok()) return Result::kSent;
    if (absl::IsResourceExhausted(status)) {
      producer_->WaitForRoom(kStep);
      board_->Beat(RelayThread::kStream);
      continue;
    }
    switch (const kafka::Fault fault = kafka::FaultOfStatus(status); fault) {
      case kafka::Fault::kRow:
        // Known before it is sent: no attempt can change it.
        return Condemn(kafka::CodeOfStatus(status), status.message(), poison);
      case kafka::Fault::kDestination:
        policy_->Failed(row.key, record->topic, fault, kafka::CodeOfStatus(status), status.message());
        NoteHeldTopics();
        continue;
      case kafka::Fault::kNone:
      case kafka::Fault::kRetry:
      case kafka::Fault::kInstance:
        rewind_needed_.store(true, std::memory_order_release);
        return Result::kRewind;
    }
  }
}

// Nullopt: ask the policy again.
std::optional<Delivery::Result> Delivery::SendAlone(const Row& row, const FaultPolicy::Verdict& verdict,
                                                    kafka::Record* record) {
  if (kafka::FaultOfCode(verdict.code) == kafka::Fault::kDestination) {
    // Asked first: a record for a topic whose metadata have gone stale would sit in librdkafka's queue for
    // topic.metadata.propagation.max.ms, and every other topic with it.
    const absl::Status probed = producer_->ProbeTopic(record->topic, kProbeTimeout);
    if (!probed.ok()) {
      // Without an answer the time does not count against the topic.
      const bool destination = kafka::FaultOfStatus(probed) == kafka::Fault::kDestination;
      policy_->Failed(row.key, record->topic, destination ? kafka::Fault::kDestination : kafka::Fault::kRetry,
                      kafka::CodeOfStatus(probed), probed.message());
      NoteHeldTopics();
      return std::nullopt;
    }
  }
  while (!tracker_->WaitUntilIdle(kStep)) {
    if (stop_->HasBeenNotified()) return Result::kStopped;
    if (rewind_needed_.load(std::memory_order_acquire)) return Result::kRewind;
    board_->Beat(RelayThread::kStream);
  }
  if (!producer_->FatalError().ok()) {
    rewind_needed_.store(true, std::memory_order_release);
    return Result::kRewind;
  }
  producer_->ReopenTopic(record->topic);
  {
    absl::MutexLock lock(&alone_mutex_);
    alone_ = true;
    alone_outcome_ = Outcome::kWaiting;
  }
  Outcome outcome = Outcome::kFailed;
  const absl::Status status = Offer(row, record);
  if (status.ok()) {
    while (!tracker_->WaitUntilIdle(kStep)) {
      if (stop_->HasBeenNotified()) return Result::kStopped;
      board_->Beat(RelayThread::kStream);
    }
    absl::MutexLock lock(&alone_mutex_);
    outcome = alone_outcome_;
  } else {
    policy_->Failed(row.key, record->topic, kafka::FaultOfStatus(status), kafka::CodeOfStatus(status),
                    status.message());
  }
  {
    absl::MutexLock lock(&alone_mutex_);
    alone_ = false;
  }
  NoteHeldTopics();
  if (outcome == Outcome::kDelivered) {
    if (IsAboutTheBatch(verdict.code) && batch_refused_.exchange(false)) {
      // The broker's limit is on the batch: alone the row is small enough. Once for all rows of the batch.
      batch_bytes_ = kafka::SmallerBatch(producer_->batch_bytes());
      const absl::Status replaced = Replace();
      if (!replaced.ok()) rewind_needed_.store(true, std::memory_order_release);
    }
    return Result::kSent;
  }
  if (!producer_->FatalError().ok()) {
    metrics_->reconnects_kafka.Add();
    if (!Replace().ok()) {
      rewind_needed_.store(true, std::memory_order_release);
      return Result::kRewind;
    }
  }
  stop_->WaitForNotificationWithTimeout(kAlonePause);
  return std::nullopt;
}

absl::Status Delivery::WaitIdle(absl::Duration patience) {
  const absl::Duration deadline = clock_->Monotonic() + patience;
  while (!tracker_->WaitUntilIdle(kStep)) {
    board_->Beat(RelayThread::kStream);
    if (stop_->HasBeenNotified()) return absl::CancelledError("stopping");
    if (clock_->Monotonic() > deadline) return absl::DeadlineExceededError("records are still in flight");
  }
  return absl::OkStatus();
}

absl::Status Delivery::Recover() {
  const bool failed = rewind_needed_.load(std::memory_order_acquire);
  absl::Status idle = WaitIdle(failed ? kDrainPatience : absl::InfiniteDuration());
  if (absl::IsCancelled(idle)) return idle;
  if (!idle.ok()) {
    if (producer_ != nullptr) producer_->Purge();
    idle = WaitIdle(kDrainPatience);
    if (absl::IsCancelled(idle)) return idle;
  }
  if (failed) {
    const absl::Duration now = clock_->Monotonic();
    if (now - last_recovery_ > absl::Minutes(1)) backoff_.Reset();
    last_recovery_ = now;
    stop_->WaitForNotificationWithTimeout(backoff_.Next());
    if (stop_->HasBeenNotified()) return absl::CancelledError("stopping");
    const absl::Status fatal = producer_ == nullptr ? absl::OkStatus() : producer_->FatalError();
    RETURN_IF_ERROR(Replace());
    metrics_->reconnects_kafka.Add();
    LogEvent(LogLevel::kWarning, LogCode::kKafkaReplaced,
             "the producer was replaced; what was not acknowledged is sent again, in order",
             {{"reason", fatal.ok() ? "a delivery failed" : fatal.message()}});
    if (!fatal.ok()) {
      board_->Update([&](RelayStatus& status) {
        status.kafka.problem = RelayStatus::Problem{clock_->Now(), std::string(fatal.message())};
      });
    }
  }
  rewind_needed_.store(false, std::memory_order_release);
  policy_->Replaying();
  NoteHeldTopics();
  return absl::OkStatus();
}

bool Delivery::Drain(absl::Duration timeout) { return tracker_->WaitUntilIdle(timeout); }

int Delivery::Poll(absl::Duration timeout) {
  if (replacing_.load(std::memory_order_acquire)) {
    // Lets the stream thread have the lock.
    stop_->WaitForNotificationWithTimeout(absl::Milliseconds(1));
    return 0;
  }
  delivered_.clear();
  commit_times_.clear();
  bool failed = false;
  int reports = 0;
  size_t queued_records = 0;
  size_t queued_bytes = 0;
  {
    absl::MutexLock lock(&poll_mutex_);
    if (producer_ == nullptr) {
      reports = -1;
    } else {
      queued_records = producer_->queued_records();
      queued_bytes = producer_->queued_bytes();
      reports = producer_->Poll(timeout, [&](const kafka::DeliveryReport& report) {
        if (report.fault != kafka::Fault::kNone) {
          failed = true;
          HandleFailure(report);
          return;
        }
        if (!policy_->quiet()) {
          const std::optional<RowKey> row = tracker_->RowOf(report.sequence);
          if (row.has_value()) policy_->Delivered(*row, report.topic);
        }
        delivered_.push_back(report.sequence);
      });
    }
  }
  if (reports >= 0) {
    metrics_->queue_records.Set(static_cast<double>(queued_records));
    metrics_->queue_bytes.Set(static_cast<double>(queued_bytes));
  } else {
    stop_->WaitForNotificationWithTimeout(std::min(timeout, kStep));
    return 0;
  }
  if (!delivered_.empty()) {
    const absl::Time now = clock_->Now();
    {
      absl::MutexLock lock(&alone_mutex_);
      if (alone_) alone_outcome_ = Outcome::kDelivered;
    }
    tracker_->Acknowledged(delivered_, &commit_times_);
    last_ack_us_.store(absl::ToUnixMicros(now), std::memory_order_relaxed);
    metrics_->rows_published.Add(delivered_.size());
    for (size_t i = 0; i < commit_times_.size();) {
      size_t same = i + 1;
      while (same < commit_times_.size() && commit_times_[same] == commit_times_[i]) ++same;
      metrics_->commit_to_ack.Observe(now - commit_times_[i], same - i);
      i = same;
    }
  }
  if (policy_->ForgetPast()) NoteHeldTopics();
  NoteBreaker();
  if (failed && rewind_needed_.load(std::memory_order_acquire)) wake_stream_();
  return reports;
}

void Delivery::HandleFailure(const kafka::DeliveryReport& report) {
  switch (report.fault) {
    case kafka::Fault::kNone:
      break;
    case kafka::Fault::kRow:
      metrics_->failures_row.Add();
      break;
    case kafka::Fault::kDestination:
      metrics_->failures_destination.Add();
      break;
    case kafka::Fault::kRetry:
      metrics_->failures_retry.Add();
      break;
    case kafka::Fault::kInstance:
      metrics_->failures_instance.Add();
      break;
  }
  LogEvent(LogLevel::kWarning, LogCode::kKafkaDelivery, report.reason,
           {{"fault", kafka::FaultName(report.fault)},
            {"error", kafka::CodeName(report.code)},
            {"topic", report.topic},
            {"partition", report.partition}});
  const std::optional<RowKey> row = tracker_->RowOf(report.sequence);
  if (row.has_value()) policy_->Failed(*row, report.topic, report.fault, report.code, report.reason);
  bool alone = false;
  {
    absl::MutexLock lock(&alone_mutex_);
    alone = alone_;
    if (alone) alone_outcome_ = Outcome::kFailed;
  }
  if (IsAboutTheBatch(report.code) && !alone) batch_refused_.store(true);
  // A topic's trouble is the policy's matter, and so is a row that was sent alone: nothing else is lost with it.
  if (report.fault != kafka::Fault::kDestination && !alone) rewind_needed_.store(true, std::memory_order_release);
  tracker_->NotDelivered(report.sequence);
}

void Delivery::NoteHeldTopics() {
  const std::vector<FaultPolicy::HeldTopic> held = policy_->held_topics();
  metrics_->held_topics.Set(static_cast<double>(held.size()));
  std::set<std::string> released;
  board_->Update([&](RelayStatus& status) {
    for (const auto& topic : status.kafka.held_topics) released.insert(topic.topic);
    status.kafka.held_topics.clear();
    for (const FaultPolicy::HeldTopic& topic : held) {
      status.kafka.held_topics.push_back({topic.topic, topic.reason, clock_->Now() - topic.held_for});
    }
  });
  for (const FaultPolicy::HeldTopic& topic : held) {
    if (released.erase(topic.topic) > 0) continue;  // said before
    LogEvent(LogLevel::kError, LogCode::kKafkaTopicHeld,
             "the topic is unknown or not ours to write to; its rows wait while others go on: create it or allow WRITE",
             {{"topic", topic.topic}, {"reason", topic.reason}});
  }
  for (const std::string& topic : released) {
    LogEvent(LogLevel::kInfo, LogCode::kKafkaTopicReleased, "the topic is held no more", {{"topic", topic}});
  }
}

void Delivery::AskAboutHeldTopics() {
  const std::vector<std::string> topics = policy_->TopicsToAsk();
  if (topics.empty()) return;
  bool answered = true;
  {
    absl::MutexLock lock(&ask_mutex_);
    if (producer_ == nullptr) return;
    for (const std::string& topic : topics) {
      // One broker that doesn't answer is not asked about each of many topics.
      const absl::Status said = answered ? producer_->ProbeTopic(topic, kProbeTimeout) : absl::UnavailableError("");
      if (said.ok()) {
        policy_->MayBeTried(topic);
      } else if (kafka::FaultOfStatus(said) == kafka::Fault::kDestination) {
        policy_->StillRefused(topic, kafka::CodeOfStatus(said), said.message());
      } else {
        answered = false;
        policy_->NobodyAnswered(topic);
      }
    }
  }
  NoteHeldTopics();
  if (policy_->ReplayDue()) wake_stream_();
}

absl::Status Delivery::Reachable(absl::Duration timeout) {
  absl::MutexLock lock(&ask_mutex_);
  if (producer_ == nullptr) return absl::CancelledError("there is no producer yet");
  return producer_->Reachable(timeout);
}

absl::Time Delivery::last_ack() const {
  const int64_t us = last_ack_us_.load(std::memory_order_relaxed);
  return us == 0 ? absl::InfinitePast() : absl::FromUnixMicros(us);
}

}  // namespace relay
