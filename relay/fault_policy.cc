// SPDX-License-Identifier: Apache-2.0
#include "relay/fault_policy.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace relay {
namespace {

constexpr absl::Duration kFirstProbe = absl::Seconds(1);
constexpr absl::Duration kLongestProbe = absl::Seconds(30);
constexpr absl::Duration kBreakerWindow = absl::Minutes(1);
constexpr absl::Duration kBreakerWait = absl::Seconds(5);

}  // namespace

bool FaultPolicy::BreakerOpen(int code) const {
  const auto it = poisoned_.find(code);
  if (it == poisoned_.end()) return false;
  const absl::Duration since = clock_->Monotonic() - kBreakerWindow;
  return std::count_if(it->second.begin(), it->second.end(), [&](absl::Duration at) { return at > since; }) >=
         options_.poison_limit_per_minute;
}

void FaultPolicy::Poisoned(int code) {
  std::deque<absl::Duration>& times = poisoned_[code];
  const absl::Duration now = clock_->Monotonic();
  while (!times.empty() && times.front() <= now - kBreakerWindow) times.pop_front();
  times.push_back(now);
}

bool FaultPolicy::GraceOver(const Held& held) const {
  return !options_.hold_topics_for_ever && clock_->Monotonic() - held.since >= options_.topic_error_grace;
}

void FaultPolicy::UpdateQuiet() {
  quiet_.store(suspects_.empty() && held_.empty() && !freed_, std::memory_order_release);
}

FaultPolicy::Verdict FaultPolicy::Judge(RowKey row, absl::string_view topic) {
  if (quiet()) return {};
  absl::MutexLock lock(&mutex_);
  const auto held_it = held_.find(topic);
  if (held_it != held_.end()) {
    Held& held = held_it->second;
    if (!held.probing && clock_->Monotonic() >= held.next_probe) {
      held.probing = true;
      held.awaited = false;
      held.probe = row;
      ++held.probes;
      return {Action::kSendAlone, held.probes, held.code, held.reason};
    }
    // Past the grace a probe still comes first, so that a topic that was mended is not condemned.
    if (GraceOver(held) && !held.probing && held.probes > 0 && !BreakerOpen(held.code)) {
      Poisoned(held.code);
      return {Action::kPoison, held.probes, held.code, held.reason};
    }
    return {Action::kHold, held.probes, held.code, held.reason};
  }
  const auto it = suspects_.find(row);
  if (it == suspects_.end()) return {};
  Suspect& suspect = it->second;
  if (suspect.attempts < options_.publish_attempts) {
    suspect.alone = true;
    return {Action::kSendAlone, suspect.attempts, suspect.code, suspect.reason};
  }
  if (BreakerOpen(suspect.code)) {
    // The next time it is tried once more before it is condemned.
    suspect.attempts = options_.publish_attempts - 1;
    return {Action::kWait, suspect.attempts, suspect.code, suspect.reason, kBreakerWait};
  }
  Poisoned(suspect.code);
  return {Action::kPoison, suspect.attempts, suspect.code, suspect.reason};
}

void FaultPolicy::Failed(RowKey row, absl::string_view topic, kafka::Fault fault, int code, absl::string_view reason) {
  absl::MutexLock lock(&mutex_);
  switch (fault) {
    case kafka::Fault::kNone:
    case kafka::Fault::kRetry:
    case kafka::Fault::kInstance: {
      const auto it = held_.find(topic);
      if (it != held_.end() && it->second.probing && it->second.probe == row) it->second.probing = false;
      break;
    }
    case kafka::Fault::kRow: {
      Suspect& suspect = suspects_[row];
      if (suspect.alone) ++suspect.attempts;
      suspect.alone = false;
      suspect.code = code;
      suspect.reason = std::string(reason);
      break;
    }
    case kafka::Fault::kDestination: {
      auto [it, added] = held_.try_emplace(std::string(topic));
      Held& held = it->second;
      const absl::Duration now = clock_->Monotonic();
      if (added) {
        held.since = now;
        held.probe_interval = kFirstProbe;
        held.next_probe = now + held.probe_interval;
      } else if (held.probing && held.probe == row) {
        held.probing = false;
        held.probe_interval = std::min(held.probe_interval * 2, kLongestProbe);
        held.next_probe = now + held.probe_interval;
        if (!options_.hold_topics_for_ever && held.since + options_.topic_error_grace > now) {
          held.next_probe = std::min(held.next_probe, held.since + options_.topic_error_grace);
        }
      }
      held.code = code;
      held.reason = std::string(reason);
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
    poisoned_.erase(it->second.code);  // So it was no outage, or it is over.
    suspects_.erase(it);
  }
  const auto held = held_.find(topic);
  if (held != held_.end() && held->second.probing && held->second.probe == row) {
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

bool FaultPolicy::ReplayDue() const {
  if (quiet()) return false;
  absl::MutexLock lock(&mutex_);
  if (freed_) return true;
  return std::any_of(held_.begin(), held_.end(), [&](const auto& entry) {
    const Held& held = entry.second;
    return !held.probing && !held.awaited && clock_->Monotonic() >= held.next_probe;
  });
}

void FaultPolicy::Replaying() {
  absl::MutexLock lock(&mutex_);
  freed_ = false;
  for (auto& [topic, held] : held_) {
    held.probing = false;
    held.awaited = clock_->Monotonic() >= held.next_probe;
  }
  UpdateQuiet();
}

std::vector<FaultPolicy::HeldTopic> FaultPolicy::held_topics() const {
  absl::MutexLock lock(&mutex_);
  std::vector<HeldTopic> topics;
  for (const auto& [topic, held] : held_) topics.push_back({topic, held.reason, clock_->Monotonic() - held.since});
  return topics;
}

bool FaultPolicy::breaker_open() const {
  absl::MutexLock lock(&mutex_);
  for (const auto& [code, times] : poisoned_) {
    if (BreakerOpen(code)) return true;
  }
  return false;
}

}  // namespace relay
