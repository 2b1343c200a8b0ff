// SPDX-License-Identifier: Apache-2.0
#include "cdc/transaction_buffer.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

using Values = std::vector<ColumnValue>;

ColumnValue Text(absl::string_view text) { return {ColumnValue::State::kValue, text}; }
const ColumnValue kAbsent{ColumnValue::State::kAbsent, {}};
const ColumnValue kNull{ColumnValue::State::kNull, {}};

std::string ToText(absl::Span<const ColumnValue> values) {
  std::string out;
  for (const ColumnValue& value : values) {
    absl::StrAppend(&out, out.empty() ? "" : ",",
                    value.is_null()     ? "NULL"
                    : value.has_value() ? absl::StrCat("'", value.text, "'")
                                        : std::string("-"));
  }
  return out;
}

std::vector<std::string> Rows(TransactionBuffer* buffer) {
  std::vector<std::string> out;
  buffer->RewindRows();
  while (true) {
    auto row = buffer->NextRow();
    EXPECT_TRUE(row.ok()) << row.status();
    if (!row.ok() || *row == nullptr) return out;
    const char* const kinds[] = {"+", "~", "-"};
    out.push_back(absl::StrCat((*row)->table, kinds[static_cast<int>((*row)->kind)], ToText((*row)->before), ">",
                               ToText((*row)->after)));
  }
}

TEST(TransactionBufferTest, KeepsColumnsThatAnUpdateLeavesOut) {
  TransactionBuffer buffer({0}, 1 << 20, testing::TempDir());
  ASSERT_TRUE(buffer.Add(RowChange::Kind::kInsert, 0, {}, Values{Text("1"), Text("a"), kNull}).ok());
  ASSERT_TRUE(
      buffer.Add(RowChange::Kind::kUpdate, 0, Values{Text("1"), kAbsent, kAbsent}, Values{kAbsent, kAbsent, Text("c")})
          .ok());
  ASSERT_TRUE(
      buffer.Add(RowChange::Kind::kUpdate, 0, Values{Text("1"), kAbsent, kAbsent}, Values{kAbsent, kNull, kAbsent})
          .ok());
  EXPECT_EQ(Rows(&buffer), std::vector<std::string>{"0+>'1',NULL,'c'"});
  EXPECT_EQ(buffer.row_count(), 1u);
}

// A decoder leaves the view of an earlier row behind a NULL: here it points nowhere.
TEST(TransactionBufferTest, LooksAtNoTextOfNullAndAbsentValues) {
  TransactionBuffer buffer({0}, 1 << 20, testing::TempDir());
  const absl::string_view nowhere(reinterpret_cast<const char*>(8), 100);
  const ColumnValue null{ColumnValue::State::kNull, nowhere}, absent{ColumnValue::State::kAbsent, nowhere};
  ASSERT_TRUE(buffer.Add(RowChange::Kind::kInsert, 0, {}, Values{Text("1"), null, absent}).ok());
  ASSERT_TRUE(
      buffer.Add(RowChange::Kind::kUpdate, 0, Values{Text("1"), null, absent}, Values{absent, absent, null}).ok());
  EXPECT_EQ(Rows(&buffer), std::vector<std::string>{"0+>'1',NULL,NULL"});
}

TEST(TransactionBufferTest, TellsTablesApart) {
  TransactionBuffer buffer({0, 0, TransactionBuffer::kNoKey}, 1 << 20, testing::TempDir());
  for (size_t table = 0; table < 3; ++table) {
    ASSERT_TRUE(buffer.Add(RowChange::Kind::kInsert, table, {}, Values{Text("1"), Text("a")}).ok());
  }
  for (size_t table = 1; table < 3; ++table) {
    ASSERT_TRUE(
        buffer.Add(RowChange::Kind::kUpdate, table, Values{Text("1"), Text("a")}, Values{Text("1"), Text("b")}).ok());
  }
  EXPECT_EQ(Rows(&buffer), (std::vector<std::string>{"0+>'1','a'", "1+>'1','b'", "2+>'1','a'", "2~'1','a'>'1','b'"}));
}

