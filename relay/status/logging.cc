// SPDX-License-Identifier: Apache-2.0
#include "relay/status/logging.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "glog/logging.h"
#include "relay/status/json_line.h"

namespace relay {
namespace {

constexpr double kBurst = 20;
constexpr double kLinesPerSecond = 1.0 / 3;

constexpr absl::string_view kLevelNames[] = {"trace", "debug", "info", "warning", "error", "fatal"};

std::atomic<LogLevel> least_level{LogLevel::kInfo};

// What LogEvent passes to the sink beside glog's message; same thread.
struct PendingEvent {
  LogLevel level;
  LogCode code;
  absl::string_view message;
  LogFields fields;
};
thread_local const PendingEvent* pending_event = nullptr;

// A password that is a plain word stands in our own words as well, where to mask it would tell it. Such a one is masked
// only where a secret could stand: behind '=', ':' or a quote, and not as a part of a longer word.
bool IsPlainWord(absl::string_view secret) {
  return std::all_of(secret.begin(), secret.end(), [](char c) { return absl::ascii_islower(c); });
}

std::string Masked(absl::string_view text, const std::vector<std::string>& secrets) {
  std::string masked(text);
  for (const std::string& secret : secrets) {
    const bool plain = IsPlainWord(secret);
    for (size_t at = 0; (at = masked.find(secret, at)) != std::string::npos;) {
      const size_t end = at + secret.size();
      if (plain && (at == 0 || absl::string_view("=:'\"`").find(masked[at - 1]) == absl::string_view::npos ||
                    (end < masked.size() && absl::ascii_isalnum(masked[end])))) {
        at = end;
        continue;
      }
      masked.replace(at, secret.size(), "***");
      at += 3;
    }
  }
  return masked;
}

// A server's message may be in any charset; JSON is UTF-8.
void AppendJson(std::string* out, absl::string_view text) {
  if (AppendJsonString(text, out)) return;
  std::string readable(text);
  std::replace_if(
      readable.begin(), readable.end(), [](unsigned char c) { return c >= 0x80; }, '?');
  AppendJsonString(readable, out);
}

// One line whatever the text holds.
void AppendOneLine(std::string* out, absl::string_view text) {
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    out->push_back(byte < 0x20 || byte == 0x7f ? ' ' : c);
  }
}

bool NeedsQuotes(absl::string_view text) {
  return text.empty() || std::any_of(text.begin(), text.end(), [](char c) {
           return c == ' ' || c == '"' || c == '=' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
         });
}

// Tokens of each code, and how many lines were left out since the last one.
class RateLimit {
 public:
  // Whether a line may be written; `left_out` is set when it may.
  bool Take(LogCode code, absl::Time now, int64_t* left_out) {
    absl::MutexLock lock(&mutex_);
    Bucket& bucket = buckets_[static_cast<size_t>(code)];
    const double passed = absl::ToDoubleSeconds(now - bucket.filled);
    bucket.tokens = std::min(kBurst, bucket.tokens + std::max(0.0, passed) * kLinesPerSecond);
    bucket.filled = now;
    if (bucket.tokens < 1) {
      ++bucket.left_out;
      return false;
    }
    bucket.tokens -= 1;
    *left_out = std::exchange(bucket.left_out, 0);
    return true;
  }

  void Reset() {
    absl::MutexLock lock(&mutex_);
    buckets_.assign(AllLogEvents().size(), Bucket());
  }

