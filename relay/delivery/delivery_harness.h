// SPDX-License-Identifier: Apache-2.0

// What the delivery's tests share: a stream thread that sends rows as the real one does, and an ack thread.
#ifndef RELAY_DELIVERY_DELIVERY_HARNESS_H_
#define RELAY_DELIVERY_DELIVERY_HARNESS_H_

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kafka/client_properties.h"
#include "relay/delivery/delivery.h"
#include "testing/eventually.h"
#include "testing/kafka/topic_reader.h"

namespace relay {

struct TestRow {
  std::string topic;
  std::string value;
};

class DeliveryHarness : public ::testing::Test {
 protected:
  explicit DeliveryHarness(std::string bootstrap = "") : bootstrap_(std::move(bootstrap)), metrics_("test") {}
  ~DeliveryHarness() override {
    ack_stop_.store(true);
    if (ack_thread_.joinable()) ack_thread_.join();
  }

  void Start(FaultPolicy::Options policy = {}, std::vector<kafka::Property> properties = {}) {
    tracker_ =
        std::make_unique<AckTracker>(size_t{16} << 20, LowWaterMark{}, [](size_t, absl::Span<const uint64_t>) {});
    policy_ = std::make_unique<FaultPolicy>(policy, relay::base::RealClock());
    delivery_ = std::make_unique<Delivery>(
        [this, properties](size_t batch_bytes) -> absl::StatusOr<std::unique_ptr<kafka::Producer>> {
          kafka::ClientSettings settings;
          settings.brokers = bootstrap_;
          settings.properties = properties;
          kafka::ProducerOptions options;
          options.properties = *kafka::ClientProperties(settings);
          options.batch_bytes = batch_bytes;
          ++producers_;
          smallest_batch_ = batch_bytes;
          return kafka::Producer::Create(options);
        },
        tracker_.get(), policy_.get(), &metrics_, &board_, [] {}, &stop_, relay::base::RealClock());
    ASSERT_TRUE(delivery_->Start().ok());
    ack_thread_ = std::thread([this] {
      while (!ack_stop_.load()) delivery_->Poll(absl::Milliseconds(20));
    });
  }

  // The stream thread: transactions of one row each, read again from the low-water mark whenever the delivery wants it,
  // until every row is published or poison.
  void Run(const std::vector<TestRow>& rows) {
    const absl::Time deadline = absl::Now() + 2 * testing_support::kPatience;
    size_t next = 0;
    while (true) {
      ASSERT_LT(absl::Now(), deadline) << "still waiting at row " << next;
      delivery_->AskAboutHeldTopics();
      if (delivery_->rewind_needed()) {
        ASSERT_TRUE(delivery_->Recover().ok());
        next = tracker_->Rewind().position.offset;
        continue;
      }
      if (next == rows.size()) {
        if (tracker_->progress().rows_waiting == 0) return;
        absl::SleepFor(absl::Milliseconds(5));
        continue;
      }
      if (SendOne(rows[next], next)) ++next;
    }
  }

  // False when the row has to be sent again after a recovery.
  bool SendOne(const TestRow& row, size_t index) {
    cdc::StreamItem item;
    item.kind = cdc::StreamItem::Kind::kTransaction;
    item.begin = {"binlog.000001", index};
    item.end = {"binlog.000001", index + 1};
    item.commit_time = absl::Now();
    tracker_->Begin(item);
    const RowKey key{0, index + 1};
    const AckTracker::Ticket ticket = tracker_->Add(key);
    if (!ticket.settled) {
      kafka::Record record;
      record.topic = row.topic;
      record.value = row.value;
      Delivery::Poison poison;
      switch (delivery_->Send({key, ticket.ordinal, item.commit_time}, &record, &poison)) {
        case Delivery::Result::kSent:
        case Delivery::Result::kHeld:
          break;
        case Delivery::Result::kPoison:
          poison_[index] = poison.reason;
          tracker_->Settle(ticket.ordinal, key);
          policy_->Forget(key);
          break;
        case Delivery::Result::kRewind:
        case Delivery::Result::kStopped:
          return false;
      }
    }
    tracker_->End();
    return true;
  }

  static std::vector<TestRow> Numbered(const std::string& topic, int count) {
    std::vector<TestRow> rows;
    for (int i = 0; i < count; ++i) rows.push_back({topic, absl::StrCat(i)});
    return rows;
  }

  std::vector<std::string> Stored(const std::string& topic) {
    const auto records = testing_kafka::ReadTopic(bootstrap_, topic);
    EXPECT_TRUE(records.ok()) << records.status();
    std::vector<std::string> values;
    for (const testing_kafka::StoredRecord& record : *records) values.push_back(*record.value);
    return values;
  }

  static std::vector<std::string> UpTo(int count) {
    std::vector<std::string> values;
    for (int i = 0; i < count; ++i) values.push_back(absl::StrCat(i));
    return values;
  }

  std::string bootstrap_;
  Metrics metrics_;
  StatusBoard board_;
  absl::Notification stop_;
  std::unique_ptr<AckTracker> tracker_;
  std::unique_ptr<FaultPolicy> policy_;
  std::unique_ptr<Delivery> delivery_;
  std::thread ack_thread_;
  std::atomic<bool> ack_stop_{false};
  std::map<size_t, std::string> poison_;
  int producers_ = 0;
  size_t smallest_batch_ = 0;
};

}  // namespace relay

#endif  // RELAY_DELIVERY_DELIVERY_HARNESS_H_
