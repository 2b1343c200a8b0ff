// SPDX-License-Identifier: Apache-2.0

#include "testing/kafka/topic_reader.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <map>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace testing_kafka {
namespace {

struct ClientDeleter {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
};
using ClientPtr = std::unique_ptr<rd_kafka_t, ClientDeleter>;

struct MessageDeleter {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using MessagePtr = std::unique_ptr<rd_kafka_message_t, MessageDeleter>;

std::optional<std::string> Bytes(const void* data, size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

StoredRecord Stored(const rd_kafka_message_t& message) {
  StoredRecord record;
  record.partition = message.partition;
  record.offset = message.offset;
  record.key = Bytes(message.key, message.key_len);
  record.value = Bytes(message.payload, message.len);
  record.timestamp = absl::FromUnixMillis(rd_kafka_message_timestamp(&message, nullptr));
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      record.headers.emplace_back(name, Bytes(value, size));
    }
  }
  return record;
}

}  // namespace

absl::StatusOr<std::vector<StoredRecord>> ReadTopic(const std::string& bootstrap, const std::string& topic,
                                                    absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  const auto left = [&deadline] {
    return static_cast<int>(std::max<int64_t>(1, absl::ToInt64Milliseconds(deadline - absl::Now())));
  };
  char text[256] = "";
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  for (const auto& [name, value] : {std::pair<const char*, const char*>{"bootstrap.servers", bootstrap.c_str()},
                                    {"group.id", "topic-reader"},
                                    {"enable.auto.commit", "false"},
                                    {"auto.offset.reset", "earliest"},
                                    {"log_level", "2"}}) {
    if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return absl::InvalidArgumentError(text);
    }
  }
  const ClientPtr client(rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text)));
  if (client == nullptr) return absl::InternalError(text);
  rd_kafka_poll_set_consumer(client.get());

  rd_kafka_topic_t* const handle = rd_kafka_topic_new(client.get(), topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t known = rd_kafka_metadata(client.get(), 0, handle, &metadata, left());
  rd_kafka_topic_destroy(handle);
  if (known != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return absl::UnavailableError(absl::StrCat("topic ", topic, ": ", rd_kafka_err2str(known)));
  }
  const int partitions = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
  rd_kafka_metadata_destroy(metadata);

  std::map<int32_t, int64_t> ends;
  rd_kafka_topic_partition_list_t* const assignment = rd_kafka_topic_partition_list_new(partitions);
  for (int32_t partition = 0; partition < partitions; ++partition) {
    int64_t low = 0;
    int64_t high = 0;
    const rd_kafka_resp_err_t asked =
        rd_kafka_query_watermark_offsets(client.get(), topic.c_str(), partition, &low, &high, left());
    if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) {
      rd_kafka_topic_partition_list_destroy(assignment);
      return absl::UnavailableError(absl::StrCat("topic ", topic, " [", partition, "]: ", rd_kafka_err2str(asked)));
    }
    if (high <= low) continue;
    ends[partition] = high;
    rd_kafka_topic_partition_list_add(assignment, topic.c_str(), partition)->offset = low;
  }
  rd_kafka_assign(client.get(), assignment);
  rd_kafka_topic_partition_list_destroy(assignment);

  std::vector<StoredRecord> records;
  while (!ends.empty()) {
    const MessagePtr message(rd_kafka_consumer_poll(client.get(), 100));
    if (message != nullptr && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const auto end = ends.find(message->partition);
      if (end == ends.end()) continue;
      if (message->offset < end->second) records.push_back(Stored(*message));
      if (message->offset + 1 >= end->second) ends.erase(end);
    } else if (absl::Now() > deadline) {
      return absl::UnavailableError(absl::StrCat("topic ", topic, " could not be read to its end in time"));
    }
  }
  rd_kafka_consumer_close(client.get());
  std::stable_sort(records.begin(), records.end(), [](const StoredRecord& a, const StoredRecord& b) {
    return a.partition < b.partition || (a.partition == b.partition && a.offset < b.offset);
  });
  return records;
}

}  // namespace testing_kafka