 private:
  struct Bucket {
    double tokens = kBurst;
    absl::Time filled = absl::InfinitePast();
    int64_t left_out = 0;
  };
  absl::Mutex mutex_;
  std::vector<Bucket> buckets_ ABSL_GUARDED_BY(mutex_) = std::vector<Bucket>(AllLogEvents().size());
};

RateLimit& Limits() {
  static auto* limits = new RateLimit;
  return *limits;
}

// Where every line ends: glog calls send() in the thread that logs.
class StderrSink : public google::LogSink {
 public:
  void Configure(LogFormat format, std::vector<std::string> secrets) {
    absl::MutexLock lock(&mutex_);
    format_ = format;
    secrets_ = std::move(secrets);
    // The longest first: one secret may be part of another.
    std::sort(secrets_.begin(), secrets_.end(),
              [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
    secrets_.erase(std::remove_if(secrets_.begin(), secrets_.end(), [](const std::string& s) { return s.size() < 4; }),
                   secrets_.end());
  }

  void SetOutput(std::function<void(absl::string_view)> output) {
    absl::MutexLock lock(&mutex_);
    output_ = std::move(output);
  }

  void send(google::LogSeverity severity, const char* /*full_filename*/, const char* base_filename, int line,
            const google::LogMessageTime& /*time*/, const char* message, size_t length) override {
    if (pending_event != nullptr) {
      const PendingEvent& event = *pending_event;
      Write(event.level, LogCodeText(event.code), event.message, event.fields.begin(), event.fields.size());
      return;
    }
    static constexpr LogLevel kLevels[] = {LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError, LogLevel::kFatal};
    const LogLevel level = kLevels[std::clamp<int>(severity, 0, 3)];
    if (!LogEnabled(level)) return;
    int64_t left_out = 0;
    if (level != LogLevel::kFatal && !Limits().Take(LogCode::kLibrary, absl::Now(), &left_out)) {
      return;
    }
    const LogField fields[] = {{"at", absl::StrCat(base_filename, ":", line)}, {"left_out", left_out}};
    Write(level, LogCodeText(LogCode::kLibrary), absl::string_view(message, length), fields, left_out > 0 ? 2 : 1);
  }

 private:
  void Write(LogLevel level, absl::string_view event, absl::string_view message, const LogField* fields,
             size_t field_count) {
    absl::MutexLock lock(&mutex_);
    // What is said, not the event's code or a field's name, by which people search.
    const std::string said = Masked(message, secrets_);
    std::vector<LogField> values(fields, fields + field_count);
    for (LogField& field : values) {
      if (field.quoted) field.value = Masked(field.value, secrets_);
    }
    const std::string line = FormatLogLine(format_, absl::Now(), level, event, said, values.data(), values.size());
    if (output_) {
      output_(line);
      return;
    }
    for (absl::string_view rest = line; !rest.empty();) {
      const ssize_t written = write(STDERR_FILENO, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;  // nobody reads any more
      rest.remove_prefix(static_cast<size_t>(written));
    }
  }

  absl::Mutex mutex_;
  LogFormat format_ ABSL_GUARDED_BY(mutex_) = LogFormat::kText;
  std::vector<std::string> secrets_ ABSL_GUARDED_BY(mutex_);
  std::function<void(absl::string_view)> output_ ABSL_GUARDED_BY(mutex_);
};

StderrSink& Sink() {
  static auto* sink = new StderrSink;
  return *sink;
}

void AttachSink() {
  static const bool attached = [] {
    if (!google::IsGoogleLoggingInitialized()) {
      google::InitGoogleLogging("outbox-relay");
    }
    for (int severity = 0; severity < google::NUM_SEVERITIES; ++severity) {
      google::SetLogDestination(severity, "");  // no files
    }
    FLAGS_logtostderr = false;
    FLAGS_alsologtostderr = false;
    FLAGS_stderrthreshold = google::NUM_SEVERITIES;  // only through the sink
    google::AddLogSink(&Sink());
    return true;
  }();
  (void)attached;
}

google::LogSeverity GlogSeverity(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
    case LogLevel::kDebug:
    case LogLevel::kInfo:
      return google::GLOG_INFO;
    case LogLevel::kWarning:
      return google::GLOG_WARNING;
    case LogLevel::kError:
    case LogLevel::kFatal:  // glog's own would abort
      return google::GLOG_ERROR;
  }
  return google::GLOG_ERROR;
}

}  // namespace

std::string FormatLogLine(LogFormat format, absl::Time time, LogLevel level, absl::string_view event,
                          absl::string_view message, const LogField* fields, size_t field_count) {
  const std::string stamp = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
  const absl::string_view level_name = kLevelNames[static_cast<size_t>(level)];
  std::string line;
  if (format == LogFormat::kJson) {
    absl::StrAppend(&line, "{\"time\":\"", stamp, "\",\"level\":\"", level_name, "\",\"event\":\"", event,
                    "\",\"msg\":");
    AppendJson(&line, message);
    for (size_t i = 0; i < field_count; ++i) {
      line.push_back(',');
      AppendJson(&line, fields[i].name);
      line.push_back(':');
      if (fields[i].quoted) {
        AppendJson(&line, fields[i].value);
      } else {
        line.append(fields[i].value);
      }
    }
    line.append("}\n");
    return line;
  }
  absl::StrAppend(&line, stamp, " ", level_name, " ", event, " ");
  AppendOneLine(&line, message);
  for (size_t i = 0; i < field_count; ++i) {
    absl::StrAppend(&line, " ", fields[i].name, "=");
    if (fields[i].quoted && NeedsQuotes(fields[i].value)) {
      AppendJson(&line, fields[i].value);
    } else {
      AppendOneLine(&line, fields[i].value);
    }
  }
  line.push_back('\n');
  return line;
}

bool LogEnabled(LogLevel level) { return level >= least_level.load(std::memory_order_relaxed); }

void LogEvent(LogLevel level, LogCode code, absl::string_view message, LogFields fields) {
  if (!LogEnabled(level)) return;
  int64_t left_out = 0;
  if (level != LogLevel::kFatal && !Limits().Take(code, absl::Now(), &left_out)) {
    return;
  }
  std::string whole;
  if (left_out > 0) {
    whole = absl::StrCat(message, " (", left_out, " such lines were left out before)");
    message = whole;
  }
  const PendingEvent event{level, code, message, fields};
  pending_event = &event;
  google::LogMessage(__FILE__, __LINE__, GlogSeverity(level)).stream() << LogCodeText(code) << ' ' << message;
  pending_event = nullptr;
}

void LogLibrdkafka(int severity, absl::string_view facility, absl::string_view line) {
  // An outage is ours to report, as kafka.unreachable: these lines are its details.
  const LogLevel level = severity >= 7 ? LogLevel::kDebug : severity >= 5 ? LogLevel::kInfo : LogLevel::kWarning;
  LogEvent(level, LogCode::kKafkaLibrary, line, {{"facility", facility}});
}

void InitLogging(const LogConfig& config, const std::vector<std::string>& secrets) {
  least_level.store(config.level, std::memory_order_relaxed);
  Sink().Configure(config.format, secrets);
  AttachSink();
}

void SetLogOutputForTest(std::function<void(absl::string_view)> output) {
  AttachSink();
  Limits().Reset();
  Sink().SetOutput(std::move(output));
}

}  // namespace relay
