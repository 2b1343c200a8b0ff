// SPDX-License-Identifier: Apache-2.0

// What the producer's tests share: an ack thread that collects reports.

#ifndef KAFKA_PRODUCER_HARNESS_H_
#define KAFKA_PRODUCER_HARNESS_H_

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kafka/producer.h"
#include "testing/eventually.h"

namespace kafka {

using testing_support::Eventually;
using testing_support::kPatience;

// A delivery report that outlives its callback.
struct Report {
  uint64_t sequence = 0;
  std::string topic;
  int32_t partition = -1;
  int64_t offset = -1;
  Fault fault = Fault::kNone;
  int code = 0;
  std::string reason;
};

class AckThread {
 public:
  explicit AckThread(Producer* producer)
      : thread_([this, producer] {
          while (!stop_.load()) {
            producer->Poll(absl::Milliseconds(20), [this](const DeliveryReport& report) {
              absl::MutexLock lock(&mutex_);
              reports_.push_back({report.sequence, std::string(report.topic), report.partition, report.offset,
                                  report.fault, report.code, std::string(report.reason)});
            });
          }
        }) {}
  ~AckThread() {
    stop_.store(true);
    thread_.join();
  }

  std::vector<Report> reports() const {
    absl::MutexLock lock(&mutex_);
    return reports_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<Report> reports_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

inline ProducerOptions OptionsFor(const std::string& bootstrap, std::vector<Property> extra = {}) {
  ClientSettings settings;
  settings.brokers = bootstrap;
  settings.properties = std::move(extra);
  absl::StatusOr<std::vector<Property>> properties = ClientProperties(settings);
  EXPECT_TRUE(properties.ok()) << properties.status();
  ProducerOptions options;
  options.properties = *std::move(properties);
  return options;
}

// Produces, waiting for room as long as the queue is full.
inline absl::Status ProduceWaiting(Producer& producer, const Record& record) {
  while (true) {
    absl::Status status = producer.Produce(record);
    if (!absl::IsResourceExhausted(status)) return status;
    producer.WaitForRoom(absl::Milliseconds(100));
  }
}

}  // namespace kafka

#endif  // KAFKA_PRODUCER_HARNESS_H_
