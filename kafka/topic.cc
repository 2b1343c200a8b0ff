// SPDX-License-Identifier: Apache-2.0

#include "kafka/topic.h"

#include <chrono>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "kafka/delivery_tag.h"
#include "kafka/partitioner.h"

namespace kafka {
namespace {

// As long as librdkafka and Java clients stay with a partition while records
// come slowly; under load it makes whole batches for one partition.
constexpr int64_t kStickyMicroseconds = 10'000;
// Kafka's own limit (org.apache.kafka.common.internals.Topic).
constexpr size_t kMaxNameLength = 249;

int64_t SteadyMicroseconds() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

bool LegalTopicName(absl::string_view name) {
  if (name.empty() || name.size() > kMaxNameLength || name == "." || name == "..") {
    return false;
  }
  for (const char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_' && c != '-') {
      return false;
    }
  }
  return true;
}

absl::StatusOr<std::unique_ptr<Topic>> Topic::Create(rd_kafka_t* rk, absl::string_view name) {
  std::unique_ptr<Topic> topic = absl::WrapUnique(new Topic(name));
  rd_kafka_topic_conf_t* const conf = rd_kafka_default_topic_conf_dup(rk);
  rd_kafka_topic_conf_set_partitioner_cb(conf, &Topic::Partition);
  rd_kafka_topic_conf_set_opaque(conf, topic.get());
  topic->handle_ = rd_kafka_topic_new(rk, topic->name_.c_str(), conf);
  if (topic->handle_ == nullptr) {
    const rd_kafka_resp_err_t code = rd_kafka_last_error();
    rd_kafka_topic_conf_destroy(conf);
    return absl::InvalidArgumentError(absl::StrCat("librdkafka makes no topic ", name, ": ", rd_kafka_err2str(code)));
  }
  return topic;
}

void Topic::DropHandle() {
  if (handle_ != nullptr) rd_kafka_topic_destroy(handle_);
  handle_ = nullptr;
}

Topic* Topic::Of(const rd_kafka_topic_t* handle) { return static_cast<Topic*>(rd_kafka_topic_opaque(handle)); }

void Topic::Close(int code) {
  int open = 0;
  closed_by_.compare_exchange_strong(open, code, std::memory_order_acq_rel);
}

// Called by rd_kafka_produceva, or by librdkafka's main thread once the topic's
// partitions are known.
int32_t Topic::Partition(const rd_kafka_topic_t* handle, const void* /*key*/, size_t /*key_size*/,
                         int32_t partition_count, void* topic, void* tag) {
  const std::optional<uint32_t> hash = DeliveryTag::FromOpaque(tag).hash();
  if (hash.has_value()) return PartitionOf(*hash, partition_count);
  return static_cast<Topic*>(topic)->StickyPartition(handle, partition_count);
}

int32_t Topic::StickyPartition(const rd_kafka_topic_t* handle, int32_t partition_count) {
  const int64_t now = SteadyMicroseconds();
  int32_t partition = sticky_partition_.load(std::memory_order_relaxed);
  if (partition < 0 || partition >= partition_count || now >= sticky_until_.load(std::memory_order_relaxed) ||
      rd_kafka_topic_partition_available(handle, partition) == 0) {
    partition = rd_kafka_msg_partitioner_random(handle, nullptr, 0, partition_count, nullptr, nullptr);
    sticky_partition_.store(partition, std::memory_order_relaxed);
    sticky_until_.store(now + kStickyMicroseconds, std::memory_order_relaxed);
  }
  return partition;
}

}  // namespace kafka
