// SPDX-License-Identifier: Apache-2.0

#include "kafka/partitioner.h"

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace kafka {
namespace {

// Vectors of org.apache.kafka.common.utils.UtilsTest.testMurmur2, which are
// signed there.
TEST(PartitionerTest, Murmur2AgreesWithJava) {
  const struct {
    absl::string_view key;
    int32_t hash;
  } kVectors[] = {
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107},
  };
  for (const auto& vector : kVectors) {
    EXPECT_EQ(PartitionHash(Partitioner::kMurmur2, vector.key), static_cast<uint32_t>(vector.hash) & 0x7fffffff)
        << vector.key;
  }
}

// Vectors of the FNV authors' test suite (fnv32a), less the sign.
TEST(PartitionerTest, Fnv1aDropsTheSign) {
  const struct {
    absl::string_view key;
    uint32_t hash;
  } kVectors[] = {
      {"", 0x811c9dc5}, {"a", 0xe40c292c}, {"b", 0xe70c2de5}, {"foo", 0xa9f37ed7}, {"foobar", 0xbf9cf968},
  };
  for (const auto& vector : kVectors) {
    const int64_t as_signed = static_cast<int32_t>(vector.hash);
    EXPECT_EQ(PartitionHash(Partitioner::kFnv1a, vector.key),
              static_cast<uint32_t>(as_signed < 0 ? -as_signed : as_signed))
        << vector.key;
    // As Sarama computes it.
    for (const int32_t partitions : {1, 2, 3, 7, 12, 100}) {
      int32_t wanted = static_cast<int32_t>(as_signed) % partitions;
      if (wanted < 0) wanted = -wanted;
      EXPECT_EQ(PartitionOf(PartitionHash(Partitioner::kFnv1a, vector.key), partitions), wanted);
    }
  }
}

TEST(PartitionerTest, Crc32IsTheStandardOne) {
  EXPECT_EQ(PartitionHash(Partitioner::kCrc32, "123456789"), 0xcbf43926u);
  EXPECT_EQ(PartitionHash(Partitioner::kCrc32, ""), 0u);
}

// librdkafka's own partitioners ignore the topic handle.
TEST(PartitionerTest, AgreesWithLibrdkafkaOnRandomKeys) {
  std::mt19937 random(20261124);
  for (int i = 0; i < 20'000; ++i) {
    std::string key(random() % 40, '\0');
    for (char& c : key) c = static_cast<char>(random());
    const int32_t partitions = static_cast<int32_t>(random() % 200 + 1);
    EXPECT_EQ(PartitionOf(PartitionHash(Partitioner::kMurmur2, key), partitions),
              rd_kafka_msg_partitioner_murmur2(nullptr, key.data(), key.size(), partitions, nullptr, nullptr));
    EXPECT_EQ(PartitionOf(PartitionHash(Partitioner::kFnv1a, key), partitions),
              rd_kafka_msg_partitioner_fnv1a(nullptr, key.data(), key.size(), partitions, nullptr, nullptr));
    EXPECT_EQ(PartitionOf(PartitionHash(Partitioner::kCrc32, key), partitions),
              rd_kafka_msg_partitioner_consistent(nullptr, key.data(), key.size(), partitions, nullptr, nullptr));
  }
}

TEST(PartitionerTest, NamesGoBothWays) {
  for (const Partitioner partitioner : {Partitioner::kMurmur2, Partitioner::kFnv1a, Partitioner::kCrc32}) {
    const absl::StatusOr<Partitioner> parsed = ParsePartitioner(PartitionerName(partitioner));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, partitioner);
  }
  EXPECT_TRUE(absl::IsInvalidArgument(ParsePartitioner("random").status()));
}

}  // namespace
}  // namespace kafka
