// SPDX-License-Identifier: Apache-2.0
#include "relay/status/metrics.h"

#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace relay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTest, CountersAndGaugesReachTheText) {
  Metrics metrics("1.2.3");
  metrics.rows_published.Add(5);
  metrics.rows_swept.Add();
  metrics.lag.Set(absl::Milliseconds(1500));
  metrics.unacknowledged.Set(7);
  metrics.seconds_to_purge.Set(absl::InfiniteDuration());
  metrics.Sweeps(SweepReason::kStatement).Add(2);
  const std::string text = metrics.Text();
  for (const char* line :
       {"outbox_relay_build_info{version=\"1.2.3\"} 1", "outbox_relay_rows_total{outcome=\"published\"} 5",
        "outbox_relay_rows_total{outcome=\"swept\"} 1", "outbox_relay_rows_total{outcome=\"poison\"} 0",
        "outbox_relay_lag_seconds 1.5", "kafka_outbox_queue_size 7", "outbox_relay_seconds_to_purge +Inf",
        "outbox_relay_sweeps_total{reason=\"statement\"} 2", "# TYPE outbox_relay_rows_total counter",
        "# TYPE outbox_relay_commit_to_ack_seconds histogram"}) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat(line, "\n")));
  }
  EXPECT_THAT(text, Not(HasSubstr("process_resident_memory_bytes 0\n")));
  EXPECT_THAT(text, Not(HasSubstr("process_open_fds 0\n")));
}

TEST(MetricsTest, TheHistogramIsCumulativeInSeconds) {
  Metrics metrics("x");
  metrics.commit_to_ack.Observe(absl::Milliseconds(1));  // on its bound
  metrics.commit_to_ack.Observe(absl::Milliseconds(4), 3);
  metrics.commit_to_ack.Observe(absl::Hours(1));
  metrics.commit_to_ack.Observe(-absl::Seconds(1));
  const std::string text = metrics.Text();
  const std::string name = "outbox_relay_commit_to_ack_seconds";
  for (const std::string& line :
       {name + "_bucket{le=\"0.0005\"} 1\n", name + "_bucket{le=\"0.001\"} 2\n", name + "_bucket{le=\"0.003\"} 2\n",
        name + "_bucket{le=\"0.005\"} 5\n", name + "_bucket{le=\"600\"} 5\n", name + "_bucket{le=\"+Inf\"} 6\n",
        name + "_count 6\n", name + "_sum 3600.013"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(MetricsTest, NamesFollowTheConventions) {
  std::set<absl::string_view> names;
  for (const MetricInfo& metric : AllMetrics()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_EQ(metric.type == "counter", absl::EndsWith(metric.name, "_total")) << metric.name;
    EXPECT_TRUE(absl::EndsWith(metric.help, ".")) << metric.name;
    EXPECT_FALSE(absl::StrContains(metric.name, "millis")) << metric.name;
  }
}

TEST(MetricsTest, EveryMetricOfTheTableIsCollectedInItsOrder) {
  const auto families = Metrics("x").Collect();
  ASSERT_EQ(families.size(), AllMetrics().size());
  for (size_t i = 0; i < families.size(); ++i) {
    EXPECT_EQ(families[i].name, AllMetrics()[i].name);
    EXPECT_FALSE(families[i].metric.empty()) << families[i].name;
    for (const auto& metric : families[i].metric) {
      for (const auto& label : metric.label) {
        EXPECT_TRUE(absl::StrContains(AllMetrics()[i].labels, label.name)) << families[i].name << " " << label.name;
        if (label.name == "version") continue;
        EXPECT_TRUE(absl::StrContains(AllMetrics()[i].labels, label.value)) << families[i].name << " " << label.value;
      }
    }
  }
}

TEST(MetricsTest, GaugesAreRefreshedOnDemand) {
  Metrics metrics("x");
  int calls = 0;
  metrics.OnCollect([&] { metrics.lag.Set(++calls); });
  metrics.Refresh();
  metrics.Refresh();
  EXPECT_THAT(metrics.Text(), HasSubstr("outbox_relay_lag_seconds 2\n"));
  metrics.OnCollect(nullptr);
  metrics.Refresh();
  EXPECT_THAT(metrics.Text(), HasSubstr("outbox_relay_lag_seconds 2\n"));
}

}  // namespace
}  // namespace relay
