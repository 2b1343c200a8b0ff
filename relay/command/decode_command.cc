// SPDX-License-Identifier: Apache-2.0
#include "relay/command/decode_command.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cdc/event/binlog_position.h"
#include "cdc/event/column_type.h"
#include "cdc/event/event.h"
#include "cdc/event/gtid.h"
#include "cdc/event/rows_event.h"
#include "cdc/event/table_map.h"
#include "cdc/source/event_reader.h"
#include "cdc/source/file_source.h"
#include "cdc/value/column_value.h"
#include "cdc/value/rows_decoder.h"
#include "relay/base/status_macros.h"
#include "relay/status/json_line.h"

namespace relay {
namespace {

constexpr int kUsageError = 2;
constexpr size_t kBlock = 64 * 1024;
// Ids grow whenever a server opens a table anew: past so many all are forgotten between transactions.
constexpr size_t kMaxTables = 1024;
// Where a file's first event stands.
constexpr uint64_t kFirstOffset = 4;

// A place in the log: by offset, in one file or in any, or by time.
struct Bound {
  std::string file;
  uint64_t offset = 0;
  std::optional<absl::Time> time;

  static absl::StatusOr<Bound> Parse(absl::string_view text) {
    Bound bound;
    if (absl::SimpleAtoi(text, &bound.offset)) return bound;
    absl::Time time;
    std::string error;
    for (const char* format : {absl::RFC3339_full, "%Y-%m-%d %H:%M:%E*S", "%Y-%m-%d"}) {
      if (absl::ParseTime(format, text, absl::UTCTimeZone(), &time, &error)) {
        bound.time = time;
        return bound;
      }
    }
    auto position = cdc::BinlogPosition::Parse(text);
    if (!position.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", text, "' is neither a position (FILE:POS or POS) nor a time (2026-11-24T02:58:26Z)"));
    }
    bound.file = position->file;
    bound.offset = position->offset;
    return bound;
  }

  // Whether an event stands before this place.
  bool IsBehind(const cdc::BinlogPosition& begin, uint32_t timestamp) const {
    if (time.has_value()) return absl::FromUnixSeconds(timestamp) < *time;
    if (file.empty()) return begin.offset < offset;
    return begin < cdc::BinlogPosition{file, offset};
  }

  // Whether all that stands from `position` on in its file is at or behind this place. Times do not tell: they go
  // back and forth.
  bool IsReached(const cdc::BinlogPosition& position) const {
    if (time.has_value() || position.empty()) return false;
    if (file.empty()) return position.offset >= offset;
    return cdc::AreOfOneSeries(position.file, file) && position >= cdc::BinlogPosition{file, offset};
  }
};

struct Counts {
  uint64_t rows[3] = {0, 0, 0};
};

constexpr absl::string_view kOperations[] = {"insert", "update", "delete"};

bool IsInteger(cdc::ColumnType type) {
  switch (type) {
    case cdc::ColumnType::kTiny:
    case cdc::ColumnType::kShort:
    case cdc::ColumnType::kInt24:
    case cdc::ColumnType::kLong:
    case cdc::ColumnType::kLongLong:
      return true;
    default:
      return false;
  }
}

bool PrintsAsNumber(cdc::ColumnType type) {
  if (IsInteger(type)) return true;
  switch (type) {
    case cdc::ColumnType::kFloat:
    case cdc::ColumnType::kDouble:
    case cdc::ColumnType::kNewDecimal:
      return true;
    default:
      return false;
  }
}

class Decoder {
 public:
  Decoder(const DecodeRequest& request, std::optional<Bound> from, std::optional<Bound> to, const TextSink& out,
          const TextSink& err)
      : request_(request), from_(std::move(from)), to_(std::move(to)), out_(out), err_(err) {}

  // Whether a table was left out, which `err` was told.
  bool left_out() const { return !left_out_.empty(); }

  // What stands before the damage has been printed when this returns it.
  absl::Status DecodeFile(const std::string& path) {
    path_ = path;
    tables_.clear();
    gtid_.clear();
    if (to_.has_value() && to_->IsReached({std::string(cdc::FileSource::NameOf(path)), kFirstOffset})) {
      return absl::OkStatus();
    }
    auto source = cdc::FileSource::Open(path);
    if (!source.ok()) return source.status();
    cdc::EventReader events(source->get(), /*verify_checksums=*/true);
    absl::Status status;
    while (true) {
      const uint64_t last = events.begin().offset;
      auto event = events.Next();
      // Where this event stands, or one that could not be read.
      const bool unread = events.begin().offset == last && !events.in_payload();
      if (to_.has_value() && to_->IsReached(unread ? events.end() : events.begin())) break;
      status = event.status();
      if (!status.ok() || *event == nullptr) break;
      status = Handle(events, **event);
      if (status.ok()) continue;
      status = absl::Status(status.code(), absl::StrCat("at ", events.begin().ToString(), ": ", status.message()));
      break;
    }
    Flush();
    if (status.ok()) return status;
    return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
  }

