// SPDX-License-Identifier: Apache-2.0
#include "relay/status/status_page.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace relay {
namespace {

constexpr absl::string_view kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>outbox-relay</title>
<noscript><meta http-equiv="refresh" content="5"></noscript>
<style>
:root { color-scheme: light dark;
  --page: #f5f6f8; --card: #fff; --ink: #1b1f26; --soft: #606a78; --line: #e2e5ea;
  --good: #12805c; --busy: #1c63c4; --warn: #9a6100; --bad: #c02b2b;
  --warn-page: #fff6e0; --bad-page: #fdecec; }
@media (prefers-color-scheme: dark) { :root {
  --page: #14171c; --card: #1d2128; --ink: #e7eaef; --soft: #98a2b1; --line: #2d333d;
  --good: #4cc797; --busy: #7db2ff; --warn: #e8b04b; --bad: #ff8080;
  --warn-page: #30280f; --bad-page: #371b1d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 28px 20px 40px; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 6px 14px; margin-bottom: 4px; }
h1 { font-size: 22px; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 13px; margin: 0 0 10px; color: var(--soft); font-weight: 600;
  text-transform: uppercase; letter-spacing: .05em; }
.state { font-weight: 600; padding: 1px 11px; border-radius: 99px; border: 1.5px solid currentColor; }
.soft { color: var(--soft); }
.good { color: var(--good); } .busy { color: var(--busy); } .warn { color: var(--warn); } .bad { color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: 12px; margin: 18px 0 12px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); gap: 12px; }
.tile, .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; min-width: 0; }
.tile b { display: block; font-size: 26px; line-height: 1.25; font-weight: 650; font-variant-numeric: tabular-nums; }
.wide { grid-column: 1 / -1; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 16px; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 13px; max-height: 8em; overflow-y: auto; }
.problem { margin: 10px 0 0; padding: 8px 11px; border-radius: 7px; background: var(--bad-page); overflow-wrap: anywhere; }
.note { margin: 12px 0 0; padding: 9px 13px; border-radius: 8px; background: var(--warn-page); overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; color: var(--soft); font-weight: 500; }
th, td { padding: 5px 14px 5px 0; border-top: 1px solid var(--line); vertical-align: top; }
tr:first-child th { border-top: 0; }
td:last-child { white-space: nowrap; }
footer { margin-top: 22px; font-size: 13px; }
a { color: inherit; }
</style>
</head>
<body>
)";

// Replaces the page's content; says so when the relay no longer answers.
constexpr absl::string_view kTail = R"(<script>
setInterval(async () => {
  const old = document.querySelector('main');
  try {
    const answer = await fetch('/', {cache: 'no-store'});
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    old.replaceWith(page.querySelector('main'));
    document.title = page.title;
  } catch (error) {
    const state = old.querySelector('.state');
    state.textContent = 'no answer';
    state.className = 'state bad';
  }
}, 2000);
</script>
</body>
</html>
)";

// A relay that streams but lacks one side is not well.
absl::string_view StateClass(const RelayStatus& status) {
  switch (status.state) {
    case RelayState::kStreaming:
      return status.source.connected && status.kafka.connected ? "good" : "warn";
    case RelayState::kStandby:
    case RelayState::kPollingDisabled:
      return "good";
    case RelayState::kStarting:
    case RelayState::kSweeping:
    case RelayState::kStopping:
      return "busy";
    case RelayState::kWaiting:
    case RelayState::kHolding:
      return "warn";
  }
  return "";
}

std::string Ago(absl::Time time, absl::Time now) {
  if (time == absl::InfinitePast()) return "never";
  const std::string passed = ReadableDuration(now - time);
  return passed == "just now" ? passed : absl::StrCat(passed, " ago");
}

// One list of names and values; values are escaped here.
class Card {
 public:
  explicit Card(absl::string_view title) {
    absl::StrAppend(&out_, "<section class=\"card\"><h2>", title, "</h2>\n<dl>\n");
  }
  Card& Row(absl::string_view name, absl::string_view value, absl::string_view css = "") {
    if (value.empty()) return *this;
    absl::StrAppend(&out_, "<dt>", name, "</dt><dd", css.empty() ? "" : absl::StrCat(" class=\"", css, "\""), ">",
                    EscapeHtml(value), "</dd>\n");
    return *this;
  }
  Card& Problem(const std::optional<RelayStatus::Problem>& problem, absl::Time now) {
    if (problem.has_value()) {
      absl::StrAppend(&problem_, "<p class=\"problem\">", EscapeHtml(problem->text), " <span class=\"soft\">",
                      Ago(problem->at, now), "</span></p>\n");
    }
    return *this;
  }
  std::string Take() && { return absl::StrCat(out_, "</dl>\n", problem_, "</section>\n"); }

