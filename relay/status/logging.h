// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STATUS_LOGGING_H_
#define RELAY_STATUS_LOGGING_H_

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "relay/config/config.h"
#include "relay/status/log_events.h"

namespace relay {

// One name and value behind the words of a line: {"host", "db:3306"} or
// {"rows", 12}. Never a payload, key, header value or secret.
struct LogField {
  LogField(absl::string_view field, absl::string_view text) : name(field), value(text), quoted(true) {}
  LogField(absl::string_view field, const char* text) : LogField(field, absl::string_view(text)) {}
  LogField(absl::string_view field, const std::string& text) : LogField(field, absl::string_view(text)) {}
  LogField(absl::string_view field, bool truth) : name(field), value(truth ? "true" : "false"), quoted(false) {}
  template <typename Number, typename = std::enable_if_t<std::is_arithmetic_v<Number>>>
  LogField(absl::string_view field, Number number) : name(field), value(absl::StrCat(number)), quoted(false) {}

  absl::string_view name;
  std::string value;
  bool quoted;  // a string in JSON
};

using LogFields = std::initializer_list<LogField>;

// One line on stderr (glog carries it, so that our lines and the libraries' come
// through one sink):
//   LogEvent(LogLevel::kInfo, LogCode::kStreamConnected,
//            "reading from binlog.000007:4", {{"host", host}});
// text: 2026-11-24T02:55:01.123Z info stream.connected reading ... host=db:3306
// JSON: {"time":...,"level":"info","event":"stream.connected","msg":...,"host":...}
// Any thread. Dropped below LOG_LEVEL. Of one code at most 20 lines at once and
// then one in 3 s are written; the next one says how many were left out.
// kFatal only marks the line, it ends nothing.
void LogEvent(LogLevel level, LogCode code, absl::string_view message, LogFields fields = {});

// Whether such lines are written: to spare the making of costly ones.
bool LogEnabled(LogLevel level);

// For kafka::ProducerOptions::log: `severity` is syslog's.
void LogLibrdkafka(int severity, absl::string_view facility, absl::string_view line);

// Takes glog over. Texts of `secrets` (of 4 characters and more) are masked in
// what each line says and in the values of its fields; one that is a plain word
// only where a secret could stand ("password=word"). Main thread, once, before the first line; lines before it go to
// stderr as glog writes them.
void InitLogging(const LogConfig& config, const std::vector<std::string>& secrets);

// For tests: lines (with their newline) go there instead of to stderr, and the
// limit by code is forgotten; null puts stderr back.
void SetLogOutputForTest(std::function<void(absl::string_view)> output);

// One line, newline included: for tests and for the sink.
std::string FormatLogLine(LogFormat format, absl::Time time, LogLevel level, absl::string_view event,
                          absl::string_view message, const LogField* fields, size_t field_count);

}  // namespace relay

#endif  // RELAY_STATUS_LOGGING_H_