  // How many there were of what was asked for.
  uint64_t rows() const {
    uint64_t all = 0;
    for (const auto& [table, counts] : counts_) {
      for (const uint64_t rows : counts.rows) all += rows;
    }
    return all;
  }

  void PrintSummary() {
    for (const auto& [table, counts] : counts_) {
      line_.append("{\"table\": ");
      AppendJsonString(table, &line_);
      for (size_t i = 0; i < 3; ++i) absl::StrAppend(&line_, ", \"", kOperations[i], "\": ", counts.rows[i]);
      line_.append("}\n");
    }
    Flush();
  }

 private:
  struct Table {
    std::string body;
    std::string name;
    bool wanted = false;
    std::vector<bool> numeric;
    // Integers of which the log does not tell whether they are unsigned.
    std::vector<bool> sign_unknown;
    // Of BIT columns; of others 0.
    std::vector<uint32_t> bits;
    // The columns' names as JSON, each with its colon.
    std::vector<std::string> keys;
    std::unique_ptr<cdc::RowsDecoder> decoder;
    Counts* counts = nullptr;
  };

  absl::Status Handle(const cdc::EventReader& events, const cdc::Event& event) {
    if (std::holds_alternative<cdc::FormatDescription>(event.body)) {
      tables_.clear();
      return absl::OkStatus();
    }
    if (std::holds_alternative<cdc::QueryEvent>(event.body) || std::holds_alternative<cdc::GtidEvent>(event.body)) {
      if (tables_.size() > kMaxTables) tables_.clear();
    }
    if (const auto* gtid = std::get_if<cdc::GtidEvent>(&event.body)) {
      gtid_.clear();
      if (!gtid->anonymous) {
        gtid->CopyTo(&scratch_gtid_);
        scratch_gtid_.AppendTo(&gtid_);
      }
      return absl::OkStatus();
    }
    if (const auto* map = std::get_if<cdc::TableMapEvent>(&event.body)) return Map(events, *map);
    if (const auto* rows = std::get_if<cdc::RowsBody>(&event.body)) return Rows(events, event.header, *rows);
    return absl::OkStatus();
  }

  bool Wanted(const cdc::TableMapName& name) const {
    if (request_.table.empty()) return true;
    const size_t dot = request_.table.find('.');
    if (dot == std::string::npos) return name.table == request_.table;
    return name.schema == absl::string_view(request_.table).substr(0, dot) &&
           name.table == absl::string_view(request_.table).substr(dot + 1);
  }

  absl::Status Map(const cdc::EventReader& events, const cdc::TableMapEvent& event) {
    ASSIGN_OR_RETURN(const cdc::TableMapName name, cdc::TableMap::ParseName(event.body, event.post_header_length));
    Table& table = tables_[name.table_id];
    if (!table.name.empty() && table.body == event.body) return absl::OkStatus();
    table = Table();
    table.name = absl::StrCat(name.schema, ".", name.table);
    table.wanted = Wanted(name);
    table.body = std::string(event.body);
    if (!table.wanted) return absl::OkStatus();
    const absl::Status status = Prepare(events, event, &table);
    if (absl::IsUnimplemented(status) || absl::IsFailedPrecondition(status)) {
      table.wanted = false;
      LeaveOut(events, table.name, status);
      return absl::OkStatus();
    }
    return status;
  }

  absl::Status Prepare(const cdc::EventReader& events, const cdc::TableMapEvent& event, Table* to) {
    Table& table = *to;
    const cdc::Dialect dialect = events.format().is_mariadb() ? cdc::Dialect::kMariaDb : cdc::Dialect::kMySql;
    ASSIGN_OR_RETURN(const cdc::TableMap map, cdc::TableMap::Parse(event.body, event.post_header_length, dialect));
    ASSIGN_OR_RETURN(table.decoder, cdc::RowsDecoder::CreateForAll(map, nullptr));
    for (const cdc::MappedColumn& column : map.columns) {
      table.numeric.push_back(PrintsAsNumber(column.type));
      table.sign_unknown.push_back(IsInteger(column.type) && !column.is_unsigned.has_value());
      table.bits.push_back(column.type == cdc::ColumnType::kBit ? column.length : 0);
    }
    for (const std::string& column : table.decoder->columns()) {
      std::string& key = table.keys.emplace_back();
      AppendJsonString(column, &key);
      key.append(": ");
    }
    table.counts = &counts_[table.name];
    return absl::OkStatus();
  }

