// SPDX-License-Identifier: Apache-2.0

#include "testing/kafka/mock_cluster.h"

#include <cstdio>
#include <cstdlib>

namespace testing_kafka {
namespace {

constexpr int kProduceApi = 0;
constexpr int kMetadataApi = 3;
constexpr int kInitProducerIdApi = 22;

rd_kafka_t* NewHost() {
  char text[256] = "";
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  // Its own log lines are of no interest to any test.
  rd_kafka_conf_set(conf, "log_level", "2", text, sizeof(text));
  rd_kafka_t* const host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
  if (host == nullptr) {
    std::fprintf(stderr, "no host for the mock cluster: %s\n", text);
    std::abort();
  }
  return host;
}

}  // namespace

MockCluster::MockCluster(int brokers)
    : brokers_(brokers),
      host_(NewHost()),
      cluster_(rd_kafka_mock_cluster_new(host_, brokers)),
      bootstrap_(rd_kafka_mock_cluster_bootstraps(cluster_)) {}

MockCluster::~MockCluster() {
  rd_kafka_mock_cluster_destroy(cluster_);
  rd_kafka_destroy(host_);
}

void MockCluster::CreateTopic(const std::string& topic, int partitions) {
  rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions,
                             /*replication_factor=*/1);
}

void MockCluster::SetTopicError(const std::string& topic, int code) {
  rd_kafka_mock_topic_set_error(cluster_, topic.c_str(), static_cast<rd_kafka_resp_err_t>(code));
}

void MockCluster::Fail(int api_key, const std::vector<int>& codes) {
  std::vector<rd_kafka_resp_err_t> errors;
  for (const int code : codes) {
    errors.push_back(static_cast<rd_kafka_resp_err_t>(code));
  }
  rd_kafka_mock_push_request_errors_array(cluster_, static_cast<int16_t>(api_key), errors.size(), errors.data());
}

void MockCluster::FailProduce(const std::vector<int>& codes) { Fail(kProduceApi, codes); }

void MockCluster::FailMetadata(const std::vector<int>& codes) { Fail(kMetadataApi, codes); }

void MockCluster::FailInitProducerId(const std::vector<int>& codes) { Fail(kInitProducerIdApi, codes); }

void MockCluster::SetDown() {
  for (int id = 1; id <= brokers_; ++id) {
    rd_kafka_mock_broker_set_down(cluster_, id);
  }
}

void MockCluster::SetUp() {
  for (int id = 1; id <= brokers_; ++id) {
    rd_kafka_mock_broker_set_up(cluster_, id);
  }
}

void MockCluster::SetRoundTrip(int milliseconds) {
  for (int id = 1; id <= brokers_; ++id) {
    rd_kafka_mock_broker_set_rtt(cluster_, id, milliseconds);
  }
}

void MockCluster::SetLeader(const std::string& topic, int partition, int broker) {
  rd_kafka_mock_partition_set_leader(cluster_, topic.c_str(), partition, broker);
}

}  // namespace testing_kafka
