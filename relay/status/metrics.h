// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STATUS_METRICS_H_
#define RELAY_STATUS_METRICS_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"

namespace relay {

// The cells below are plain atomics: a few nanoseconds, any thread, no lock.

// Only ever grows.
class MetricCounter {
 public:
  void Add(uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// The last value set.
class MetricGauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Set(absl::Duration value) { Set(absl::ToDoubleSeconds(value)); }
  // Up or down from the last value, not below 0.
  void Move(double by) {
    double from = value_.load(std::memory_order_relaxed);
    while (!value_.compare_exchange_weak(from, std::max(0.0, from + by), std::memory_order_relaxed)) {
    }
  }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Counts of durations by upper bound.
class MetricHistogram {
 public:
  static constexpr std::array<double, 18> kBounds = {0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.025, 0.05,
                                                     0.1,    0.25,  0.5,   1,     2.5,   5,      10,   60,    600};

  // `times`: so many of the same duration (the rows of one transaction).
  // Negative ones (clocks apart) count as 0.
  void Observe(absl::Duration duration, uint64_t times = 1);
  prometheus::ClientMetric::Histogram Collect() const;

 private:
  std::array<std::atomic<uint64_t>, kBounds.size() + 1> counts_{};
  std::atomic<uint64_t> sum_microseconds_{0};
};

// Why a sweep was made (design §7).
enum class SweepReason {
  kFirstStart,
  kPurged,
  kHistoryRewritten,
  kSchemaAdded,
  kLedgerVoid,
  kXa,
  kStatement,
  kIncident,
  kInterval,
};
inline constexpr size_t kSweepReasons = 9;
absl::string_view SweepReasonName(SweepReason reason);

// Everything the relay measures. Members are set by whoever knows the value. The names, types and words stand in one
// table (AllMetrics), which docs/operations.md repeats.
class Metrics : public prometheus::Collectable {
 public:
  explicit Metrics(std::string version) : version_(std::move(version)) {
    seconds_to_purge.Set(absl::InfiniteDuration());
  }

  // ------------------------------------------------ hot path, a row or batch
  MetricCounter rows_published;  // acknowledged by Kafka, from log or table
  MetricCounter rows_poison;     // recorded as errored
  MetricCounter rows_requeued;   // sent again after errored=0
  MetricCounter rows_swept;      // of the published: from the table
  MetricCounter bytes;           // key and value bytes sent, repeats included
  MetricCounter transactions_outbox;
  MetricCounter transactions_foreign;
  MetricCounter binlog_bytes;  // event bytes read
  MetricHistogram commit_to_ack;

  // ------------------------------------------------------------ now and then
  MetricCounter reconnects_mysql;  // after the first connection
  MetricCounter reconnects_kafka;  // instances replaced
  MetricCounter failures_row;      // failed delivery reports by fault class
  MetricCounter failures_destination;
  MetricCounter failures_retry;
  MetricCounter failures_instance;
  MetricCounter checkpoint_saves;
  MetricCounter checkpoint_failures;
  MetricCounter cleanup_rows;  // deleted
  MetricCounter cleanup_failures;
  MetricCounter upserts;                            // updates of rows that are no message
  MetricCounter polling_relay_claims;               // rows claimed by one that runs beside us
  MetricCounter failover_lost;                      // transactions
  std::array<MetricCounter, kSweepReasons> sweeps;  // by SweepReason
  MetricCounter& Sweeps(SweepReason reason) { return sweeps[static_cast<size_t>(reason)]; }

  // ------------------------------------- set when known, or by the OnCollect
  MetricGauge lag;               // Set(Duration)
  MetricGauge queue_records;     // in the producer
  MetricGauge queue_bytes;       // in the producer
  MetricGauge unacknowledged;    // rows read and not acknowledged, sweep included
  MetricGauge table_rows;        // unacknowledged + ledger + kept + poison + skipped rows
  MetricGauge checkpoint_age;    // Set(Duration), since the last save
  MetricGauge seconds_to_purge;  // Set(Duration); +Inf = never
  MetricGauge source_ahead_bytes;
  MetricGauge stalled;  // Set(Duration): source ahead and no progress
  MetricGauge poison_rows;
  MetricGauge held_topics;
  MetricGauge holding;  // 1: the breaker holds reading
  MetricGauge ledger_rows;
  MetricGauge kept_rows;        // completed, and not in the ledger; only in table_rows
  MetricGauge skipped_rows;     // by --start; only in table_rows
  MetricGauge cleanup_held;     // Set(Duration): rows to delete, and the log not read
  MetricGauge mysql_connected;  // 0 or 1
  MetricGauge kafka_connected;
  MetricGauge active;  // 1: this relay publishes; 0: not yet, or no primary

  // Called before each scrape, in one of the HTTP server's threads at a time:
  // sets gauges that are differences from now. Must not block. Null removes it,
  // and returns only when no call is under way.
  void OnCollect(std::function<void()> refresh);

  // Calls what OnCollect was given.
  void Refresh() const;

  // The values as they are, without Refresh.
  std::vector<prometheus::MetricFamily> Collect() const override;

  // The same as text, as a Prometheus server reads it.
  std::string Text() const;

 private:
  const std::string version_;
  const absl::Time started_ = absl::Now();
  mutable absl::Mutex mutex_;
  std::function<void()> refresh_ ABSL_GUARDED_BY(mutex_);
};

struct MetricInfo {
  absl::string_view name;
  absl::string_view type;    // "counter", "gauge", "histogram"
  absl::string_view labels;  // "outcome=published|poison|..."; or empty
  absl::string_view help;
  absl::string_view action;  // when to alert and what to do; or empty
};

// In the order of Collect().
absl::Span<const MetricInfo> AllMetrics();

}  // namespace relay

#endif  // RELAY_STATUS_METRICS_H_
