// SPDX-License-Identifier: Apache-2.0
//
// Rows of every type as real servers logged them, against what SELECT printed: testing/testdata/types.
#include "cdc/recorded_rows.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cdc/event/text_buffer.h"
#include "cdc/value/json_diff.h"
#include "cdc/value/rows_decoder.h"
#include "gtest/gtest.h"
#include "testing/counting_allocator.h"

namespace cdc {
namespace {

constexpr uint8_t kTableMapType = 19;

Dialect DialectOf(const std::string& server) { return server == "mysql" ? Dialect::kMySql : Dialect::kMariaDb; }

TableMap MapOf(const RecordedEvent& event, const std::string& server) {
  absl::StatusOr<TableMap> map = TableMap::Parse(event.body, event.post_header_length, DialectOf(server));
  EXPECT_TRUE(map.ok()) << map.status();
  return map.ok() ? *map : TableMap();
}

RowsEvent RowsOf(const RecordedEvent& event) {
  absl::StatusOr<RowsEvent> rows = RowsEvent::Parse(event.type, event.body, event.post_header_length);
  EXPECT_TRUE(rows.ok()) << rows.status();
  return rows.ok() ? *rows : RowsEvent();
}

std::vector<std::string> NamesOf(const TableLayout& layout) {
  std::vector<std::string> names;
  for (const ColumnDefinition& column : layout.columns) names.push_back(column.name);
  return names;
}

class RecordedRowsTest : public ::testing::TestWithParam<std::tuple<const char*, const char*>> {
 protected:
  std::string server() const { return std::get<0>(GetParam()); }
  std::string metadata() const { return std::get<1>(GetParam()); }
  std::vector<RecordedEvent> Events() const { return ReadRecordedEvents(absl::StrCat(server(), "_", metadata())); }

