// SPDX-License-Identifier: Apache-2.0
//
// Rows of every type as real servers logged them, against what SELECT printed: testing/testdata/types.
#include "cdc/recorded_rows.h"

#include <map>
#include <memory>
#include <tuple>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cdc/json_diff.h"
#include "cdc/rows_decoder.h"
#include "cdc/text_buffer.h"
#include "gtest/gtest.h"

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
  for (const RecordedEvent& event : Events()) {
    if (event.type == kTableMapType) {
      const TableMap map = MapOf(event, server());
      if (map.table == "old_times") continue;  // its lengths are told by the layout alone
      absl::StatusOr<std::unique_ptr<RowsDecoder>> decoder = RowsDecoder::CreateForAll(map, nullptr);
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

// Whatever a damaged event says, it ends in an error or in rows.
void Decode(RowsDecoder& decoder, uint8_t type, absl::string_view body, uint8_t post_header_length) {
  absl::StatusOr<RowsEvent> rows = RowsEvent::Parse(type, body, post_header_length);
  if (!rows.ok() || !decoder.Start(*rows).ok()) return;
  while (true) {
    absl::StatusOr<const RowImages*> images = decoder.Next();
    if (!images.ok() || *images == nullptr) return;
  }
}

void DecodeDamagedMap(absl::string_view body, uint8_t post_header_length, const std::string& server) {
  absl::StatusOr<TableMap> map = TableMap::Parse(body, post_header_length, DialectOf(server));
  if (map.ok()) (void)RowsDecoder::CreateForAll(*map, nullptr);
}

TEST_P(RecordedRowsTest, SurviveEveryPrefixAndFlip) {
  constexpr size_t kLongest = 3000;
  std::map<uint64_t, std::unique_ptr<RowsDecoder>> decoders;
  for (const RecordedEvent& event : Events()) {
    if (event.body.size() > kLongest) continue;
    const bool is_map = event.type == kTableMapType;
    RowsDecoder* decoder = nullptr;
    if (is_map) {
      const TableMap map = MapOf(event, server());
      absl::StatusOr<std::unique_ptr<RowsDecoder>> made = RowsDecoder::CreateForAll(map, nullptr);
      ASSERT_TRUE(made.ok()) << made.status();
      decoders[map.table_id] = *std::move(made);
    } else {
      decoder = decoders.at(RowsOf(event).table_id).get();
    }
    auto decode = [&](absl::string_view body) {
      // A copy of its own, so that a sanitizer sees each byte too many.
      const std::unique_ptr<char[]> copy(new char[body.size()]);
      body.copy(copy.get(), body.size());
      const absl::string_view view(copy.get(), body.size());
      if (is_map) {
        DecodeDamagedMap(view, event.post_header_length, server());
      } else {
        Decode(*decoder, event.type, view, event.post_header_length);
      }
    };
    for (size_t length = 0; length < event.body.size(); ++length) decode(event.body.substr(0, length));
    for (size_t i = 0; i < event.body.size(); ++i) {
      for (int flip : {0x01, 0x80, 0xff}) {
        std::string damaged = event.body;
        damaged[i] = static_cast<char>(damaged[i] ^ flip);
        decode(damaged);
      }
    }
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
