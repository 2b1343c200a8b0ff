// SPDX-License-Identifier: Apache-2.0
#include "relay/delivery/fault_policy.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace relay {
namespace {

constexpr absl::Duration kFirstProbe = absl::Seconds(1);
constexpr absl::Duration kLongestProbe = absl::Seconds(30);
constexpr absl::Duration kBreakerWindow = absl::Minutes(1);
constexpr absl::Duration kBreakerWait = absl::Seconds(5);
// A topic past its grace, without a row of it.
constexpr absl::Duration kRemembered = absl::Minutes(1);

}  // namespace

bool FaultPolicy::MayPoison(int code, absl::string_view reason) {
  std::deque<absl::Duration>& times = poisoned_[code];
  const absl::Duration now = clock_->Monotonic();
  while (!times.empty() && times.front() <= now - kBreakerWindow) times.pop_front();
  if (times.size() >= static_cast<size_t>(options_.poison_limit_per_minute)) {
    breaker_ = {code, std::string(reason)};
    return false;
  }
  times.push_back(now);
  if (breaker_.code == code) breaker_ = {};
  return true;
}

void FaultPolicy::CloseBreaker(int code) {
  poisoned_.erase(code);
  if (breaker_.code == code) breaker_ = {};
}

bool FaultPolicy::GraceOver(const Held& held) const {
  return !options_.hold_topics_for_ever && clock_->Monotonic() - held.since >= options_.topic_error_grace;
}

void FaultPolicy::UpdateQuiet() {
  quiet_.store(suspects_.empty() && held_.empty() && !freed_ && breaker_.code == 0, std::memory_order_release);
}

FaultPolicy::Verdict FaultPolicy::Judge(RowKey row, absl::string_view topic) {
  if (quiet()) return {};
  absl::MutexLock lock(&mutex_);
  const auto held_it = held_.find(topic);
  if (held_it != held_.end()) {
    Held& held = held_it->second;
    held.last_row = clock_->Monotonic();
    // Past the grace a probe still comes first, so that a topic that was mended is not condemned.
    if (!held.left_behind && !held.probing && (held.may_be_tried || clock_->Monotonic() >= held.next_probe)) {
      held.may_be_tried = false;
      held.probing = true;
      held.probe = row;
      ++held.probes;
      return {Action::kSendAlone, held.probes, held.code, held.reason};
    }
    if (GraceOver(held) && !held.left_behind && !held.probing && held.probes > 0 && MayPoison(held.code, held.reason)) {
      return {Action::kPoison, held.probes, held.code, held.reason};
    }
    held.left_behind = true;
    return {Action::kHold, held.probes, held.code, held.reason};
  }
  const auto it = suspects_.find(row);
  if (it == suspects_.end()) return {};
  Suspect& suspect = it->second;
  if (suspect.attempts < options_.publish_attempts) {
    suspect.alone = true;
    return {Action::kSendAlone, suspect.attempts, suspect.code, suspect.reason};
  }
  if (!MayPoison(suspect.code, suspect.reason)) {
    // The next time it is tried once more before it is condemned.
    suspect.attempts = options_.publish_attempts - 1;
    return {Action::kWait, suspect.attempts, suspect.code, suspect.reason, kBreakerWait};
  }
  return {Action::kPoison, suspect.attempts, suspect.code, suspect.reason};
}

FaultPolicy::Verdict FaultPolicy::Condemn(int code, absl::string_view reason) {
  absl::MutexLock lock(&mutex_);
  const bool poison = MayPoison(code, reason);
  UpdateQuiet();
  return {poison ? Action::kPoison : Action::kWait, 1, code, std::string(reason), kBreakerWait};
}

void FaultPolicy::Postpone(Held* held) {
  const absl::Duration now = clock_->Monotonic();
  held->may_be_tried = false;
  held->probe_interval = std::min(held->probe_interval * 2, kLongestProbe);
  held->next_probe = now + held->probe_interval;
  if (!options_.hold_topics_for_ever && held->since + options_.topic_error_grace > now) {
    held->next_probe = std::min(held->next_probe, held->since + options_.topic_error_grace);
  }
}

void FaultPolicy::Refused(Held* held, int code, absl::string_view reason) {
  held->last_refusal = clock_->Monotonic();
  held->code = code;
  held->reason = std::string(reason);
}

void FaultPolicy::Unanswered(Held* held) {
  held->since += clock_->Monotonic() - held->last_refusal;
  held->last_refusal = clock_->Monotonic();
  Postpone(held);
}

