// SPDX-License-Identifier: Apache-2.0
#include "relay/status/status_text.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace relay {
namespace {

using Json = nlohmann::json;

// Typed reads that never throw: a missing or other value is the default.
std::string Text(const Json& object, const char* name) {
  const auto value = object.find(name);
  return value != object.end() && value->is_string() ? value->get<std::string>() : "";
}
double Number(const Json& object, const char* name) {
  const auto value = object.find(name);
  return value != object.end() && value->is_number() ? value->get<double>() : 0;
}
std::string Count(const Json& object, const char* name) { return absl::StrFormat("%.0f", Number(object, name)); }
bool Truth(const Json& object, const char* name) {
  const auto value = object.find(name);
  return value != object.end() && value->is_boolean() && value->get<bool>();
}
const Json& Part(const Json& object, const char* name) {
  static const Json* empty = new Json(Json::object());
  const auto value = object.find(name);
  return value != object.end() && value->is_object() ? *value : *empty;
}

class Lines {
 public:
  void Add(absl::string_view name, absl::string_view text) {
    if (!text.empty()) absl::StrAppendFormat(&out_, "%-12s %s\n", name, text);
  }
  void AddProblem(const Json& part) {
    const Json& problem = Part(part, "problem");
    Add("", Text(problem, "text").empty() ? "" : absl::StrCat("! ", Text(problem, "at"), " ", Text(problem, "text")));
  }
  std::string Take() && { return std::move(out_); }

 private:
  std::string out_;
};

}  // namespace

std::string ReadableStatus(absl::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || Text(json, "state").empty()) {
    return std::string(text);
  }
  Lines lines;
  const std::string detail = Text(json, "detail");
  lines.Add("state", absl::StrCat(Text(json, "state"), detail.empty() ? "" : ": ", detail));
  lines.Add("version", absl::StrCat(Text(json, "version"), ", up since ", Text(json, "started")));
  if (Text(json, "state") == "polling disabled") return std::move(lines).Take();
  lines.Add("lag", absl::StrFormat("%.3f s, %s rows not acknowledged", Number(json, "lag_seconds"),
                                   Count(json, "unacknowledged_rows")));
  lines.Add("published", absl::StrCat(Count(json, "published_rows"), " rows, ", Count(json, "published_bytes"),
                                      " bytes since the start"));

  const Json& source = Part(json, "source");
  lines.Add("mysql", absl::StrCat(Truth(source, "connected") ? "connected to " : "NOT connected ", Text(source, "host"),
                                  " ", Text(source, "server")));
  lines.AddProblem(source);
  lines.Add("  acked to", Text(source, "low_water_mark"));
  lines.Add("  log's end",
            Text(source, "log_end").empty()
                ? ""
                : absl::StrCat(Text(source, "log_end"), ", ", Count(source, "ahead_bytes"), " bytes ahead"));

  const Json& kafka = Part(json, "kafka");
  lines.Add("kafka", absl::StrCat(Truth(kafka, "connected") ? "connected to " : "NOT connected ",
                                  Text(kafka, "brokers"), ", queue ", Count(kafka, "queue_records"), " records"));
  lines.AddProblem(kafka);
  if (const auto held = kafka.find("held_topics"); held != kafka.end() && held->is_array()) {
    for (const Json& topic : *held) {
      lines.Add("  held",
                absl::StrCat(Text(topic, "topic"), " ", Text(topic, "reason"), " since ", Text(topic, "since")));
    }
  }

  const Json& checkpoint = Part(json, "checkpoint");
  lines.Add("checkpoint", Truth(checkpoint, "present")
                              ? absl::StrFormat("%s, saved %.1f s ago", Text(checkpoint, "position"),
                                                Number(checkpoint, "age_seconds"))
                              : "none yet");
  lines.Add("  gtids", Text(checkpoint, "gtids"));
  lines.AddProblem(checkpoint);

  const Json& sweep = Part(json, "sweep");
  if (Truth(sweep, "running")) {
    lines.Add("sweep", absl::StrCat(Text(sweep, "reason"), ", ", Count(sweep, "pending_rows"), " rows to go"));
  }
  const Json& poison = Part(json, "poison");
  lines.Add("poison", absl::StrCat(Count(poison, "rows"), " rows"));
  if (const auto recent = poison.find("recent"); recent != poison.end() && recent->is_array()) {
    for (const Json& row : *recent) {
      lines.Add("  row", absl::StrCat(Text(row, "schema"), " id ", Text(row, "id"), ": ", Text(row, "reason")));
    }
  }
  const Json& cleanup = Part(json, "cleanup");
  // Before the checkpoint is loaded nothing is known of published rows.
  const bool known = !Text(json, "relay_id").empty();
  if (known || !Truth(cleanup, "enabled")) {
    lines.Add("cleanup",
              Truth(cleanup, "enabled")
                  ? absl::StrCat(Count(cleanup, "deleted_rows"), " rows deleted, ", Count(cleanup, "ledger_rows"),
                                 " published rows kept until they are ",
                                 absl::FormatDuration(absl::Seconds(Number(cleanup, "retention_seconds"))), " old")
                  : "off");
  }
  lines.AddProblem(cleanup);
  return std::move(lines).Take();
}

}  // namespace relay
