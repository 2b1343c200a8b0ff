// SPDX-License-Identifier: Apache-2.0
#include "relay/delivery/stream_steps.h"

#include <optional>
#include <utility>

#include "absl/hash/hash.h"

namespace relay {
namespace {

using Dialect = cdc::Gtid::Dialect;

bool SameSource(const cdc::Gtid& a, const cdc::Gtid& b) {
  return a.dialect == b.dialect && a.domain == b.domain && a.uuid == b.uuid && a.tag == b.tag;
}

}  // namespace

StreamStep::CompactGtid StreamSteps::Compact(const cdc::Gtid& gtid) {
  size_t source = sources_.size();
  // The last ones first: there are few, and a stream mostly stays with one.
  while (source > 0 && !SameSource(sources_[source - 1], gtid)) --source;
  if (source == 0) {
    cdc::Gtid& added = sources_.emplace_back(gtid);
    added.server_id = 0;
    added.number = 0;
    source = sources_.size();
  }
  return {static_cast<uint32_t>(source - 1), gtid.server_id, gtid.number};
}

cdc::Gtid StreamSteps::Expand(const StreamStep::CompactGtid& compact) const {
  cdc::Gtid gtid = sources_[compact.source];
  gtid.server_id = compact.server_id;
  gtid.number = compact.number;
  return gtid;
}

uint64_t StreamSteps::NumberOf(const std::string& file) {
  if (file.empty()) return 0;
  if (files_.empty() || files_.back() != file) files_.push_back(file);
  return first_file_ + files_.size() - 1;
}

void StreamSteps::AddRun(const StreamStep::Run& run, cdc::GtidSet* set) const {
  const cdc::Gtid& source = sources_[run.first.source];
  if (source.dialect == Dialect::kMysql && run.count > 1) {
    set->AddInterval(source.uuid, source.tag, {run.first.number, run.first.number + run.count});
    return;
  }
  cdc::Gtid last = Expand(run.first);
  last.number += run.count - 1;
  set->Add(last);
}

void StreamSteps::AddGtid(const cdc::Gtid& gtid, StreamStep* step) {
  const StreamStep::CompactGtid compact = Compact(gtid);
  for (size_t i = step->runs.size(); i-- > 0;) {
    StreamStep::Run& run = step->runs[i];
    if (run.first.source == compact.source && run.first.server_id == compact.server_id &&
        run.first.number + run.count == compact.number) {
      ++run.count;
      return;
    }
  }
  if (step->runs.size() == kMostRuns) {
    if (step->more == nullptr) step->more = std::make_unique<cdc::GtidSet>();
    for (const StreamStep::Run& run : step->runs) AddRun(run, step->more.get());
    step->runs.clear();
  }
  step->runs.push_back({compact, 1});
}

StreamPlace StreamSteps::PlaceOf(const cdc::StreamItem& item) {
  StreamPlace place;
  if (item.gtid.has_value()) {
    place.gtid = Compact(*item.gtid);
  } else {
    place.file = absl::HashOf(item.end.file);
    place.offset = item.end.offset;
  }
  return place;
}

size_t StreamSteps::HeapBytes(const StreamStep& step) {
  size_t bytes = 0;
  if (step.open_xa != nullptr) {
    // An XID has up to 140 bytes, and is written in hexadecimal.
    for (const cdc::OpenXaBranch& branch : *step.open_xa) bytes += sizeof(branch) + branch.xid.size();
  }
  return bytes;
}

void StreamSteps::Extend(const cdc::StreamItem& item, StreamStep* step) {
  if (item.gtid.has_value() && !item.gtid_withheld) AddGtid(*item.gtid, step);
  for (const cdc::Gtid& gtid : item.released_gtids) AddGtid(gtid, step);
  step->end_file = NumberOf(item.end.file);
  step->end_offset = item.end.offset;
  step->end_server = server_;
  if (item.kind == cdc::StreamItem::Kind::kTransaction || item.kind == cdc::StreamItem::Kind::kForeign) {
    step->has_last = true;
    step->last_gtid = item.gtid.has_value() ? Compact(*item.gtid) : StreamStep::CompactGtid{};
    step->last_commit_us = absl::ToUnixMicros(item.commit_time);
  }
  if (item.open_xa_changed) step->open_xa = std::make_unique<std::vector<cdc::OpenXaBranch>>(item.open_xa);
}

void StreamSteps::Apply(const StreamStep& step, LowWaterMark* mark) const {
  if (step.more != nullptr) mark->gtids.Union(*step.more);
  for (const StreamStep::Run& run : step.runs) AddRun(run, &mark->gtids);
  if (step.end_file != 0) {
    const std::string& file = files_[step.end_file - first_file_];
    if (mark->position.file != file) mark->position.file = file;
    mark->position.offset = step.end_offset;
    mark->server = step.end_server;
  }
  if (step.has_last) {
    if (!mark->last.has_value()) mark->last.emplace();
    mark->last->gtid = step.last_gtid.number == 0 ? std::nullopt : std::make_optional(Expand(step.last_gtid));
    mark->last->commit_time = absl::FromUnixMicros(step.last_commit_us);
  }
  if (step.open_xa != nullptr) mark->open_xa = *step.open_xa;
}

void StreamSteps::ForgetFilesBefore(const StreamStep* step) {
  // The newest stays: the next item is likely to name it.
  const uint64_t keep = step != nullptr && step->end_file != 0 ? step->end_file : first_file_ + files_.size() - 1;
  while (files_.size() > 1 && first_file_ < keep) {
    files_.pop_front();
    ++first_file_;
  }
}

}  // namespace relay
