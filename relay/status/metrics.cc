// SPDX-License-Identifier: Apache-2.0
#include "relay/status/metrics.h"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <limits>
#include <utility>

#include "absl/time/clock.h"
#include "prometheus/text_serializer.h"
#include "relay/status/process_figures.h"

namespace relay {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr MetricInfo kMetrics[] = {
    {"outbox_relay_build_info", "gauge", "version", "Always 1; its label is the version.", ""},
    {"outbox_relay_active", "gauge", "", "1 while this relay publishes, 0 before, and while it waits for a primary.",
     "Alert when the sum over all relays of one state schema is not 1 for 5 minutes."},
    {"outbox_relay_rows_total", "counter", "outcome=published|poison|requeued|swept",
     "Rows acknowledged by Kafka; recorded as errored; sent again after errored=0; of the published, "
     "those taken from the table instead of the log.",
     "swept grows outside of first starts and purges: look for statements, sql_log_bin=0 or lost logs."},
    {"outbox_relay_bytes_total", "counter", "", "Key and value bytes sent to Kafka, repeats included.", ""},
    {"outbox_relay_transactions_total", "counter", "kind=outbox|foreign",
     "Committed transactions read, with and without rows of the outbox.", ""},
    {"outbox_relay_binlog_bytes_total", "counter", "", "Bytes of binlog events read.", ""},
    {"outbox_relay_commit_to_ack_seconds", "histogram", "", "From the commit of a row to its acknowledgement by Kafka.",
     "Alert on its p99 when your consumers have a deadline."},
    {"outbox_relay_lag_seconds", "gauge", "",
     "Now less the commit time of the oldest row read and not acknowledged; 0 when nothing is pending. What is not "
     "read "
     "yet is in outbox_relay_source_ahead_bytes.",
     "Alert above a minute for 5 minutes: then see which side is not connected."},
    {"outbox_relay_queue_records", "gauge", "", "Records in the producer's queue.", ""},
    {"outbox_relay_queue_bytes", "gauge", "", "Bytes in the producer's queue; its bound is --kafka-queue-bytes.", ""},
    {"outbox_relay_connected", "gauge", "side=mysql|kafka",
     "1 while the dump connection is open; while a broker answers.", "Alert at 0 for 5 minutes."},
    {"outbox_relay_reconnects_total", "counter", "side=mysql|kafka",
     "Dump connections that were opened again (not the tries that failed); producer instances replaced.",
     "Some are normal; many an hour mean a network that drops connections."},
    {"outbox_relay_delivery_failures_total", "counter", "fault=row|destination|retry|instance",
     "Failed delivery reports, by who is at fault: the row, its topic, nobody (sent again), the producer instance.",
     "row and destination lead to poison rows: read the log."},
    {"outbox_relay_checkpoint_age_seconds", "gauge", "",
     "Since the checkpoint was last saved, or since the start before the first save. It grows while there is nothing "
     "to "
     "save.",
     "Alert above 120 while rows are published: a crash repeats what was sent since."},
    {"outbox_relay_checkpoint_saves_total", "counter", "result=ok|failed", "Attempts to save the checkpoint.",
     "failed grows: look at the database."},
    {"outbox_relay_seconds_to_purge", "gauge", "",
     "Until the server deletes the log of the checkpoint; +Inf when it never does, or nothing is known yet. While the "
     "server does not answer it is counted down from the last answer.",
     "Alert below 6 hours: past 0 rows that are no longer in the table are lost to Kafka, others are repeated."},
    {"outbox_relay_source_ahead_bytes", "gauge", "",
     "Bytes of log between the low-water mark and the log's end: what is not read yet, or not acknowledged. While "
     "the server does not answer it is its last answer.",
     "Grows: more is written than is sent, or reading stands still."},
    {"outbox_relay_stalled_seconds", "gauge", "",
     "Since the low-water mark last moved, while the source is ahead of it; else 0.",
     "Alert above 300: the relay is alive and does nothing."},
    {"outbox_relay_holding", "gauge", "",
     "1 while the breaker holds reading: one code failed more rows a minute than --poison-limit.",
     "Alert at 1: the log names the code."},
    {"outbox_relay_held_topics", "gauge", "", "Topics that are unknown or not authorised, whose rows wait.",
     "Alert above 0: create them or allow WRITE, within --topic-error-grace."},
    {"outbox_relay_poison_rows", "gauge", "",
     "Rows with errored=1: counted at the start and every ten minutes a few rows at a time, and what is recorded "
     "between.",
     "Alert when it grows: mend the row and set errored=0, or delete it."},
    {"outbox_relay_upserts_total", "counter", "",
     "Updates of outbox rows that are no message (REPLACE, ON DUPLICATE KEY UPDATE).",
     "Insert only: these changes reach nobody."},
    {"outbox_relay_polling_relay_claims_total", "counter", "",
     "Rows that a polling relay claimed while this relay ran.",
     "Alert when it grows: stop the polling relay, both publish these rows."},
    {"outbox_relay_failover_lost_transactions_total", "counter", "",
     "Transactions that were read and that the new primary lacks after a failover.",
     "Grows: the application lost these commits, and consumers may have their messages."},
    {"outbox_relay_sweeps_total", "counter",
     "reason=first_start|purged|history_rewritten|schema_added|ledger_void|xa|statement|incident|interval",
     "Comparisons of the table with what the log brought.",
     "purged or history_rewritten: rows may have been repeated, find out why."},
    {"outbox_relay_ledger_rows", "gauge", "", "Rows published and not yet deleted.", ""},
    {"outbox_relay_cleanup_rows_total", "counter", "", "Published rows deleted after the retention.",
     "Does not grow while rows are published: the table grows; look for cleanup.failed in the log."},
    {"outbox_relay_cleanup_failures_total", "counter", "", "Deletes that failed and are tried again.", ""},
    {"outbox_relay_cleanup_held_seconds", "gauge", "",
     "Since published rows are kept because a part of the log is not read, which may hold other rows of their ids; "
     "else 0.",
     "Alert above 3600: the table grows; see why the low-water mark stands still."},
    {"kafka_outbox_queue_size", "gauge", "",
     "The polling relay's name: rows read and not yet acknowledged by Kafka. It knows nothing of rows that are not "
     "read "
     "yet: for those see outbox_relay_source_ahead_bytes.",
     ""},
    {"kafka_outbox_total_size", "gauge", "",
     "The polling relay's name: rows in the table, without reading all of it each time (read and not acknowledged, "
     "published and not deleted, errored, skipped by --start); not those that are not read yet. Those with "
     "push_completed_at are counted as the errored ones are. With --retention=off and --mark-completed=off it knows "
     "those of the last hour. With POLLING_DISABLED the table is counted, for both.",
     ""},
    {"process_start_time_seconds", "gauge", "", "When the process started, in seconds since 1970.", ""},
    {"process_cpu_seconds_total", "counter", "", "User and system CPU time.", ""},
    {"process_resident_memory_bytes", "gauge", "", "Resident memory.",
     "It is bounded by the flags: report it when it grows without end."},
    {"process_open_fds", "gauge", "", "Open file descriptors.", ""},
};

using Labels = std::initializer_list<std::pair<const char*, absl::string_view>>;

// Builds the family of the next entry of kMetrics; the order of the calls is the
// order of the table.
class FamiliesBuilder {
 public:
  FamiliesBuilder& Next(absl::string_view name) {
    const MetricInfo& info = kMetrics[families_.size()];
    // A slip in the order would give a metric the words of another.
    if (info.name != name) std::abort();
    MetricFamily family;
    family.name = std::string(info.name);
    family.help = std::string(info.help);
    family.type = info.type == "counter"     ? MetricType::Counter
                  : info.type == "histogram" ? MetricType::Histogram
                                             : MetricType::Gauge;
    families_.push_back(std::move(family));
    return *this;
  }

