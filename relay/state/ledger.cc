// SPDX-License-Identifier: Apache-2.0
#include "relay/state/ledger.h"

#include <algorithm>
#include <utility>

namespace relay {
namespace {

LedgerMinute MinuteAt(absl::Time server) {
  // Never the skipped ids' number, whatever the clock says.
  return std::max<int64_t>(0, absl::ToUnixSeconds(server) / 60);
}

}  // namespace

Ledger::Ledger(std::vector<std::string> schemas) : names_(std::move(schemas)) {
  for (size_t i = 0; i < names_.size(); ++i) schemas_.push_back(std::make_unique<Schema>());
}

Ledger::~Ledger() = default;

void Ledger::Schema::Raise(uint64_t id) {
  if (!any.load(std::memory_order_relaxed) || id > largest.load(std::memory_order_relaxed)) {
    largest.store(id, std::memory_order_relaxed);
  }
  any.store(true, std::memory_order_release);
}

void Ledger::Minute::Touch(LedgerTime now) {
  if (!last_added.has_value()) last_added = now;
  last_added->server = std::max(last_added->server, now.server);
  last_added->steady = std::max(last_added->steady, now.steady);
}

void Ledger::Schema::Insert(uint64_t id, LedgerMinute minute, LedgerTime now) {
  if (!all.Add(id)) {
    const auto it = minutes.find(minute);
    if (it != minutes.end() && it->second.ids.Contains(id)) {
      it->second.Touch(now);
      return;
    }
    Erase(id);
    all.Add(id);
  }
  Minute& content = minutes[minute];
  content.ids.Add(id);
  content.unsaved.Add(id);
  content.Touch(now);
  // What is stored of the minute is still to be dropped.
  if (gone.erase(minute) > 0) content.rewrite = true;
  Raise(id);
}

void Ledger::Schema::InsertNew(uint64_t first, uint64_t last, LedgerMinute minute, LedgerTime now) {
  all.AddRange(first, last);
  Minute& content = minutes[minute];
  content.ids.AddRange(first, last);
  content.unsaved.AddRange(first, last);
  content.Touch(now);
  if (gone.erase(minute) > 0) content.rewrite = true;
  Raise(last);
}

bool Ledger::Schema::Erase(uint64_t id) {
  bool found = false;
  if (skipped.ids.Remove(id)) {
    skipped.rewrite = true;
    found = true;
  }
  if (!all.Remove(id)) return found;
  for (auto& [minute, content] : minutes) {
    if (!content.ids.Remove(id)) continue;
    content.rewrite = true;
    if (content.ids.empty()) Drop(minute);
    return true;
  }
  return found;
}

void Ledger::Schema::Drop(LedgerMinute minute) {
  minutes.erase(minute);
  gone.insert(minute);
}

void Ledger::AddAll(size_t schema, absl::Span<const uint64_t> ids, LedgerTime now) {
  Schema& s = *schemas_[schema];
  const LedgerMinute minute = MinuteAt(now.server);
  absl::MutexLock lock(&s.mutex);
  for (size_t begin = 0; begin < ids.size();) {
    size_t end = begin + 1;
    while (end < ids.size() && ids[end] == ids[end - 1] + 1) ++end;
    if (s.any.load(std::memory_order_relaxed) && ids[begin] > s.largest.load(std::memory_order_relaxed)) {
      s.InsertNew(ids[begin], ids[end - 1], minute, now);
    } else {
      for (size_t i = begin; i < end; ++i) s.Insert(ids[i], minute, now);
    }
    begin = end;
  }
}

bool Ledger::RemoveFromOlder(size_t schema, uint64_t id) {
  Schema& s = *schemas_[schema];
  if (!s.any.load(std::memory_order_acquire) || id > s.largest.load(std::memory_order_relaxed)) return false;
  absl::MutexLock lock(&s.mutex);
  return s.Erase(id);
}

void Ledger::Void(size_t schema) {
  Schema& s = *schemas_[schema];
  absl::MutexLock lock(&s.mutex);
  s.minutes.clear();
  s.gone.clear();
  s.all.Clear();
  s.voided = true;
  ++s.voids;
  // The ids begin anew: they are to be cheap again.
  s.any.store(!s.skipped.ids.empty(), std::memory_order_release);
  s.largest.store(s.skipped.ids.empty() ? 0 : s.skipped.ids.max(), std::memory_order_relaxed);
}

bool Ledger::Contains(size_t schema, uint64_t id) const {
  const Schema& s = *schemas_[schema];
  absl::MutexLock lock(&s.mutex);
  return s.all.Contains(id);
}

IdSet Ledger::All(size_t schema) const {
  const Schema& s = *schemas_[schema];
  absl::MutexLock lock(&s.mutex);
  return s.all;
}

std::optional<LedgerMinute> Ledger::MinuteOf(size_t schema, uint64_t id) const {
  const Schema& s = *schemas_[schema];
  absl::MutexLock lock(&s.mutex);
  for (const auto& [minute, content] : s.minutes) {
    if (content.ids.Contains(id)) return minute;
  }
  return std::nullopt;
}

uint64_t Ledger::size(size_t schema) const {
  const Schema& s = *schemas_[schema];
  absl::MutexLock lock(&s.mutex);
  return s.all.size();
}

uint64_t Ledger::skipped_size(size_t schema) const {
  const Schema& s = *schemas_[schema];
  absl::MutexLock lock(&s.mutex);
  return s.skipped.ids.size();
}

uint64_t Ledger::total_size() const {
  uint64_t total = 0;
  for (size_t i = 0; i < schemas_.size(); ++i) total += size(i);
  return total;
}

uint64_t Ledger::total_skipped_size() const {
  uint64_t total = 0;
  for (size_t i = 0; i < schemas_.size(); ++i) total += skipped_size(i);
  return total;
}

void Ledger::Skip(size_t schema, const IdSet& ids) {
  if (ids.empty()) return;
  Schema& s = *schemas_[schema];
  absl::MutexLock lock(&s.mutex);
  s.skipped.ids.UnionWith(ids);
  s.skipped.rewrite = true;
  s.Raise(ids.max());
}

void Ledger::ForgetSkipped(size_t schema) {
  Schema& s = *schemas_[schema];
  absl::MutexLock lock(&s.mutex);
  if (s.skipped.ids.empty()) return;
  s.skipped.ids.Clear();
  s.skipped.rewrite = true;
}

IdSet Ledger::Skipped(size_t schema) const {
  const Schema& s = *schemas_[schema];
  absl::MutexLock lock(&s.mutex);
  return s.skipped.ids;
}

bool Ledger::IsDue(LedgerMinute minute, const Minute& content, LedgerTime now, absl::Duration retention) {
  // Of an earlier process's minute we only know that nothing was added after its end.
  absl::Time last = absl::FromUnixSeconds((minute + 1) * 60);
  if (content.last_added.has_value()) last = std::min(last, content.last_added->server);
  if (now.server - last < retention) return false;
  return !content.last_added.has_value() || now.steady - content.last_added->steady >= retention;
}

std::vector<uint64_t> Ledger::Due(size_t schema, LedgerTime now, absl::Duration retention, size_t count) const {
  const Schema& s = *schemas_[schema];
  absl::MutexLock lock(&s.mutex);
  for (const auto& [minute, content] : s.minutes) {
    if (IsDue(minute, content, now, retention)) return content.ids.Smallest(count);
  }
  return {};
}

IdSet Ledger::AllDue(size_t schema, LedgerTime now, absl::Duration retention) const {
  const Schema& s = *schemas_[schema];
  IdSet due;
  absl::MutexLock lock(&s.mutex);
  for (const auto& [minute, content] : s.minutes) {
    if (IsDue(minute, content, now, retention)) due.UnionWith(content.ids);
  }
  return due;
}

void Ledger::Forget(size_t schema, absl::Span<const uint64_t> ids) {
  Schema& s = *schemas_[schema];
  absl::MutexLock lock(&s.mutex);
  // The ids are neighbours in one minute, as Due gave them: look that minute up once.
  auto it = s.minutes.end();
  for (const uint64_t id : ids) {
    if (!s.all.Remove(id)) continue;
    if (it == s.minutes.end() || !it->second.ids.Contains(id)) {
      it = std::find_if(s.minutes.begin(), s.minutes.end(),
                        [id](const auto& minute) { return minute.second.ids.Contains(id); });
      if (it == s.minutes.end()) continue;
    }
    it->second.ids.Remove(id);
    it->second.rewrite = true;
    if (it->second.ids.empty()) {
      s.Drop(it->first);
      it = s.minutes.end();
    }
  }
}

LedgerDelta Ledger::TakeDelta() {
  LedgerDelta delta;
  for (size_t i = 0; i < schemas_.size(); ++i) {
    Schema& s = *schemas_[i];
    absl::MutexLock lock(&s.mutex);
    if (s.voided) delta.voided.push_back(names_[i]);
    s.voided = false;
    delta.voids.push_back(s.voids);
    for (const LedgerMinute minute : s.gone) {
      delta.parts.push_back({.schema = names_[i], .minute = minute, .replace = true, .ids = {}});
    }
    s.gone.clear();
    const auto take = [&](LedgerMinute minute, Minute& content) {
      if (!content.rewrite && content.unsaved.empty()) return;
      LedgerPart part{.schema = names_[i], .minute = minute, .replace = content.rewrite, .ids = {}};
      if (content.rewrite) {
        part.ids = content.ids;
      } else {
        part.ids = std::move(content.unsaved);
      }
      part.ids.Compress();
      content.unsaved.Clear();
      content.rewrite = false;
      delta.parts.push_back(std::move(part));
    };
    for (auto& [minute, content] : s.minutes) take(minute, content);
    take(kSkippedMinute, s.skipped);
  }
  return delta;
}

void Ledger::PutBack(LedgerDelta delta) {
  for (size_t i = 0; i < schemas_.size(); ++i) {
    Schema& s = *schemas_[i];
    absl::MutexLock lock(&s.mutex);
    if (std::find(delta.voided.begin(), delta.voided.end(), names_[i]) != delta.voided.end()) s.voided = true;
    const bool voided_since = delta.voids[i] != s.voids;
    for (LedgerPart& part : delta.parts) {
      if (part.schema != names_[i]) continue;
      if (part.minute == kSkippedMinute) {
        s.skipped.rewrite = true;
        continue;
      }
      if (voided_since) continue;  // Of a minute of before; nothing of it is stored any longer.
      const auto it = s.minutes.find(part.minute);
      if (it == s.minutes.end()) {
        // Gone since, or a deletion that was not saved.
        s.gone.insert(part.minute);
      } else if (part.replace) {
        it->second.rewrite = true;
      } else {
        // What was removed since asked for a rewrite, which saves the minute as it is.
        it->second.unsaved.UnionWith(part.ids);
      }
    }
  }
}

void Ledger::SaveAnew() {
  for (const std::unique_ptr<Schema>& schema : schemas_) {
    absl::MutexLock lock(&schema->mutex);
    schema->voided = true;
    schema->gone.clear();
    for (auto& [minute, content] : schema->minutes) content.rewrite = true;
    schema->skipped.rewrite = true;
  }
}

void Ledger::Load(std::vector<LedgerPart> parts) {
  // Should an id stand in two minutes, the later one counts.
  std::stable_sort(parts.begin(), parts.end(),
                   [](const LedgerPart& a, const LedgerPart& b) { return a.minute > b.minute; });
  for (LedgerPart& part : parts) {
    const auto name = std::find(names_.begin(), names_.end(), part.schema);
    if (name == names_.end() || part.ids.empty()) continue;
    Schema& s = *schemas_[name - names_.begin()];
    absl::MutexLock lock(&s.mutex);
    s.Raise(part.ids.max());
    if (part.minute == kSkippedMinute) {
      s.skipped.ids.UnionWith(part.ids);
      continue;
    }
    part.ids.Subtract(s.all);
    if (part.ids.empty()) continue;
    s.all.UnionWith(part.ids);
    s.minutes[part.minute].ids.UnionWith(part.ids);
  }
}

}  // namespace relay