void FaultPolicy::Failed(RowKey row, absl::string_view topic, kafka::Fault fault, int code, absl::string_view reason) {
  absl::MutexLock lock(&mutex_);
  const auto found = held_.find(topic);
  const bool probe = found != held_.end() && found->second.probing && found->second.probe == row;
  switch (fault) {
    case kafka::Fault::kNone:
    case kafka::Fault::kRetry:
    case kafka::Fault::kInstance:
      if (probe) {
        found->second.probing = false;
        Unanswered(&found->second);
      }
      break;
    case kafka::Fault::kRow: {
      if (probe) {
        // So the topic is there.
        held_.erase(found);
        freed_ = true;
      }
      Suspect& suspect = suspects_[row];
      if (suspect.alone) ++suspect.attempts;
      suspect.alone = false;
      suspect.code = code;
      suspect.reason = std::string(reason);
      break;
    }
    case kafka::Fault::kDestination: {
      const auto [it, added] = held_.try_emplace(std::string(topic));
      Held& held = it->second;
      if (added) {
        held.since = held.last_row = clock_->Monotonic();
        held.probe_interval = kFirstProbe;
        held.next_probe = held.since + held.probe_interval;
        held.left_behind = true;
      } else if (probe) {
        held.probing = false;
        Postpone(&held);
      }
      Refused(&held, code, reason);
      break;
    }
  }
  UpdateQuiet();
}

void FaultPolicy::Delivered(RowKey row, absl::string_view topic) {
  if (quiet()) return;
  absl::MutexLock lock(&mutex_);
  const auto it = suspects_.find(row);
  if (it != suspects_.end()) {
    CloseBreaker(it->second.code);
    suspects_.erase(it);
  }
  const auto held = held_.find(topic);
  if (held != held_.end() && held->second.probing && held->second.probe == row) {
    CloseBreaker(held->second.code);
    held_.erase(held);
    freed_ = true;
  }
  UpdateQuiet();
}

void FaultPolicy::Forget(RowKey row) {
  if (quiet()) return;
  absl::MutexLock lock(&mutex_);
  suspects_.erase(row);
  UpdateQuiet();
}

std::vector<std::string> FaultPolicy::TopicsToAsk() const {
  std::vector<std::string> topics;
  if (quiet()) return topics;
  absl::MutexLock lock(&mutex_);
  for (const auto& [topic, held] : held_) {
    if (held.left_behind && !held.probing && !held.may_be_tried && clock_->Monotonic() >= held.next_probe) {
      topics.push_back(topic);
    }
  }
  return topics;
}

void FaultPolicy::StillRefused(absl::string_view topic, int code, absl::string_view reason) {
  absl::MutexLock lock(&mutex_);
  const auto it = held_.find(topic);
  if (it == held_.end()) return;
  ++it->second.probes;
  Refused(&it->second, code, reason);
  if (GraceOver(it->second)) {
    it->second.may_be_tried = true;  // To be condemned, unless the probe is taken.
    return;
  }
  Postpone(&it->second);
}

void FaultPolicy::MayBeTried(absl::string_view topic) {
  absl::MutexLock lock(&mutex_);
  const auto it = held_.find(topic);
  if (it != held_.end()) it->second.may_be_tried = true;
}

void FaultPolicy::NobodyAnswered(absl::string_view topic) {
  absl::MutexLock lock(&mutex_);
  const auto it = held_.find(topic);
  if (it == held_.end()) return;
  it->second.probing = false;
  Unanswered(&it->second);
}

bool FaultPolicy::ReplayDue() const {
  if (quiet()) return false;
  absl::MutexLock lock(&mutex_);
  return freed_ || std::any_of(held_.begin(), held_.end(),
                               [](const auto& entry) { return entry.second.left_behind && entry.second.may_be_tried; });
}

void FaultPolicy::Replaying() {
  absl::MutexLock lock(&mutex_);
  freed_ = false;
  for (auto& [topic, held] : held_) {
    held.probing = false;
    held.left_behind = false;
  }
  UpdateQuiet();
}

std::vector<FaultPolicy::HeldTopic> FaultPolicy::held_topics() const {
  absl::MutexLock lock(&mutex_);
  std::vector<HeldTopic> topics;
  for (const auto& [topic, held] : held_) topics.push_back({topic, held.reason, clock_->Monotonic() - held.since});
  return topics;
}

bool FaultPolicy::ForgetPast() {
  if (quiet()) return false;
  absl::MutexLock lock(&mutex_);
  const absl::Duration now = clock_->Monotonic();
  bool forgotten = false;
  for (auto it = held_.begin(); it != held_.end();) {
    const Held& held = it->second;
    const bool past = GraceOver(held) && !held.left_behind && !held.probing && now - held.last_row > kRemembered;
    forgotten |= past;
    past ? held_.erase(it++) : void(++it);
  }
  // Nobody may ask again about what the breaker held.
  if (breaker_.code != 0) {
    const std::deque<absl::Duration>& times = poisoned_[breaker_.code];
    if (times.empty() || times.back() <= now - kBreakerWindow) CloseBreaker(breaker_.code);
  }
  UpdateQuiet();
  return forgotten;
}

FaultPolicy::Breaker FaultPolicy::breaker() const {
  absl::MutexLock lock(&mutex_);
  return breaker_;
}

}  // namespace relay
