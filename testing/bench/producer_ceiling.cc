// SPDX-License-Identifier: Apache-2.0

// How fast librdkafka alone gets records into a broker: the same messages and
// properties as the relay's, nothing before them. Prints one line:
//
//   records=1000000 seconds=4.21 records_per_second=237529 megabytes_per_second=243.2 cpu_seconds=5.03 rss_mib=61.2
//
// cpu_seconds are this process's. Exit code 1 when a record failed.

#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gflags/gflags.h"
#include "kafka/client_properties.h"
#include "kafka/producer.h"
#include "testing/bench/outbox_payload.h"

DEFINE_string(brokers, "127.0.0.1:9092", "Bootstrap servers.");
DEFINE_string(topic, "bench", "Topic; it must exist, or be created automatically.");
DEFINE_uint64(records, 1'000'000, "How many.");
DEFINE_uint64(bytes, 1024, "Size of a value.");
DEFINE_uint64(keys, 100'000, "How many different keys.");
DEFINE_uint64(distinct, 20'000, "How many different values, made beforehand.");
DEFINE_uint64(queue_bytes, 16 << 20, "Bound of the queue.");
DEFINE_string(values, "", "File whose lines are the values, instead of made ones.");
DEFINE_bool(headers, true, "Give each record a traceparent header.");
DEFINE_string(config, "", "More librdkafka properties, name=value with semicolons between.");

namespace {

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double PeakMebibytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "producer_ceiling: %s\n", status.ToString().c_str());
  return 1;
}

absl::StatusOr<kafka::ProducerOptions> Options() {
  kafka::ClientSettings settings;
  settings.brokers = FLAGS_brokers;
  for (const absl::string_view part : absl::StrSplit(FLAGS_config, ';', absl::SkipEmpty())) {
    absl::StatusOr<kafka::Property> property = kafka::ParseProperty(part);
    if (!property.ok()) return property.status();
    settings.properties.push_back(*std::move(property));
  }
  absl::StatusOr<std::vector<kafka::Property>> properties = kafka::ClientProperties(settings);
  if (!properties.ok()) return properties.status();
  kafka::ProducerOptions options;
  options.properties = *std::move(properties);
  options.max_queued_bytes = FLAGS_queue_bytes;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  const absl::StatusOr<kafka::ProducerOptions> options = Options();
  if (!options.ok()) return Fail(options.status());
  absl::StatusOr<std::unique_ptr<kafka::Producer>> made = kafka::Producer::Create(*options);
  if (!made.ok()) return Fail(made.status());
  kafka::Producer& producer = **made;
  // The first answer may come before a topic that is created automatically.
  absl::Status probed;
  for (const absl::Time deadline = absl::Now() + absl::Seconds(30); absl::Now() < deadline;) {
    probed = producer.ProbeTopic(FLAGS_topic, absl::Seconds(5));
    if (probed.ok()) break;
    absl::SleepFor(absl::Milliseconds(100));
  }
  if (!probed.ok()) return Fail(probed);

  std::vector<std::string> values;
  std::vector<std::string> keys;
  std::ifstream file(FLAGS_values);
  for (std::string line; std::getline(file, line);) values.push_back(std::move(line));
  for (uint64_t i = values.size(); i < FLAGS_distinct && FLAGS_values.empty(); ++i) {
    values.push_back(testing_bench::PayloadOf(i, FLAGS_bytes));
  }
  if (values.empty()) return Fail(absl::NotFoundError("no values in the file of --values"));
  double value_bytes = 0;
  for (uint64_t i = 0; i < values.size(); ++i) {
    keys.push_back(testing_bench::KeyOf(i, FLAGS_keys));
    value_bytes += static_cast<double>(values[i].size());
  }
  value_bytes /= static_cast<double>(values.size());
  const kafka::Header headers[] = {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}};

  const double cpu_before = CpuSeconds();
  const absl::Time begin = absl::Now();
  std::atomic<uint64_t> reported{0};
  std::atomic<uint64_t> failed{0};
  std::thread acks([&] {
    while (reported.load() < FLAGS_records && failed.load() == 0) {
      uint64_t bad = 0;
      const int count = producer.Poll(absl::Milliseconds(100), [&bad](const kafka::DeliveryReport& report) {
        if (report.fault == kafka::Fault::kNone) return;
        if (bad++ == 0) std::fprintf(stderr, "producer_ceiling: %s\n", std::string(report.reason).c_str());
      });
      failed += bad;
      reported += static_cast<uint64_t>(count);
    }
  });
  for (uint64_t i = 0; i < FLAGS_records && failed.load() == 0;) {
    kafka::Record record;
    record.topic = FLAGS_topic;
    record.key = record.partition_key = keys[i % keys.size()];
    record.value = values[i % values.size()];
    if (FLAGS_headers) record.headers = headers;
    record.sequence = i;
    const absl::Status status = producer.Produce(record);
    if (status.ok()) {
      ++i;
    } else if (absl::IsResourceExhausted(status)) {
      producer.WaitForRoom(absl::Milliseconds(100));
    } else {
      std::fprintf(stderr, "producer_ceiling: %s\n", status.ToString().c_str());
      ++failed;
    }
  }
  acks.join();
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  const double rate = static_cast<double>(reported.load()) / seconds;
  std::printf(
      "records=%llu seconds=%.2f records_per_second=%.0f megabytes_per_second=%.1f cpu_seconds=%.2f rss_mib=%.1f\n",
      static_cast<unsigned long long>(reported.load()), seconds, rate, rate * value_bytes / 1e6,
      CpuSeconds() - cpu_before, PeakMebibytes());
  return failed.load() == 0 ? 0 : 1;
}