 private:
  std::string out_;
  std::string problem_;
};

std::string Tile(absl::string_view title, absl::string_view figure, absl::string_view below,
                 absl::string_view css = "") {
  return absl::StrCat("<div class=\"tile\"><h2>", title, "</h2><b class=\"", css, "\">", EscapeHtml(figure),
                      "</b><span class=\"soft\">", EscapeHtml(below), "</span></div>\n");
}

// The lag knows what was read; a log that is not read holds rows that nobody has counted.
std::string WhatIsPending(const RelayStatus& status) {
  const std::string unread =
      status.source.ahead_bytes == 0 ? "" : absl::StrCat(ReadableBytes(status.source.ahead_bytes), " of log to go");
  if (status.unacknowledged_rows == 0) {
    if (!unread.empty()) return unread;
    return status.source.connected ? "nothing is pending" : "of what was read; the log is not read now";
  }
  return absl::StrCat(ReadableCount(status.unacknowledged_rows), status.unacknowledged_rows == 1 ? " row" : " rows",
                      " not acknowledged", unread.empty() ? "" : ", ", unread);
}

std::string Tiles(const RelayStatus& status) {
  const bool lagging = status.lag > absl::Minutes(1);
  return absl::StrCat(
      "<div class=\"tiles\">\n",
      Tile("Lag",
           status.lag < absl::Milliseconds(1)
               ? "0 s"
               : absl::StrFormat("%.*f s", status.lag < absl::Seconds(10) ? 1 : 0, absl::ToDoubleSeconds(status.lag)),
           WhatIsPending(status), lagging ? "warn" : ""),
      Tile("Published", ReadableCount(status.published_rows),
           absl::StrCat("rows since the start, ", ReadableBytes(status.published_bytes))),
      Tile("Poison rows", ReadableCount(status.poison_rows),
           status.poison_rows == 0 ? "no row is errored" : "errored = 1, see below",
           status.poison_rows == 0 ? "" : "bad"),
      Tile("Published, in the table", ReadableCount(status.cleanup.ledger_rows),
           status.cleanup.enabled ? absl::StrCat("deleted after ", ReadableDuration(status.cleanup.retention))
                                  : "kept for ever"),
      "</div>\n");
}

std::string SourceCard(const RelayStatus& status, absl::Time now) {
  const RelayStatus::Source& source = status.source;
  Card card("MySQL");
  card.Row("log reader",
           source.connected ? absl::StrCat("connected, ", ReadableDuration(now - source.connected_since))
                            : "not connected",
           source.connected ? "good" : "bad")
      .Row("host", source.host)
      .Row("server", source.server)
      .Row("acknowledged to", source.low_water_mark, "mono");
  if (!source.log_end.empty()) {
    card.Row("log's end", absl::StrCat(source.log_end, " (", ReadableBytes(source.ahead_bytes), " ahead)"), "mono");
  }
  if (source.to_purge.has_value()) {
    card.Row("log purged in",
             *source.to_purge == absl::InfiniteDuration() ? "never" : ReadableDuration(*source.to_purge),
             *source.to_purge < absl::Hours(6) ? "bad" : "");
  }
  return std::move(card.Problem(source.problem, now)).Take();
}

std::string KafkaCard(const RelayStatus& status, absl::Time now) {
  const RelayStatus::Kafka& kafka = status.kafka;
  Card card("Kafka");
  card.Row("brokers", kafka.connected ? "connected" : "not connected", kafka.connected ? "good" : "bad")
      .Row("hosts", kafka.brokers)
      .Row("queue", absl::StrCat(ReadableCount(kafka.queue_records), " records, ", ReadableBytes(kafka.queue_bytes)))
      .Row("last ack", Ago(kafka.last_ack, now))
      .Row("partitioner", status.partitioner);
  return std::move(card.Problem(kafka.problem, now)).Take();
}

std::string CheckpointCard(const RelayStatus& status, absl::Time now) {
  const RelayStatus::Checkpoint& checkpoint = status.checkpoint;
  Card card("Checkpoint");
  card.Row("saved", checkpoint.present ? Ago(checkpoint.saved, now) : "none yet")
      .Row("position", checkpoint.position, "mono")
      .Row("GTIDs", checkpoint.gtids, "mono")
      .Row("relay id", status.relay_id, "mono");
  return std::move(card.Problem(checkpoint.problem, now)).Take();
}