  FamiliesBuilder& Value(double value, Labels labels = {}) {
    ClientMetric& metric = Add(labels);
    metric.counter.value = value;
    metric.gauge.value = value;
    return *this;
  }
  FamiliesBuilder& Value(const MetricCounter& counter, Labels labels = {}) {
    return Value(static_cast<double>(counter.value()), labels);
  }
  FamiliesBuilder& Value(const MetricGauge& gauge, Labels labels = {}) { return Value(gauge.value(), labels); }
  FamiliesBuilder& Value(const MetricHistogram& histogram) {
    Add({}).histogram = histogram.Collect();
    return *this;
  }

  std::vector<MetricFamily> Take() && { return std::move(families_); }

 private:
  ClientMetric& Add(Labels labels) {
    ClientMetric& metric = families_.back().metric.emplace_back();
    for (const auto& [name, value] : labels) {
      metric.label.push_back({name, std::string(value)});
    }
    return metric;
  }

  std::vector<MetricFamily> families_;
};

}  // namespace

void MetricHistogram::Observe(absl::Duration duration, uint64_t times) {
  duration = std::max(duration, absl::ZeroDuration());
  const double seconds = absl::ToDoubleSeconds(duration);
  const size_t bucket = std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin();
  counts_[bucket].fetch_add(times, std::memory_order_relaxed);
  sum_microseconds_.fetch_add(times * static_cast<uint64_t>(absl::ToInt64Microseconds(duration)),
                              std::memory_order_relaxed);
}

ClientMetric::Histogram MetricHistogram::Collect() const {
  ClientMetric::Histogram histogram;
  for (size_t i = 0; i < counts_.size(); ++i) {
    histogram.sample_count += counts_[i].load(std::memory_order_relaxed);
    ClientMetric::Bucket bucket;
    bucket.cumulative_count = histogram.sample_count;
    bucket.upper_bound = i < kBounds.size() ? kBounds[i] : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back(bucket);
  }
  histogram.sample_sum = static_cast<double>(sum_microseconds_.load(std::memory_order_relaxed)) / 1e6;
  return histogram;
}