  // Once for a table: it has a column that this program can't print, or whose length the log does not tell.
  void LeaveOut(const cdc::EventReader& events, const std::string& table, const absl::Status& status) {
    if (!left_out_.insert(table).second) return;
    Flush();
    err_(absl::StrCat("outbox-relay: ", path_, ": at ", events.begin().ToString(), ": the rows of ", table,
                      " are left out: ", status.message(), "\n"));
  }

  absl::Status Rows(const cdc::EventReader& events, const cdc::EventHeader& header, const cdc::RowsBody& body) {
    ASSIGN_OR_RETURN(const uint64_t id, cdc::RowsEvent::ParseTableId(body.body, body.post_header_length));
    const auto found = tables_.find(id);
    if (found == tables_.end()) {
      if (id == cdc::kDummyTableId) return absl::OkStatus();
      return absl::DataLossError(absl::StrCat("rows of table id ", id, ", which no table map has named"));
    }
    Table& table = found->second;
    if (!table.wanted || (from_.has_value() && from_->IsBehind(events.begin(), header.timestamp)) ||
        (to_.has_value() && !to_->IsBehind(events.begin(), header.timestamp))) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const cdc::RowsEvent rows,
                     cdc::RowsEvent::Parse(static_cast<uint8_t>(header.type), body.body, body.post_header_length));
    RETURN_IF_ERROR(table.decoder->Start(rows));
    while (true) {
      ASSIGN_OR_RETURN(const cdc::RowImages* row, table.decoder->Next());
      if (row == nullptr) return absl::OkStatus();
      ++table.counts->rows[static_cast<size_t>(rows.operation)];
      if (!request_.summary) PrintRow(events.begin(), header, table, rows.operation, *row);
    }
  }

  void PrintRow(const cdc::BinlogPosition& begin, const cdc::EventHeader& header, const Table& table,
                cdc::RowsOperation operation, const cdc::RowImages& row) {
    if (gtid_.empty()) {
      line_.append("{\"gtid\": null, \"file\": ");
    } else {
      absl::StrAppend(&line_, "{\"gtid\": \"", gtid_, "\", \"file\": ");
    }
    AppendJsonString(begin.file, &line_);
    if (time_text_.empty() || header.timestamp != time_) {
      time_ = header.timestamp;
      time_text_ = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(time_), absl::UTCTimeZone());
    }
    absl::StrAppend(&line_, ", \"pos\": ", begin.offset, ", \"time\": \"", time_text_, "\", \"table\": ");
    AppendJsonString(table.name, &line_);
    absl::StrAppend(&line_, ", \"op\": \"", kOperations[static_cast<size_t>(operation)], "\"");
    if (operation == cdc::RowsOperation::kUpdate) {
      line_.append(", \"before\": ");
      PrintImage(table, row.before);
    }
    line_.append(", \"row\": ");
    PrintImage(table, operation == cdc::RowsOperation::kDelete ? row.before : row.after);
    line_.append("}\n");
    if (line_.size() >= kBlock) Flush();
    if (!doubtful_) return;
    doubtful_ = false;
    SayOfSigns(begin, table.name);
  }

  // Once for a table.
  void SayOfSigns(const cdc::BinlogPosition& begin, const std::string& table) {
    if (!of_unknown_signs_.insert(table).second) return;
    Flush();
    err_(absl::StrCat("outbox-relay: ", path_, ": at ", begin.ToString(),
                      ": the log does not tell which integer columns of ", table,
                      " are UNSIGNED: their values past the signed range are printed as negative ones (mysqlbinlog -vv "
                      "prints both)\n"));
  }

