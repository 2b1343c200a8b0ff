// SPDX-License-Identifier: Apache-2.0
#ifndef TESTING_EVENT_WRITER_H_
#define TESTING_EVENT_WRITER_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/event/event_header.h"
#include "cdc/source/event_source.h"

namespace testing_support {

// Writes binlog events as MySQL 9.7 does, or MariaDB 10.11, for the orders that no server can be told to make. Fixtures
// of real servers (testing/testdata) say that the bytes are right.
class EventWriter {
 public:
  explicit EventWriter(bool checksums = true);

  // Format descriptions are MariaDB's from here on.
  void BecomeMariadb();

  // Any event; `log_pos` and the header's other fields as set below.
  std::string Event(cdc::EventType type, absl::string_view body);

  std::string FormatDescription();
  // Artificial when it begins a dump, real at a file's end.
  std::string Rotate(absl::string_view file, uint64_t offset, bool artificial);
  std::string Gtid(uint64_t number, uint64_t commit_us = 0);
  std::string AnonymousGtid();
  // It stands for BEGIN unless it is `standalone`.
  std::string MariadbGtid(uint64_t number, bool standalone = false);
  std::string Query(absl::string_view text, absl::string_view schema = "app");
  std::string Xid();
  std::string XaPrepare(absl::string_view gtrid, bool one_phase = false);
  // Table app.NAME (id INT, text VARCHAR(100)), with names.
  std::string TableMap(uint64_t table_id, absl::string_view table);
  struct Row {
    uint32_t id;
    std::string text;
  };
  std::string Insert(uint64_t table_id, const std::vector<Row>& rows);
  // Pairs of before and after.
  std::string Update(uint64_t table_id, const std::vector<Row>& rows);
  std::string Delete(uint64_t table_id, const std::vector<Row>& rows);
  // A rows event of any type but PARTIAL_UPDATE_ROWS, laid out as its version is.
  std::string Rows(cdc::EventType type, uint64_t table_id, const std::vector<Row>& rows);
  std::string Heartbeat(absl::string_view file, uint32_t log_pos);
  std::string Incident();
  std::string Stop();
  // A zstd TRANSACTION_PAYLOAD of events that were made with Bare.
  std::string Payload(const std::vector<std::string>& events);
  // The writer's twin for events within a payload: no checksum, log_pos 0.
  EventWriter Bare() const;

  // Where the next event stands; kept up by each Event, modulo 2^32 in the header. Set to start elsewhere.
  uint64_t offset = 4;
  uint32_t timestamp = 1795489106;
  uint16_t flags = 0;
  // Of a format description, by event type - 1. Table ids have 4 bytes where it is 6.
  std::string post_header_lengths;
  std::string server_version = "9.7.4";

 private:
  std::string TableId(cdc::EventType type, uint64_t table_id) const;

  bool checksums_;
  bool bare_ = false;
};

// Events from memory; after the last one the end, or an error.
class EventList : public cdc::EventSource {
 public:
  EventList() = default;
  explicit EventList(std::vector<std::string> events) : events_(events.begin(), events.end()) {}

  EventList& Add(std::string event) {
    events_.push_back(std::move(event));
    return *this;
  }
  void EndWith(absl::Status status) { end_ = std::move(status); }
  void set_contiguous(bool contiguous) { contiguous_ = contiguous; }

  absl::StatusOr<absl::string_view> Next() override {
    if (next_ < events_.size()) return events_[next_++];
    if (!end_.ok()) return end_;
    return absl::string_view();
  }
  void Interrupt() override {}
  bool contiguous() const override { return contiguous_; }

 private:
  std::deque<std::string> events_;
  size_t next_ = 0;
  bool contiguous_ = false;
  absl::Status end_;
};

}  // namespace testing_support

#endif  // TESTING_EVENT_WRITER_H_
