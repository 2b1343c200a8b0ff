// SPDX-License-Identifier: Apache-2.0

// An idempotent producer: one librdkafka instance.
//
// What it promises, and what its owner builds on:
//
// * Records of one partition are written in the order of Produce, and nothing is
//   dropped by time: librdkafka goes on trying through an outage.
// * A failed record is never overtaken. When a broker refuses a batch for good,
//   the instance dies of it (librdkafka's gapless guarantee): FatalError() says
//   so, nothing behind the batch is written to that partition any more, and all
//   that is queued is reported as failed. When a topic is the trouble (unknown,
//   not authorised), that topic is closed: Produce refuses it until ReopenTopic.
//   Either way the owner learns of every record by its delivery report, and can
//   send what failed again before anything newer.
// * Every record that Produce took is reported exactly once by Poll, unless the
//   producer is destroyed first.
// * Its memory is bounded by ProducerOptions, however long Kafka is away.
//
// After FatalError() or Purge() the instance is of no further use: destroy it,
// then create another.

#ifndef KAFKA_PRODUCER_H_
#define KAFKA_PRODUCER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "kafka/client_properties.h"
#include "kafka/fault.h"
#include "kafka/partitioner.h"
#include "kafka/record.h"

namespace kafka {

// Takes librdkafka's log lines. `severity` is syslog's (3 error, 4 warning, 6
// info, 7 debug). Called by librdkafka's threads, several at a time; must not
// block for long nor call into the producer.
using LogSink = std::function<void(int severity, absl::string_view facility, absl::string_view message)>;

struct ProducerOptions {
  std::vector<Property> properties;  // From ClientProperties().
  Partitioner partitioner = Partitioner::kMurmur2;
  // Bounds of what is queued or in flight, and of the reports not yet polled.
  // The bytes count keys, values, headers and librdkafka's own bookkeeping. One
  // record larger than the bound is let in when nothing else is queued.
  size_t max_queued_bytes = size_t{24} << 20;
  size_t max_queued_records = 100'000;
  // Replaces `batch.size` when not 0: the owner makes it smaller when rows that
  // a broker calls too large turn out to be taken alone, because the broker's
  // limit is on the batch (see SmallerBatch).
  size_t batch_bytes = 0;
  // The properties of now, for their sasl.username and sasl.password: asked by Reachable() when a broker has refused to
  // authenticate us, since they may have been changed. Empty: the ones above stay.
  std::function<absl::StatusOr<std::vector<Property>>()> renew;
  LogSink log;  // Empty: librdkafka's lines are dropped.
  // How long the destructor waits for librdkafka's threads. One that hangs (a
  // name server that does not answer) is left behind, with a log line.
  absl::Duration destroy_timeout = absl::Seconds(10);
};

// What became of one record. The views live until the callback returns.
struct DeliveryReport {
  uint64_t sequence;
  absl::string_view topic;
  int32_t partition;  // -1 when none was chosen yet.
  int64_t offset;     // -1 when unknown (also of a delivered duplicate).
  Fault fault;
  int code;  // rd_kafka_resp_err_t; 0 when delivered.
  absl::string_view reason;
};

class Producer {
 public:
  // Makes an instance and its threads; connects in the background, so it does
  // not fail when Kafka is away. InvalidArgument when librdkafka refuses a
  // property (the message names it, never its value).
  static absl::StatusOr<std::unique_ptr<Producer>> Create(const ProducerOptions& options);

  // Drops what is queued and ends the instance within destroy_timeout. No other
  // call may be under way.
  ~Producer();

  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // Queues one record. Stream thread only.
  //   ResourceExhausted   the queue is full: WaitForRoom, then call again.
  //   InvalidArgument     the record can never be sent (too large, topic's name
  //                       illegal); FaultOfStatus says kRow.
  //   NotFound, PermissionDenied   the topic is closed or known to be missing
  //                       or forbidden; kDestination.
  //   Unavailable         the topic is closed after a failure that is no one's
  //                       fault; kRetry.
  //   Aborted             the instance is dead; kInstance.
  absl::Status Produce(const Record& record);

  // Waits until the queue has room for more, at most `timeout`. False when it
  // has not.
  bool WaitForRoom(absl::Duration timeout);

  // Hands over the delivery reports that have come in, waiting up to `timeout`
  // for a first one. Returns how many. Ack thread only.
  int Poll(absl::Duration timeout, absl::FunctionRef<void(const DeliveryReport&)> handle);

  // Waits until everything queued is reported, which needs Poll to go on in the
  // ack thread meanwhile. DeadlineExceeded with the number left. Any thread;
  // not interruptible, so call it with small timeouts.
  absl::Status Flush(absl::Duration timeout);

  // Fails everything queued or in flight; the reports say kRetry. What was in
  // flight may have been written. Does not block. Any thread.
  void Purge();

  // Records, and bytes as ProducerOptions counts them, not yet reported. Any
  // thread.
  size_t queued_records() const;
  size_t queued_bytes() const;

  // The instance's batch.size.
  size_t batch_bytes() const;

  // OK when a broker answers within `timeout`. Otherwise Unauthenticated (SASL
  // refused), FailedPrecondition (TLS: certificate or protocol) or Unavailable,
  // in librdkafka's words with what to look at; Aborted where it may not be
  // idempotent (FatalError). Takes renewed credentials over.
  // Any thread; blocks.
  absl::Status Reachable(absl::Duration timeout);

  // Asks a broker for the topic. OK when it is there, with partitions, and may
  // be described by us; NotFound, PermissionDenied or Unavailable. Creates the
  // topic where the cluster does that by itself. Any thread; blocks.
  absl::Status ProbeTopic(absl::string_view topic, absl::Duration timeout);

  // Lets Produce take records of `topic` again. To be called when all reports
  // of its failed records have been polled. Any thread.
  void ReopenTopic(absl::string_view topic);

  // OK while the instance lives; Aborted with the cause once it is dead. Any
  // thread.
  absl::Status FatalError() const;

 private:
  struct Instance;
  explicit Producer(std::unique_ptr<Instance> instance);
  std::unique_ptr<Instance> instance_;
};

// The next smaller batch size to try when the broker refuses batches of
// `batch_bytes` for their size while single rows pass; never
// below 1 KiB.
size_t SmallerBatch(size_t batch_bytes);

}  // namespace kafka

#endif  // KAFKA_PRODUCER_H_
