// SPDX-License-Identifier: Apache-2.0

// librdkafka's mock cluster: brokers in this process that speak Kafka's protocol
// over real sockets and can be told to answer with any error.

#ifndef TESTING_KAFKA_MOCK_CLUSTER_H_
#define TESTING_KAFKA_MOCK_CLUSTER_H_

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace testing_kafka {

class MockCluster {
 public:
  explicit MockCluster(int brokers = 1);
  ~MockCluster();

  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  const std::string& bootstrap() const { return bootstrap_; }

  void CreateTopic(const std::string& topic, int partitions);
  // The metadata's answer for the topic; 0 makes it well again.
  void SetTopicError(const std::string& topic, int code);
  // The answers to the next requests, one each.
  void FailProduce(const std::vector<int>& codes);
  void FailMetadata(const std::vector<int>& codes);
  void FailInitProducerId(const std::vector<int>& codes);
  // All brokers stop answering and refuse connections, or come back.
  void SetDown();
  void SetUp();
  void SetRoundTrip(int milliseconds);
  void SetLeader(const std::string& topic, int partition, int broker);

 private:
  void Fail(int api_key, const std::vector<int>& codes);

  const int brokers_;
  rd_kafka_t* host_;
  rd_kafka_mock_cluster_t* cluster_;
  std::string bootstrap_;
};

}  // namespace testing_kafka

#endif  // TESTING_KAFKA_MOCK_CLUSTER_H_
