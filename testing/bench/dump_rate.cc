// SPDX-License-Identifier: Apache-2.0

// How fast a server dumps its binlog: every event is received and thrown away,
// by the relay's own source, from the oldest log to the end. Prints one line:
//
//   events=5000000 megabytes=1420.1 seconds=1.80 events_per_second=2777777 megabytes_per_second=788.9
//   rows_per_second=555555 cpu_seconds=0.81
//
// rows_per_second is of the rows that --rows says lie in the log, else of rows
// events.

#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cdc/event/binlog_position.h"
#include "cdc/source/live_source.h"
#include "gflags/gflags.h"

DEFINE_string(host, "127.0.0.1", "Server; TCP is the faster way, also on one machine.");
DEFINE_uint32(port, 3306, "Its port.");
DEFINE_string(user, "root", "User with REPLICATION SLAVE.");
DEFINE_string(password, "", "Its password.");
DEFINE_string(file, "", "Binlog file to begin with; empty: the oldest.");
DEFINE_uint64(offset, 4, "Position in it.");
DEFINE_bool(checksum, true, "Ask for events with their checksum (it is not verified).");
DEFINE_uint64(rows, 0, "Rows that lie in the log, if known.");

namespace {

// Common header: timestamp(4) type(1) server_id(4) length(4) position(4) flags(2).
constexpr size_t kTypeOffset = 4;

bool IsWriteRows(absl::string_view event) {
  const unsigned char type = static_cast<unsigned char>(event[kTypeOffset]);
  return type == 23 || type == 30;
}

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "dump_rate: %s\n", status.ToString().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  cdc::LiveSourceOptions options;
  options.server.host = FLAGS_host;
  options.server.port = static_cast<uint16_t>(FLAGS_port);
  options.server.user = FLAGS_user;
  options.server.password = FLAGS_password;
  options.server_id = 0xfffffff0;
  options.replica_uuid = "00000000-0000-4000-8000-0000000000be";
  options.start = cdc::BinlogPosition{FLAGS_file, FLAGS_offset};
  options.checksum = FLAGS_checksum;
  options.wait = false;
  absl::StatusOr<std::unique_ptr<cdc::LiveSource>> source = cdc::LiveSource::Connect(options);
  if (!source.ok()) return Fail(source.status());

  const double cpu_before = CpuSeconds();
  const absl::Time begin = absl::Now();
  uint64_t events = 0;
  uint64_t bytes = 0;
  uint64_t rows = 0;
  while (true) {
    const absl::StatusOr<absl::string_view> event = (*source)->Next();
    if (!event.ok()) return Fail(event.status());
    if (event->empty()) break;
    ++events;
    bytes += event->size();
    if (event->size() > kTypeOffset && IsWriteRows(*event)) ++rows;
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  if (FLAGS_rows > 0) rows = FLAGS_rows;
  std::printf(
      "events=%llu megabytes=%.1f seconds=%.2f events_per_second=%.0f megabytes_per_second=%.1f rows_per_second=%.0f "
      "cpu_seconds=%.2f\n",
      static_cast<unsigned long long>(events), static_cast<double>(bytes) / 1e6, seconds,
      static_cast<double>(events) / seconds, static_cast<double>(bytes) / 1e6 / seconds,
      static_cast<double>(rows) / seconds, CpuSeconds() - cpu_before);
  return 0;
}