  void PrintImage(const Table& table, absl::Span<const cdc::ColumnValue> values) {
    line_.push_back('{');
    bool first = true;
    for (size_t i = 0; i < values.size(); ++i) {
      const cdc::ColumnValue& value = values[i];
      if (value.state == cdc::ColumnValue::State::kAbsent) continue;
      if (!first) line_.append(", ");
      first = false;
      line_.append(table.keys[i]);
      if (value.is_null()) {
        line_.append("null");
      } else if (value.state == cdc::ColumnValue::State::kJsonDiff) {
        line_.append("{\"json_diff\": ");
        AppendJsonBase64(value.text, &line_);
        line_.push_back('}');
      } else if (table.numeric[i]) {
        line_.append(value.text.data(), value.text.size());
        doubtful_ = doubtful_ || (table.sign_unknown[i] && absl::StartsWith(value.text, "-"));
      } else if (table.bits[i] > 0) {
        AppendBits(value.text, table.bits[i]);
      } else if (!AppendJsonString(value.text, &line_)) {
        line_.append("{\"base64\": ");
        AppendJsonBase64(value.text, &line_);
        line_.push_back('}');
      }
    }
    line_.push_back('}');
  }

  // As mysqlbinlog does: whatever the bits, a text of one form.
  void AppendBits(absl::string_view bytes, uint32_t bits) {
    line_.append("\"b'");
    for (uint32_t bit = bits; bit-- > 0;) {
      const size_t from_end = bit / 8;
      const bool set =
          from_end < bytes.size() && (static_cast<uint8_t>(bytes[bytes.size() - 1 - from_end]) >> (bit % 8) & 1) != 0;
      line_.push_back(set ? '1' : '0');
    }
    line_.append("'\"");
  }

  void Flush() {
    if (!line_.empty()) out_(line_);
    line_.clear();
  }

  const DecodeRequest& request_;
  const std::optional<Bound> from_;
  const std::optional<Bound> to_;
  const TextSink& out_;
  const TextSink& err_;
  std::string path_;
  std::set<std::string> left_out_;
  std::set<std::string> of_unknown_signs_;
  // Whether the row that is being printed has a negative number that may be none.
  bool doubtful_ = false;
  absl::flat_hash_map<uint64_t, Table> tables_;
  std::map<std::string, Counts> counts_;
  std::string gtid_;
  cdc::Gtid scratch_gtid_;
  uint32_t time_ = 0;
  std::string time_text_;
  std::string line_;
};

absl::StatusOr<std::optional<Bound>> ParseBound(const std::string& text, const std::vector<std::string>& files) {
  if (text.empty()) return std::optional<Bound>();
  ASSIGN_OR_RETURN(Bound bound, Bound::Parse(text));
  if (bound.file.empty()) return std::optional<Bound>(std::move(bound));
  std::vector<absl::string_view> names;
  for (const std::string& file : files) names.push_back(cdc::FileSource::NameOf(file));
  for (const absl::string_view name : names) {
    if (cdc::AreOfOneSeries(name, bound.file)) continue;
    return absl::InvalidArgumentError(absl::StrCat("'", text, "' tells no place in ", name, ": the files given are ",
                                                   absl::StrJoin(names, ", "),
                                                   "; name one of them, or a number of the same series"));
  }
  return std::optional<Bound>(std::move(bound));
}

}  // namespace

int DecodeFiles(const DecodeRequest& request, const TextSink& out, const TextSink& err) {
  auto from = ParseBound(request.from, request.files);
  auto to = ParseBound(request.to, request.files);
  for (const auto* bound : {&from, &to}) {
    if (bound->ok()) continue;
    err(absl::StrCat("outbox-relay: ", bound == &from ? "--from: " : "--to: ", bound->status().message(), "\n"));
    return kUsageError;
  }
  Decoder decoder(request, *std::move(from), *std::move(to), out, err);
  int exit_code = 0;
  for (const std::string& file : request.files) {
    const absl::Status status = decoder.DecodeFile(file);
    if (status.ok()) continue;
    err(absl::StrCat("outbox-relay: ", status.message(), "\n"));
    exit_code = 1;
  }
  if (request.summary) decoder.PrintSummary();
  // A mistyped name would look like a log that has nothing of the table.
  if (!request.table.empty() && exit_code == 0 && !decoder.left_out() && decoder.rows() == 0) {
    err(absl::StrCat("outbox-relay: no row matched --table=", request.table, "\n"));
  }
  return decoder.left_out() ? 1 : exit_code;
}

int RunDecode(const Config& config) {
  DecodeRequest request;
  request.files = config.arguments;
  request.summary = config.decode.summary;
  request.table = config.decode.table;
  request.from = config.decode.from;
  request.to = config.decode.to;
  const auto print_to = [](std::FILE* file) {
    return [file](absl::string_view text) { std::fwrite(text.data(), 1, text.size(), file); };
  };
  const int exit_code = DecodeFiles(request, print_to(stdout), print_to(stderr));
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  std::fputs("outbox-relay: cannot write to stdout\n", stderr);
  return 1;
}

}  // namespace relay
