// SPDX-License-Identifier: Apache-2.0

#include "testing/kafka/topic_admin.h"

#include <librdkafka/rdkafka.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "testing/eventually.h"

namespace testing_kafka {
namespace {

constexpr int kAnswerMs = 10'000;

struct ClientDeleter {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
};
struct TopicDeleter {
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
};
struct QueueDeleter {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
struct EventDeleter {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};

rd_kafka_resp_err_t AskFor(rd_kafka_t* client, rd_kafka_NewTopic_t* topic) {
  const std::unique_ptr<rd_kafka_queue_t, QueueDeleter> queue(rd_kafka_queue_new(client));
  rd_kafka_CreateTopics(client, &topic, 1, nullptr, queue.get());
  const std::unique_ptr<rd_kafka_event_t, EventDeleter> event(rd_kafka_queue_poll(queue.get(), kAnswerMs));
  if (event == nullptr) return RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) return rd_kafka_event_error(event.get());
  size_t count = 0;
  const rd_kafka_topic_result_t** const results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  return count == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
}

}  // namespace

absl::Status CreateTopic(const std::string& bootstrap, const std::string& topic, int partitions,
                         const std::vector<std::pair<std::string, std::string>>& configs) {
  char text[256] = "";
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  if (rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap.c_str(), text, sizeof(text)) != RD_KAFKA_CONF_OK) {
    rd_kafka_conf_destroy(conf);
    return absl::InvalidArgumentError(text);
  }
  const std::unique_ptr<rd_kafka_t, ClientDeleter> client(rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text)));
  if (client == nullptr) return absl::InternalError(text);
  const std::unique_ptr<rd_kafka_NewTopic_t, TopicDeleter> wanted(
      rd_kafka_NewTopic_new(topic.c_str(), partitions, /*replication_factor=*/1, text, sizeof(text)));
  if (wanted == nullptr) return absl::InvalidArgumentError(text);
  for (const auto& [name, value] : configs) {
    rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str());
  }
  rd_kafka_resp_err_t result = RD_KAFKA_RESP_ERR_NO_ERROR;
  bool tried = false;
  testing_support::Eventually([&] {
    result = AskFor(client.get(), wanted.get());
    if (tried && result == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) result = RD_KAFKA_RESP_ERR_NO_ERROR;
    tried = true;
    // A broker that had no time is none to the cluster, for a moment; and what timed out may have been done.
    return result != RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR && result != RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT &&
           result != RD_KAFKA_RESP_ERR__TIMED_OUT;
  });
  if (result == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("topic ", topic, ": ", rd_kafka_err2str(result)));
}

}  // namespace testing_kafka