std::string TableCard(const RelayStatus& status, absl::Time now) {
  const RelayStatus::Cleanup& cleanup = status.cleanup;
  Card card("Table and cleanup");
  card.Row("table", status.outbox_table)
      .Row("schemas", absl::StrJoin(status.schemas, ", "))
      .Row("cleanup", cleanup.enabled ? absl::StrCat("after ", ReadableDuration(cleanup.retention)) : "off")
      .Row("deleted", absl::StrCat(ReadableCount(cleanup.deleted_rows), " rows since the start"))
      .Row("last pass", Ago(cleanup.last_pass, now));
  if (status.sweep.running) {
    card.Row("sweep", absl::StrCat(status.sweep.reason, ", ", ReadableCount(status.sweep.pending_rows), " rows to go"),
             "busy");
  } else if (status.sweep.last_finished != absl::InfinitePast()) {
    card.Row("last sweep",
             absl::StrCat(Ago(status.sweep.last_finished, now), ", ", ReadableCount(status.sweep.last_found_rows),
                          " rows that the log had not brought"));
  }
  return std::move(card.Problem(cleanup.problem, now)).Take();
}

std::string HeldTopics(const RelayStatus& status, absl::Time now) {
  if (status.kafka.held_topics.empty()) return "";
  std::string out =
      "<section class=\"card wide\"><h2>Topics on hold</h2><div class=\"scroll\">"
      "<table>\n<tr><th>topic<th>reason<th>since</tr>\n";
  for (const auto& topic : status.kafka.held_topics) {
    absl::StrAppend(&out, "<tr><td>", EscapeHtml(topic.topic), "<td>", EscapeHtml(topic.reason), "<td>",
                    Ago(topic.since, now), "</tr>\n");
  }
  return out + "</table></div></section>\n";
}

std::string PoisonRows(const RelayStatus& status, absl::Time now) {
  if (status.recent_poison.empty()) return "";
  std::string out =
      "<section class=\"card wide\"><h2>Newest poison rows</h2>"
      "<div class=\"scroll\"><table>\n"
      "<tr><th>schema<th>id<th>topic<th>reason<th>when</tr>\n";
  for (const auto& row : status.recent_poison) {
    absl::StrAppend(&out, "<tr><td>", EscapeHtml(row.schema), "<td>", EscapeHtml(row.id), "<td>", EscapeHtml(row.topic),
                    "<td>", EscapeHtml(row.reason), "<td>", Ago(row.at, now), "</tr>\n");
  }
  return out +
         "</table></div><p class=\"soft\">Mend a row and set errored = 0 to send "
         "it again, or delete it.</p></section>\n";
}

}  // namespace

std::string ReadableDuration(absl::Duration duration) {
  const int64_t seconds = absl::ToInt64Seconds(duration);
  if (seconds <= 0) return "just now";
  if (seconds < 60) return absl::StrCat(seconds, " s");
  const auto two = [](int64_t big, absl::string_view big_unit, int64_t small, absl::string_view small_unit) {
    return small == 0 ? absl::StrCat(big, " ", big_unit)
                      : absl::StrCat(big, " ", big_unit, " ", small, " ", small_unit);
  };
  if (seconds < 3600) return two(seconds / 60, "min", seconds % 60, "s");
  if (seconds < 86400) {
    return two(seconds / 3600, "h", seconds / 60 % 60, "min");
  }
  return two(seconds / 86400, "d", seconds / 3600 % 24, "h");
}

std::string ReadableCount(uint64_t count) {
  std::string digits = absl::StrCat(count);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string ReadableBytes(uint64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double value = static_cast<double>(bytes);
  absl::string_view unit;
  for (absl::string_view next : {"KiB", "MiB", "GiB", "TiB"}) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return absl::StrFormat("%.1f %s", value, unit);
}

std::string EscapeHtml(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

std::string StatusPage(const RelayStatus& status, absl::Time now) {
  std::string out(kHead);
  absl::StrAppend(
      &out, "<main>\n<header><h1>outbox-relay</h1><span class=\"state ", StateClass(status), "\">",
      RelayStateName(status.state), "</span><span class=\"soft\">", EscapeHtml(status.version),
      status.started == absl::InfinitePast() ? "" : absl::StrCat(", up for ", ReadableDuration(now - status.started)),
      "</span></header>\n");
  if (!status.state_detail.empty()) {
    absl::StrAppend(&out, "<p class=\"note\">", EscapeHtml(status.state_detail), "</p>\n");
  }
  absl::StrAppend(&out, Tiles(status), "<div class=\"cards\">\n", SourceCard(status, now));
  if (status.state != RelayState::kPollingDisabled) {
    absl::StrAppend(&out, KafkaCard(status, now), CheckpointCard(status, now));
  }
  absl::StrAppend(&out, TableCard(status, now), HeldTopics(status, now), PoisonRows(status, now),
                  "</div>\n<footer class=\"soft\">Read only. <a href=\"/status\">/status</a> "
                  "is this as JSON, <a href=\"/metrics\">/metrics</a> for Prometheus. ",
                  absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", now, absl::UTCTimeZone()), "</footer>\n</main>\n", kTail);
  return out;
}

}  // namespace relay