  // Calls visit(golden row, images) for each row.
  template <typename Visit>
  void ForEachRow(const Golden& golden, Visit visit) {
    std::map<uint64_t, std::unique_ptr<RowsDecoder>> decoders;
    size_t next = 0;
    for (const RecordedEvent& event : Events()) {
      if (event.type == kTableMapType) {
        const TableMap map = MapOf(event, server());
        const TableLayout& layout = golden.layouts.at(map.table);
        absl::StatusOr<std::unique_ptr<RowsDecoder>> decoder = RowsDecoder::Create(map, &layout, NamesOf(layout));
        ASSERT_TRUE(decoder.ok()) << decoder.status();
        decoders[map.table_id] = *std::move(decoder);
        continue;
      }
      const RowsEvent rows = RowsOf(event);
      RowsDecoder& decoder = *decoders.at(rows.table_id);
      ASSERT_TRUE(decoder.Start(rows).ok());
      while (true) {
        absl::StatusOr<const RowImages*> images = decoder.Next();
        ASSERT_TRUE(images.ok()) << images.status();
        if (*images == nullptr) break;
        ASSERT_LT(next, golden.rows.size());
        EXPECT_EQ(rows.operation, golden.rows[next].operation);
        visit(golden.rows[next], **images);
        ++next;
      }
    }
    EXPECT_EQ(next, golden.rows.size());
  }
};

void ExpectSame(const std::string& where, absl::Span<const ColumnValue> decoded,
                const std::vector<std::optional<std::string>>& seen, const TableLayout& layout) {
  ASSERT_EQ(decoded.size(), seen.size()) << where;
  for (size_t i = 0; i < seen.size(); ++i) {
    if (decoded[i].state == ColumnValue::State::kAbsent || decoded[i].state == ColumnValue::State::kJsonDiff) continue;
    EXPECT_EQ(decoded[i].is_null(), !seen[i].has_value()) << where << layout.columns[i].name;
    if (!seen[i]) continue;
    EXPECT_EQ(absl::CHexEscape(decoded[i].text), absl::CHexEscape(*seen[i])) << where << layout.columns[i].name;
  }
}

TEST_P(RecordedRowsTest, AreWhatSelectPrints) {
  const Golden golden = ReadGolden(server());
  ForEachRow(golden, [&](const RecordedRow& row, const RowImages& images) {
    const TableLayout& layout = golden.layouts.at(row.table);
    ExpectSame(absl::StrCat(row.table, " before ", row.before.empty() ? "" : *row.before[0], " "), images.before,
               row.before, layout);
    ExpectSame(absl::StrCat(row.table, " after ", row.after.empty() ? "" : *row.after[0], " "), images.after, row.after,
               layout);
  });
}

TEST_P(RecordedRowsTest, OnlyWhatTheServerAloneKnowsIsAbsent) {
  const Golden golden = ReadGolden(server());
  ForEachRow(golden, [&](const RecordedRow& row, const RowImages& images) {
    const TableLayout& layout = golden.layouts.at(row.table);
    for (size_t i = 0; i < images.after.size(); ++i) {
      if (images.after[i].state != ColumnValue::State::kAbsent) continue;
      EXPECT_EQ(row.table, "partly") << layout.columns[i].name;
      if (row.operation != RowsOperation::kInsert) continue;
      EXPECT_EQ(layout.columns[i].default_kind, ColumnDefinition::Default::kExpression) << layout.columns[i].name;
    }
  });
}

TEST_P(RecordedRowsTest, DifferencesApplyToTheDocumentThatTheLogLacks) {
  const Golden golden = ReadGolden(server());
  int applied = 0;
  ForEachRow(golden, [&](const RecordedRow& row, const RowImages& images) {
    for (size_t i = 0; i < images.after.size(); ++i) {
      if (images.after[i].state != ColumnValue::State::kJsonDiff) continue;
      TextBuffer text;
      ASSERT_TRUE(ApplyJsonDiffs(*row.before[i], images.after[i].text, &text).ok());
      EXPECT_EQ(text.view(), *row.after[i]);
      ++applied;
    }
  });
  EXPECT_EQ(applied, server() == "mysql" ? 1 : 0);
}

TEST_P(RecordedRowsTest, AreReadWithoutALayoutToo) {
  std::map<uint64_t, std::unique_ptr<RowsDecoder>> decoders;
  size_t rows_read = 0;
  size_t refused = 0;
  for (const RecordedEvent& event : Events()) {
    if (event.type == kTableMapType) {
      const TableMap map = MapOf(event, server());
      absl::StatusOr<std::unique_ptr<RowsDecoder>> decoder = RowsDecoder::CreateForAll(map, nullptr);
      if (map.table == "old_times") {
        EXPECT_EQ(decoder.status().code(), absl::StatusCode::kFailedPrecondition) << decoder.status();
        EXPECT_NE(decoder.status().message().find("of types.old_times: only the schema tells how long"),
                  std::string::npos)
            << decoder.status();
        ++refused;
        continue;
      }
      ASSERT_TRUE(decoder.ok()) << decoder.status();
      EXPECT_EQ((*decoder)->columns()[0], metadata() == "full" ? "id" : "@1");
      decoders[map.table_id] = *std::move(decoder);
      continue;
    }
    const RowsEvent rows = RowsOf(event);
    auto decoder = decoders.find(rows.table_id);
    if (decoder == decoders.end()) continue;
    ASSERT_TRUE(decoder->second->Start(rows).ok());
    while (true) {
      absl::StatusOr<const RowImages*> images = decoder->second->Next();
      ASSERT_TRUE(images.ok()) << images.status();
      if (*images == nullptr) break;
      ++rows_read;
    }
  }
  EXPECT_GT(rows_read, 15u);
  EXPECT_EQ(refused > 0, server() == "mariadb");
}

TEST_P(RecordedRowsTest, AreRefusedWithoutNames) {
  for (const RecordedEvent& event : Events()) {
    if (event.type != kTableMapType) continue;
    const TableMap map = MapOf(event, server());
    absl::Status status = RowsDecoder::Create(map, nullptr, {"id"}).status();
    if (metadata() == "full") {
      EXPECT_TRUE(status.ok()) << status;
      continue;
    }
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(status.message().find("binlog_row_metadata=FULL"), std::string::npos) << status;
  }
}

// What a decoder makes of an event: each row as text, and how it ended.
struct DecodedRows {
  std::vector<std::string> rows;
  absl::Status status;
};

DecodedRows Decode(RowsDecoder& decoder, uint8_t type, absl::string_view body, uint8_t post_header_length) {
  DecodedRows result;
  absl::StatusOr<RowsEvent> rows = RowsEvent::Parse(type, body, post_header_length);
  result.status = rows.ok() ? decoder.Start(*rows) : rows.status();
  while (result.status.ok()) {
    absl::StatusOr<const RowImages*> images = decoder.Next();
    result.status = images.status();
    if (!images.ok() || *images == nullptr) break;
    std::string& text = result.rows.emplace_back();
    for (const absl::Span<const ColumnValue> image : {(*images)->before, (*images)->after}) {
      for (const ColumnValue& value : image) {
        absl::StrAppend(&text, static_cast<int>(value.state), "\n");
        if (value.state == ColumnValue::State::kValue || value.state == ColumnValue::State::kJsonDiff) {
          absl::StrAppend(&text, value.text.size(), " ", value.text, "\n");
        }
      }
      text += "\n";
    }
  }
  return result;
}

bool BeginsWith(const std::vector<std::string>& rows, const std::vector<std::string>& whole, size_t count) {
  return rows.size() >= count && whole.size() >= count &&
         std::equal(whole.begin(), whole.begin() + count, rows.begin());
}

// Calls visit(bytes, place) with copies of `body` that no byte follows, so that a sanitizer sees each byte too many:
// each prefix, then each damaged byte. Of long bodies a thousand places. Each may allocate what the bytes back.
template <typename Cut, typename Damage>
void CutAndDamage(const std::string& body, Cut cut, Damage damage) {
  constexpr size_t kLongest = 3000;
  constexpr uint64_t kBuffers = 1 << 20;
  const auto visit_copy = [](absl::string_view bytes, size_t place, auto visit) {
    const std::unique_ptr<char[]> copy(new char[bytes.size()]);
    bytes.copy(copy.get(), bytes.size());
    testing_support::ResetPeak();
    const uint64_t before = testing_support::LiveBytes();
    visit(absl::string_view(copy.get(), bytes.size()), place);
    ASSERT_LE(testing_support::PeakBytes() - before, 2 * bytes.size() + kBuffers) << "at " << place;
  };
  const size_t step = body.size() <= kLongest ? 1 : body.size() / 1000;
  for (size_t i = 0; i < body.size(); i += i < 300 ? 1 : step) {
    visit_copy(absl::string_view(body).substr(0, i), i, cut);
  }
  for (size_t i = 0; i < body.size(); i += i < 300 ? 1 : step) {
    for (int flip : {0x01, 0x80, 0xff}) {
      std::string damaged = body;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      visit_copy(damaged, i, damage);
    }
  }
}

// A map that was cut among its optional metadata is one without them; nothing else may differ.
void DecodeDamagedMaps(const RecordedEvent& event, const std::string& server) {
  const TableMap whole = MapOf(event, server);
  const auto parse = [&](absl::string_view body) {
    absl::StatusOr<TableMap> map = TableMap::Parse(body, event.post_header_length, DialectOf(server));
    if (map.ok()) (void)RowsDecoder::CreateForAll(*map, nullptr);
    return map;
  };
  size_t refused = 0;
  CutAndDamage(
      event.body,
      [&](absl::string_view body, size_t place) {
        const absl::StatusOr<TableMap> map = parse(body);
        if (!map.ok()) {
          ++refused;
          ASSERT_EQ(map.status().code(), absl::StatusCode::kDataLoss) << map.status();
          return;
        }
        ASSERT_EQ(map->table_id, whole.table_id) << "cut at " << place;
        ASSERT_EQ(map->table, whole.table) << "cut at " << place;
        ASSERT_EQ(map->columns.size(), whole.columns.size()) << "cut at " << place;
        for (size_t i = 0; i < whole.columns.size(); ++i) ASSERT_EQ(map->columns[i].type, whole.columns[i].type);
      },
      [&](absl::string_view body, size_t) { (void)parse(body); });
  EXPECT_GT(refused, whole.columns.size());
}

void DecodeDamagedRows(const RecordedEvent& event, RowsDecoder& decoder) {
  const DecodedRows whole = Decode(decoder, event.type, event.body, event.post_header_length);
  ASSERT_TRUE(whole.status.ok()) << whole.status;
  ASSERT_FALSE(whole.rows.empty());
  std::map<size_t, size_t> complete;  // rows in the first bytes of the event
  size_t clean = 0;
  CutAndDamage(
      event.body,
      [&](absl::string_view body, size_t place) {
        const DecodedRows result = Decode(decoder, event.type, body, event.post_header_length);
        ASSERT_TRUE(BeginsWith(whole.rows, result.rows, result.rows.size())) << "cut at " << place;
        ASSERT_LT(result.rows.size(), whole.rows.size()) << "cut at " << place;
        // Between two rows nobody can tell.
        if (result.status.ok()) ++clean;
        if (!complete.empty()) {
          ASSERT_GE(result.rows.size(), complete.rbegin()->second) << "cut at " << place;
        }
        complete[place] = result.rows.size();
      },
      [&](absl::string_view body, size_t place) {
        const DecodedRows result = Decode(decoder, event.type, body, event.post_header_length);
        ASSERT_TRUE(BeginsWith(result.rows, whole.rows, complete.at(place))) << "damaged at " << place;
      });
  EXPECT_LE(clean, whole.rows.size());
}

TEST_P(RecordedRowsTest, StandBeforeEveryCutAndDamagedByte) {
  const Golden golden = ReadGolden(server());
  std::map<uint64_t, std::unique_ptr<RowsDecoder>> decoders;
  for (const RecordedEvent& event : Events()) {
    if (event.type != kTableMapType) {
      DecodeDamagedRows(event, *decoders.at(RowsOf(event).table_id));
      if (HasFatalFailure()) return;
      continue;
    }
    DecodeDamagedMaps(event, server());
    if (HasFatalFailure()) return;
    const TableMap map = MapOf(event, server());
    absl::StatusOr<std::unique_ptr<RowsDecoder>> made = RowsDecoder::CreateForAll(map, &golden.layouts.at(map.table));
    ASSERT_TRUE(made.ok()) << made.status();
    decoders[map.table_id] = *std::move(made);
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, RecordedRowsTest,
                         ::testing::Combine(::testing::Values("mysql", "mariadb"),
                                            ::testing::Values("full", "minimal")),
                         [](const auto& info) {
                           return absl::StrCat(std::get<0>(info.param), "_", std::get<1>(info.param));
                         });

}  // namespace
}  // namespace cdc