// Each of many savepoints costs what stands behind it, not what stands before.
TEST(TransactionBufferTest, RollsBackToManySavepointsWithoutLookingAtAllRowsAgain) {
  constexpr uint64_t kRows = 2000;
  for (const size_t limit : {size_t{1} << 20, size_t{1000}}) {
    TransactionBuffer buffer({0}, limit, testing::TempDir());
    for (uint64_t i = 0; i < kRows; ++i) {
      ASSERT_TRUE(buffer.Add(RowChange::Kind::kInsert, 0, {}, Values{Text(absl::StrCat(i)), Text("a")}).ok());
    }
    for (uint64_t i = 0; i < kRows; ++i) {
      const std::string key = absl::StrCat(i), other = absl::StrCat("other ", i);
      const TransactionBuffer::Mark mark = buffer.mark();
      ASSERT_TRUE(
          buffer.Add(RowChange::Kind::kUpdate, 0, Values{Text(key), kAbsent}, Values{Text(other), Text("b")}).ok());
      ASSERT_TRUE(buffer.Add(RowChange::Kind::kInsert, 0, {}, Values{Text(key), Text("b")}).ok());
      ASSERT_TRUE(buffer.TruncateTo(mark).ok());
    }
    EXPECT_LT(buffer.records_read(), 40 * kRows);
    ASSERT_TRUE(buffer.Add(RowChange::Kind::kUpdate, 0, Values{Text("7"), kAbsent}, Values{kAbsent, Text("c")}).ok());
    const std::vector<std::string> rows = Rows(&buffer);
    ASSERT_EQ(rows.size(), kRows);
    EXPECT_EQ(rows[6], "0+>'6','a'");
    EXPECT_EQ(rows[7], "0+>'7','c'");
  }
}

// A plain model beside it, whatever is in memory and whatever on disk.
class TransactionBufferModelTest : public testing::TestWithParam<size_t> {};

TEST_P(TransactionBufferModelTest, AgreesWithAPlainModel) {
  uint32_t random = 99;
  const auto next = [&random](uint32_t below) {
    random = random * 1664525 + 1013904223;
    return (random >> 8) % below;
  };
  TransactionBuffer buffer({0}, GetParam(), testing::TempDir());
  for (int round = 0; round < 60; ++round) {
    struct Row {
      std::string key, text, shown;
      bool insert;
      bool gone = false;           // deleted, as far as another row has its key
      std::set<std::string> keys;  // all that it ever had
    };
    std::vector<Row> model;
    std::vector<std::vector<Row>> saved;
    std::vector<TransactionBuffer::Mark> marks;
    const auto insert_of = [&model](const std::string& key) -> Row* {
      for (Row& row : model) {
        if (row.insert && !row.gone && row.key == key) return &row;
      }
      return nullptr;
    };
    const auto was_of_an_insert = [&model](const std::string& key) {
      for (const Row& row : model) {
        if (row.keys.contains(key)) return true;
      }
      return false;
    };
    for (uint32_t step = 0; step < 80; ++step) {
      const std::string key = absl::StrCat(next(12));
      const std::string text(next(40), static_cast<char>('a' + step % 26));
      switch (next(8)) {
        case 0:
        case 1:
        case 2:
          if (Row* row = insert_of(key)) row->gone = true;
          ASSERT_TRUE(buffer.Add(RowChange::Kind::kInsert, 0, {}, Values{Text(key), Text(text)}).ok());
          model.push_back({key, text, "", true, false, {key}});
          break;
        case 3:
        case 4: {
          Row* const row = insert_of(key);
          // No table has a row of this key.
          if (row == nullptr && was_of_an_insert(key)) break;
          const std::string to = row != nullptr && next(2) == 0 ? absl::StrCat(next(12)) : key;
          ASSERT_TRUE(
              buffer.Add(RowChange::Kind::kUpdate, 0, Values{Text(key), kAbsent}, Values{Text(to), Text(text)}).ok());
          if (row != nullptr) {
            Row* const other = insert_of(to);
            if (other != nullptr && other != row) other->gone = true;
            row->key = to;
            row->text = text;
            row->keys.insert(to);
          } else {
            model.push_back({"", "", absl::StrCat("0~'", key, "',->'", to, "','", text, "'"), false, false, {}});
          }
          break;
        }
        case 5:
          ASSERT_TRUE(buffer.Add(RowChange::Kind::kDelete, 0, Values{Text("d"), Text(text)}, {}).ok());
          model.push_back({"", "", absl::StrCat("0-'d','", text, "'>"), false, false, {}});
          break;
        case 6:
          marks.push_back(buffer.mark());
          saved.push_back(model);
          break;
        case 7:
          if (marks.empty() || next(2) == 0) break;
          ASSERT_TRUE(buffer.TruncateTo(marks.back()).ok());
          model = saved.back();
          break;
      }
    }
    if (round % 3 == 0) {
      ASSERT_TRUE(buffer.ReleaseMemory().ok());
    }
    std::vector<std::string> expected;
    for (const Row& row : model) {
      expected.push_back(row.insert ? absl::StrCat("0+>'", row.key, "','", row.text, "'") : row.shown);
    }
    ASSERT_EQ(Rows(&buffer), expected) << "round " << round;
    ASSERT_EQ(Rows(&buffer), expected) << "round " << round << ", again";
    EXPECT_EQ(buffer.row_count(), expected.size());
    buffer.Clear();
  }
}

INSTANTIATE_TEST_SUITE_P(Limits, TransactionBufferModelTest, testing::Values(1, 1000, 3000, 1 << 20));

}  // namespace
}  // namespace cdc
