// SPDX-License-Identifier: Apache-2.0

// One topic of a producer: its librdkafka handle, whether it takes records, and
// which partition a record of it goes to.

#ifndef KAFKA_TOPIC_H_
#define KAFKA_TOPIC_H_

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kafka {

// Whether a broker could ever have a topic of this name.
bool LegalTopicName(absl::string_view name);

class Topic {
 public:
  // Makes the handle, whose partitioner reads DeliveryTags. `rk` must outlive
  // the topic. InvalidArgument when librdkafka refuses its configuration.
  static absl::StatusOr<std::unique_ptr<Topic>> Create(rd_kafka_t* rk, absl::string_view name);
  ~Topic() { DropHandle(); }

  Topic(const Topic&) = delete;
  Topic& operator=(const Topic&) = delete;

  // The topic that a handle made by Create belongs to.
  static Topic* Of(const rd_kafka_topic_t* handle);

  // Gives the handle back, before the instance is destroyed. The topic itself
  // must stay until after that: librdkafka still calls it.
  void DropHandle();

  rd_kafka_topic_t* handle() const { return handle_; }
  const std::string& name() const { return name_; }

  // The code that closed the topic; 0 while it is open. Any thread, also
  // librdkafka's with the topic locked: that is what keeps a newer record from
  // slipping in between a failure and its report.
  int closed_by() const { return closed_by_.load(std::memory_order_acquire); }
  void Close(int code);
  void Reopen() { closed_by_.store(0, std::memory_order_release); }

 private:
  explicit Topic(absl::string_view name) : name_(name) {}

  static int32_t Partition(const rd_kafka_topic_t* handle, const void* key, size_t key_size, int32_t partition_count,
                           void* topic, void* tag);
  int32_t StickyPartition(const rd_kafka_topic_t* handle, int32_t partition_count);

  const std::string name_;
  rd_kafka_topic_t* handle_ = nullptr;
  std::atomic<int> closed_by_{0};
  // Where keyless records go, and until when by the steady clock (µs). Two
  // threads may choose at once; either choice will do.
  std::atomic<int32_t> sticky_partition_{-1};
  std::atomic<int64_t> sticky_until_{0};
};

}  // namespace kafka

#endif  // KAFKA_TOPIC_H_