absl::string_view SweepReasonName(SweepReason reason) {
  switch (reason) {
    case SweepReason::kFirstStart:
      return "first_start";
    case SweepReason::kPurged:
      return "purged";
    case SweepReason::kHistoryRewritten:
      return "history_rewritten";
    case SweepReason::kSchemaAdded:
      return "schema_added";
    case SweepReason::kLedgerVoid:
      return "ledger_void";
    case SweepReason::kXa:
      return "xa";
    case SweepReason::kStatement:
      return "statement";
    case SweepReason::kIncident:
      return "incident";
    case SweepReason::kInterval:
      return "interval";
  }
  return "";
}

void Metrics::OnCollect(std::function<void()> refresh) {
  absl::MutexLock lock(&mutex_);
  refresh_ = std::move(refresh);
}

void Metrics::Refresh() const {
  absl::MutexLock lock(&mutex_);
  if (refresh_) refresh_();
}

std::vector<MetricFamily> Metrics::Collect() const {
  const ProcessFigures process = ReadProcessFigures();
  FamiliesBuilder b;
  b.Next("outbox_relay_build_info").Value(1, {{"version", version_}});
  b.Next("outbox_relay_active").Value(active);
  b.Next("outbox_relay_rows_total")
      .Value(rows_published, {{"outcome", "published"}})
      .Value(rows_poison, {{"outcome", "poison"}})
      .Value(rows_requeued, {{"outcome", "requeued"}})
      .Value(rows_swept, {{"outcome", "swept"}});
  b.Next("outbox_relay_bytes_total").Value(bytes);
  b.Next("outbox_relay_transactions_total")
      .Value(transactions_outbox, {{"kind", "outbox"}})
      .Value(transactions_foreign, {{"kind", "foreign"}});
  b.Next("outbox_relay_binlog_bytes_total").Value(binlog_bytes);
  b.Next("outbox_relay_commit_to_ack_seconds").Value(commit_to_ack);
  b.Next("outbox_relay_lag_seconds").Value(lag);
  b.Next("outbox_relay_queue_records").Value(queue_records);
  b.Next("outbox_relay_queue_bytes").Value(queue_bytes);
  b.Next("outbox_relay_connected")
      .Value(mysql_connected, {{"side", "mysql"}})
      .Value(kafka_connected, {{"side", "kafka"}});
  b.Next("outbox_relay_reconnects_total")
      .Value(reconnects_mysql, {{"side", "mysql"}})
      .Value(reconnects_kafka, {{"side", "kafka"}});
  b.Next("outbox_relay_delivery_failures_total")
      .Value(failures_row, {{"fault", "row"}})
      .Value(failures_destination, {{"fault", "destination"}})
      .Value(failures_retry, {{"fault", "retry"}})
      .Value(failures_instance, {{"fault", "instance"}});
  b.Next("outbox_relay_checkpoint_age_seconds").Value(checkpoint_age);
  b.Next("outbox_relay_checkpoint_saves_total")
      .Value(checkpoint_saves, {{"result", "ok"}})
      .Value(checkpoint_failures, {{"result", "failed"}});
  b.Next("outbox_relay_seconds_to_purge").Value(seconds_to_purge);
  b.Next("outbox_relay_source_ahead_bytes").Value(source_ahead_bytes);
  b.Next("outbox_relay_stalled_seconds").Value(stalled);
  b.Next("outbox_relay_holding").Value(holding);
  b.Next("outbox_relay_held_topics").Value(held_topics);
  b.Next("outbox_relay_poison_rows").Value(poison_rows);
  b.Next("outbox_relay_upserts_total").Value(upserts);
  b.Next("outbox_relay_polling_relay_claims_total").Value(polling_relay_claims);
  b.Next("outbox_relay_failover_lost_transactions_total").Value(failover_lost);
  b.Next("outbox_relay_sweeps_total");
  for (size_t i = 0; i < kSweepReasons; ++i) {
    b.Value(sweeps[i], {{"reason", SweepReasonName(static_cast<SweepReason>(i))}});
  }
  b.Next("outbox_relay_ledger_rows").Value(ledger_rows);
  b.Next("outbox_relay_cleanup_rows_total").Value(cleanup_rows);
  b.Next("outbox_relay_cleanup_failures_total").Value(cleanup_failures);
  b.Next("outbox_relay_cleanup_held_seconds").Value(cleanup_held);
  b.Next("kafka_outbox_queue_size").Value(unacknowledged);
  b.Next("kafka_outbox_total_size").Value(table_rows);
  b.Next("process_start_time_seconds").Value(absl::ToDoubleSeconds(started_ - absl::UnixEpoch()));
  b.Next("process_cpu_seconds_total").Value(process.cpu_seconds);
  b.Next("process_resident_memory_bytes").Value(process.resident_bytes);
  b.Next("process_open_fds").Value(process.open_files);
  return std::move(b).Take();
}

std::string Metrics::Text() const { return prometheus::TextSerializer().Serialize(Collect()); }

absl::Span<const MetricInfo> AllMetrics() { return kMetrics; }

}  // namespace relay
