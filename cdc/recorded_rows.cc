// SPDX-License-Identifier: Apache-2.0
#include "cdc/recorded_rows.h"

#include <fstream>
#include <memory>
#include <utility>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cdc/event/event.h"
#include "cdc/source/event_reader.h"
#include "cdc/source/file_source.h"
#include "glog/logging.h"

namespace cdc {
namespace {

std::string PathOf(const std::string& file) { return absl::StrCat("testing/testdata/types/", file); }

std::optional<std::string> Cell(absl::string_view text) {
  if (text == "\\N") return std::nullopt;
  std::string cell;
  CHECK(absl::CUnescape(text, &cell)) << text;
  return cell;
}

ColumnDefinition::Default DefaultKind(absl::string_view name) {
  if (name == "null") return ColumnDefinition::Default::kNull;
  if (name == "constant") return ColumnDefinition::Default::kConstant;
  return name == "none" ? ColumnDefinition::Default::kNone : ColumnDefinition::Default::kExpression;
}

}  // namespace

Golden ReadGolden(const std::string& name) {
  std::ifstream file(PathOf(name + ".golden"));
  CHECK(file) << name;
  Golden golden;
  TableLayout* layout = nullptr;
  std::string line;
  while (std::getline(file, line)) {
    std::vector<std::string> cells = absl::StrSplit(line, '\t');
    const std::pair<std::string, std::string> head = absl::StrSplit(cells[0], absl::MaxSplits(' ', 1));
    if (head.first == "table") layout = &golden.layouts[cells[1]];
    if (head.first == "column") {
      ColumnDefinition column;
      column.name = cells[1];
      column.data_type = cells[2];
      column.column_type = *Cell(cells[3]);
      column.charset = cells[4];
      column.default_kind = DefaultKind(cells[5]);
      column.default_text = cells[6];
      layout->columns.push_back(std::move(column));
    }
    if (head.first != "insert" && head.first != "update" && head.first != "delete") continue;
    RecordedRow row;
    row.table = head.second;
    row.operation = head.first == "insert"   ? RowsOperation::kInsert
                    : head.first == "update" ? RowsOperation::kUpdate
                                             : RowsOperation::kDelete;
    const size_t columns = golden.layouts[row.table].columns.size();
    size_t next = 1;
    if (row.operation != RowsOperation::kInsert) {
      for (size_t i = 0; i < columns; ++i) row.before.push_back(Cell(cells[next++]));
    }
    if (row.operation != RowsOperation::kDelete) {
      for (size_t i = 0; i < columns; ++i) row.after.push_back(Cell(cells[next++]));
    }
    golden.rows.push_back(std::move(row));
  }
  return golden;
}

std::vector<RecordedEvent> ReadRecordedEvents(const std::string& name) {
  absl::StatusOr<std::unique_ptr<FileSource>> source = FileSource::Open(PathOf(name + ".binlog"));
  CHECK(source.ok()) << source.status();
  EventReader reader(source->get(), /*verify_checksums=*/true);
  std::vector<RecordedEvent> events;
  while (true) {
    absl::StatusOr<const Event*> event = reader.Next();
    CHECK(event.ok()) << event.status();
    if (*event == nullptr) return events;
    const auto type = static_cast<uint8_t>((*event)->header.type);
    if (const auto* map = std::get_if<TableMapEvent>(&(*event)->body)) {
      events.push_back({type, map->post_header_length, std::string(map->body)});
    } else if (const auto* rows = std::get_if<RowsBody>(&(*event)->body)) {
      events.push_back({type, rows->post_header_length, std::string(rows->body)});
    }
  }
}

}  // namespace cdc
