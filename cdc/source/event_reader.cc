// SPDX-License-Identifier: Apache-2.0
#include "cdc/source/event_reader.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cdc/event/event_header.h"
#include "relay/base/status_macros.h"

namespace cdc {
namespace {

// Where the first event of a file stands.
constexpr uint64_t kHead = 4;

bool IsWithinTransaction(const Event& event) {
  return std::holds_alternative<TableMapEvent>(event.body) || std::holds_alternative<RowsBody>(event.body) ||
         std::holds_alternative<QueryEvent>(event.body) || std::holds_alternative<RowsQueryEvent>(event.body);
}

}  // namespace

absl::Status EventReader::Located(const BinlogPosition& at, const absl::Status& status) {
  if (status.ok() || at.empty()) return status;
  return absl::Status(status.code(), absl::StrCat("at ", at.ToString(), ": ", status.message()));
}

uint64_t EventReader::Unwrap(uint32_t low) const {
  constexpr uint64_t kLap = uint64_t{1} << 32;
  uint64_t offset = (end_.offset & ~(kLap - 1)) | low;
  // A little behind is a sender's slip; far behind, the counter went round.
  if (offset < end_.offset) offset = end_.offset - offset > kLap / 2 ? offset + kLap : end_.offset;
  return offset;
}

void EventReader::Advance(const Event& event) {
  const EventHeader& header = event.header;
  const bool first = !started_;
  started_ = true;
  begin_ = end_;
  const auto* rotate = std::get_if<RotateEvent>(&event.body);
  if (source_->contiguous()) {
    // A relay log begins with a format description of the replica's, flagged, as is the ROTATE at its end. All other
    // ROTATE events in it are those of its source: they tell of files elsewhere.
    if (!first) end_.offset += header.length;
    if (begin_.offset == kHead && std::holds_alternative<FormatDescription>(event.body)) {
      is_relay_log_ = header.of_relay_log();
    }
    if (rotate != nullptr && (first || (!header.artificial() && header.of_relay_log() == is_relay_log_))) {
      end_.file.assign(rotate->file.data(), rotate->file.size());
      end_.offset = rotate->offset;
    }
    return;
  }
  if (rotate != nullptr) {
    end_.file.assign(rotate->file.data(), rotate->file.size());
    end_.offset = rotate->offset;
    return;
  }
  if (const auto* heartbeat = std::get_if<HeartbeatEvent>(&event.body)) {
    if (heartbeat->file.empty() || heartbeat->file == end_.file) {
      if (heartbeat->offset_is_whole) {
        end_.offset = std::max(end_.offset, heartbeat->offset);
      } else if (heartbeat->offset != 0) {
        end_.offset = Unwrap(static_cast<uint32_t>(heartbeat->offset));
      }
    }
    return;
  }
  if (header.artificial()) return;
  if (header.log_pos == 0) {
    // So MariaDB writes the events within a transaction, from 11 on; its end says again where it stands. (Those that a
    // file begins with may come again without their place.)
    if (IsWithinTransaction(event)) end_.offset += header.length;
    return;
  }
  // A dump that begins inside a file repeats the format description of its head.
  if (std::holds_alternative<FormatDescription>(event.body) && begin_.offset != kHead) return;
  const uint64_t end = Unwrap(header.log_pos);
  // Events may have been left out before this one. A sender that cuts checksums off leaves the position four bytes more
  // than the length accounts for.
  if (end >= header.length && end - header.length > begin_.offset + kChecksumSize) begin_.offset = end - header.length;
  end_.offset = end;
}

absl::StatusOr<const Event*> EventReader::Next() {
  while (true) {
    if (payload_.active()) {
      auto raw = payload_.Next();
      if (!raw.ok()) return Located(begin_, raw.status());
      if (!raw->empty()) {
        auto event = parser_.ParseInner(*raw);
        if (!event.ok()) return Located(begin_, event.status());
        return *event;
      }
      in_payload_ = false;
    }
    auto raw = source_->Next();
    if (!raw.ok()) return Located(end_, raw.status());
    if (raw->empty()) return nullptr;
    auto parsed = parser_.Parse(*raw);
    if (!parsed.ok()) return Located(end_, parsed.status());
    const Event& event = **parsed;
    Advance(event);
    if (const auto* payload = std::get_if<TransactionPayloadEvent>(&event.body)) {
      RETURN_IF_ERROR(Located(begin_, payload_.Start(*payload)));
      in_payload_ = true;
      ++payloads_;
      continue;
    }
    if (std::holds_alternative<StartEncryptionEvent>(event.body) && source_->contiguous()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "at ", begin_.ToString(), ": the rest of the file is encrypted (MariaDB's encrypt_binlog=ON) and only its ",
          "server can read it: fetch it by mariadb-binlog --read-from-remote-server --raw"));
    }
    return &event;
  }
}

}  // namespace cdc
