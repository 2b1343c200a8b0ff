// SPDX-License-Identifier: Apache-2.0
//
// Random rows of every type and random JSON documents: what the decoder makes of the log must be byte for byte what a
// SELECT of the same rows prints.
//
//   OUTBOX_PROPERTY_ROWS   rows of all types together, and as many documents; default 2000
//   OUTBOX_PROPERTY_SEED   to have a failure again; default: a new one, printed
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cdc/event/text_buffer.h"
#include "cdc/source/live_source.h"
#include "cdc/source/server_connection.h"
#include "cdc/value/json_diff.h"
#include "gtest/gtest.h"
#include "testing/property/logged_rows.h"
#include "testing/property/random_columns.h"
#include "testing/property/random_json.h"
#include "testing/property/random_source.h"
#include "testing/sql_servers.h"

namespace testing_property {
namespace {

using Rows = std::vector<cdc::ServerConnection::Row>;
constexpr uint64_t kBatch = 40;
constexpr int kMostReports = 20;

uint64_t FromEnvironment(const char* name, uint64_t fallback) {
  const char* text = std::getenv(name);
  uint64_t value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : fallback;
}

uint64_t RowsAskedFor() { return FromEnvironment("OUTBOX_PROPERTY_ROWS", 2000); }

std::string Shown(const std::string& bytes) {
  const std::string cut = bytes.substr(0, 300);
  return absl::StrCat("\"", absl::CHexEscape(cut), "\" (", bytes.size(), " bytes)");
}

class DecoderPropertyTest : public testing_servers::SqlServerTest {
 protected:
  void SetUp() override {
    SqlServerTest::SetUp();
    if (IsSkipped()) return;
    address_.host = endpoint().hosts[0].host;
    address_.port = endpoint().hosts[0].port;
    address_.user = endpoint().user;
    address_.password = endpoint().password;
    absl::StatusOr<std::unique_ptr<cdc::ServerConnection>> connection = cdc::ServerConnection::Connect(address_);
    ASSERT_TRUE(connection.ok()) << connection.status();
    connection_ = *std::move(connection);
    // Until the connection ends: what a test sets globally is the server's, and each server has one test at a time.
    ASSERT_EQ(*Select("SELECT GET_LOCK('decoder_property_test', 7200)")[0][0], "1");
    Sql("SET NAMES utf8mb4");
    Sql("SET time_zone = '+00:00', sql_mode = ''");
    Sql(absl::StrCat("USE ", schema()));
    FindOutTypes();
    // MySQL since 8.0, MariaDB since 10.5.
    if (!Try("SET GLOBAL binlog_row_metadata = FULL")) by_ = {Names::kLayout};
    seed_ = FromEnvironment("OUTBOX_PROPERTY_SEED", std::random_device()());
    random_ = std::make_unique<RandomSource>(seed_);
    RecordProperty("seed", absl::StrCat(seed_));
    std::cout << "OUTBOX_PROPERTY_SEED=" << seed_ << std::endl;
  }

  // The server is others' too: what is global goes back.
  void TearDown() override {
    if (connection_ != nullptr) {
      Try("SET GLOBAL binlog_row_metadata = DEFAULT");
      if (mariadb()) Sql("SET GLOBAL log_bin_compress = DEFAULT");
      if (mariadb()) Sql("SET GLOBAL mysql56_temporal_format = DEFAULT");
    }
    SqlServerTest::TearDown();
  }

  void Sql(const std::string& sql) {
    absl::Status status = connection_->Query(sql).status();
    ASSERT_TRUE(status.ok()) << status << " of " << sql.substr(0, 1000);
  }
  // False: refused, which is no fault of a random statement.
  bool Try(const std::string& sql) {
    const absl::Status status = connection_->Query(sql).status();
    if (!status.ok()) last_refusal_ = std::string(status.message());
    return status.ok();
  }
  Rows Select(const std::string& sql) {
    absl::StatusOr<Rows> rows = connection_->Query(sql);
    EXPECT_TRUE(rows.ok()) << rows.status();
    return rows.ok() ? *std::move(rows) : Rows();
  }

  void FindOutTypes() {
    const std::string version = *Select("SELECT VERSION()")[0][0];
    int major = 0;
    int minor = 0;
    const std::vector<std::string> parts = absl::StrSplit(version, '.');
    ASSERT_TRUE(absl::SimpleAtoi(parts[0], &major) && absl::SimpleAtoi(parts[1], &minor)) << version;
    types_.mariadb = mariadb();
    types_.json = !mariadb() && (major > 5 || minor >= 7);
    types_.gb18030 = types_.json;
    types_.vectors = mariadb() ? major > 11 || (major == 11 && minor >= 7) : major >= 9;
  }

  // A log of its own for what follows.
  void MarkLog() {
    Sql("FLUSH BINARY LOGS");
    start_.file = *Select("SHOW BINARY LOGS").back()[0];
    start_.offset = 4;
  }

  std::vector<LoggedRow> Logged(const std::string& table, Names names) {
    absl::StatusOr<std::vector<LoggedRow>> rows = Read(table, names);
    EXPECT_TRUE(rows.ok()) << rows.status();
    return rows.ok() ? *std::move(rows) : std::vector<LoggedRow>();
  }

  absl::StatusOr<std::vector<LoggedRow>> Read(const std::string& table, Names names) {
    absl::StatusOr<cdc::TableLayout> layout = LayoutOf(connection_.get(), schema(), table);
    EXPECT_TRUE(layout.ok()) << layout.status();
    cdc::LiveSourceOptions options;
    options.server = address_;
    options.server_id = 4000000000u + static_cast<uint32_t>(random_->Below(100000000));
    options.start = start_;
    options.wait = false;
    absl::StatusOr<std::unique_ptr<cdc::LiveSource>> source = cdc::LiveSource::Connect(options);
    EXPECT_TRUE(source.ok()) << source.status();
    return ReadRows(source->get(), schema(), table, *layout, names);
  }

  void Compare(const std::string& where, const std::vector<LoggedCell>& logged, const cdc::ServerConnection::Row& seen,
               const std::vector<std::string>& declarations) {
    ASSERT_EQ(logged.size(), seen.size()) << where;
    for (size_t i = 0; i < seen.size(); ++i) {
      const bool same = Same(logged[i], seen[i]);
      ++compared_;
      if (same) continue;
      ++differences_;
      if (reports_ > kMostReports) continue;
      ++reports_;
      ADD_FAILURE() << where << " column " << i << " " << declarations[i] << "\n  decoded "
                    << static_cast<int>(logged[i].state) << " " << Shown(logged[i].text) << "\n  SELECT  "
                    << (seen[i] ? Shown(*seen[i]) : "NULL");
    }
  }

  static bool Same(const LoggedCell& logged, const std::optional<std::string>& seen) {
    if (!seen) return logged.state == cdc::ColumnValue::State::kNull;
    return logged.state == cdc::ColumnValue::State::kValue && logged.text == *seen;
  }

  void ExpectSameText(const std::string& decoded, const std::string& seen, const std::string& before) {
    if (decoded == seen) return;
    ++differences_;
    if (reports_++ > kMostReports) return;
    ADD_FAILURE() << "decoded " << Shown(decoded) << "\n  SELECT  " << Shown(seen) << "\n  before  " << Shown(before);
  }

  // Inserts rows by batches; what a batch is refused for, a row may be too, but its neighbours are not.
  void Insert(const std::string& table, const std::vector<std::string>& rows) {
    const std::string insert = absl::StrCat("INSERT IGNORE INTO ", table, " VALUES ");
    if (Try(absl::StrCat(insert, absl::StrJoin(rows, ", ")))) return;
    for (const std::string& row : rows) {
      if (!Try(insert + row)) ++refused_;
    }
  }

  // A row that a statement was to change.
  struct Change {
    cdc::ServerConnection::Row before;
    cdc::ServerConnection::Row after;

    bool Nothing() const { return before == after; }
  };

  // Changes some columns of some rows; what SELECT shows of these before and after each statement, in their order.
  std::vector<Change> Update(const RandomTable& table, const std::string& select) {
    std::vector<Change> changes;
    const size_t count = table.columns.size();
    for (size_t n = 0; n < 8; ++n) {
      const size_t column = n * count / 8 + random_->Below((n + 1) * count / 8 - n * count / 8);
      const std::string where = absl::StrCat(" WHERE id % 9 = ", n);
      const Rows before = Select(absl::StrCat(select, where, " ORDER BY id"));
      // Any value, and in the end one that no server refuses.
      for (int attempt = 0; attempt < 5; ++attempt) {
        const std::string value = attempt == 4 || random_->OneIn(4) ? "NULL" : table.columns[column].literal(*random_);
        if (Try(absl::StrCat("UPDATE IGNORE ", table.name, " SET c", column, " = ", value, where, " ORDER BY id")))
          break;
        EXPECT_LT(attempt, 4) << last_refusal_;
      }
      const Rows after = Select(absl::StrCat(select, where, " ORDER BY id"));
      EXPECT_EQ(before.size(), after.size());
      for (size_t i = 0; i < before.size() && i < after.size(); ++i) changes.push_back({before[i], after[i]});
    }
    return changes;
  }

  // Fills a table of these columns, then holds its inserts, updates and deletes against what SELECT said.
  void CheckTable(const RandomTable& table, uint64_t count) {
    std::vector<std::string> columns;
    std::vector<std::string> declarations = {"INT"};
    std::string create = absl::StrCat("CREATE TABLE ", table.name, " (id INT PRIMARY KEY");
    for (size_t i = 0; i < table.columns.size(); ++i) {
      columns.push_back(absl::StrCat("c", i));
      declarations.push_back(table.columns[i].declaration);
      absl::StrAppend(&create, ", c", i, " ", table.columns[i].declaration);
    }
    Sql(absl::StrCat(create, ")"));
    MarkLog();
    const uint64_t refused_before = refused_;
    for (uint64_t id = 0; id < count;) {
      std::vector<std::string> rows;
      for (; rows.size() < kBatch && id < count; ++id) {
        std::string& row = rows.emplace_back(absl::StrCat("(", id));
        for (const RandomColumn& column : table.columns) {
          absl::StrAppend(&row, ", ", random_->OneIn(12) ? "NULL" : column.literal(*random_));
        }
        row += ")";
      }
      Insert(table.name, rows);
    }
    const std::string select = absl::StrCat("SELECT id, ", absl::StrJoin(columns, ", "), " FROM ", table.name);
    const Rows inserted = Select(select + " ORDER BY id");
    const std::vector<Change> changes = Update(table, select);
    const Rows updated = Select(select + " ORDER BY id");
    Sql(absl::StrCat("DELETE FROM ", table.name, " ORDER BY id"));

    uint64_t update_count = 0;
    for (Names names : by_) {
      const std::string where =
          absl::StrCat(table.name, names == Names::kTableMap ? " by the table map" : " by the layout");
      size_t next_insert = 0;
      size_t next_change = 0;
      size_t next_delete = 0;
      for (const LoggedRow& row : Logged(table.name, names)) {
        if (row.compressed) ++compressed_;
        switch (row.operation) {
          case cdc::RowsOperation::kInsert:
            ASSERT_LT(next_insert, inserted.size());
            Compare(absl::StrCat(where, " insert"), row.after, inserted[next_insert++], declarations);
            break;
          case cdc::RowsOperation::kUpdate:
            // Rows that a statement leaves as they were need not be logged.
            while (next_change < changes.size() && changes[next_change].Nothing() &&
                   row.before[0].text != *changes[next_change].before[0]) {
              ++next_change;
            }
            ASSERT_LT(next_change, changes.size()) << where;
            Compare(absl::StrCat(where, " before update"), row.before, changes[next_change].before, declarations);
            Compare(absl::StrCat(where, " after update"), row.after, changes[next_change++].after, declarations);
            ++update_count;
            break;
          case cdc::RowsOperation::kDelete:
            ASSERT_LT(next_delete, updated.size());
            Compare(absl::StrCat(where, " delete"), row.before, updated[next_delete++], declarations);
            break;
        }
      }
      while (next_change < changes.size() && changes[next_change].Nothing()) ++next_change;
      EXPECT_EQ(next_insert, inserted.size()) << where;
      EXPECT_EQ(next_change, changes.size()) << where;
      EXPECT_EQ(next_delete, updated.size()) << where;
    }
    std::cout << table.name << ": " << inserted.size() << " rows, " << update_count / by_.size() << " updates, "
              << refused_ - refused_before << " rows refused"
              << (refused_ > refused_before ? absl::StrCat(", the last for: ", last_refusal_) : "") << std::endl;
    rows_ += inserted.size();
    EXPECT_GE(inserted.size(), count * 9 / 10) << table.name;
    EXPECT_GT(update_count, count / 4) << table.name;
  }

  ServerTypes types_;
  std::vector<Names> by_ = {Names::kTableMap, Names::kLayout};
  cdc::ServerAddress address_;
  std::unique_ptr<cdc::ServerConnection> connection_;
  std::unique_ptr<RandomSource> random_;
  cdc::BinlogPosition start_;
  uint64_t seed_ = 0;
  uint64_t rows_ = 0;
  uint64_t compared_ = 0;
  uint64_t differences_ = 0;
  uint64_t refused_ = 0;
  uint64_t compressed_ = 0;
  int reports_ = 0;
  std::string last_refusal_;
};

// What one of them has only.
class MysqlPropertyTest : public DecoderPropertyTest {};
class MariadbPropertyTest : public DecoderPropertyTest {};

TEST_P(DecoderPropertyTest, RowsOfEveryTypeAreWhatSelectPrints) {
  const std::vector<RandomTable> tables = AllTypes(types_);
  const uint64_t count = RowsAskedFor() / tables.size();
  uint64_t columns = 0;
  for (const RandomTable& table : tables) {
    CheckTable(table, count);
    columns += 1 + table.columns.size();
  }
  std::cout << rows_ << " rows, " << compared_ << " values compared, " << differences_ << " differ" << std::endl;
  EXPECT_GE(rows_, tables.size() * count * 9 / 10);
  // Each row as an insert and as a delete, by each way of names.
  EXPECT_GE(compared_, 2 * by_.size() * columns * count * 9 / 10);
  EXPECT_EQ(differences_, 0u);
}

// Whether NOBLOB leaves the column out of an image that need not have it. To MariaDB a geometry is no blob.
bool IsBlob(const cdc::ColumnDefinition& column, bool mariadb) {
  for (const char* part : {"blob", "text", "json"}) {
    if (absl::StrContains(column.data_type, part)) return true;
  }
  return !mariadb && (column.data_type == "geometry" || column.data_type == "point" || column.data_type == "vector");
}

TEST_P(DecoderPropertyTest, RowsUnderAnyImageAreWhatSelectPrints) {
  RandomTable table;
  for (const RandomTable& all : AllTypes(types_)) {
    for (size_t i = 0; i < all.columns.size(); i += 5) table.columns.push_back(all.columns[i]);
  }
  const uint64_t count = RowsAskedFor() / 20;
  for (const char* image : {"MINIMAL", "NOBLOB"}) {
    const bool minimal = std::string(image) == "MINIMAL";
    Sql(absl::StrCat("SET SESSION binlog_row_image = ", image));
    table.name = absl::StrCat("images_", absl::AsciiStrToLower(image));
    std::vector<std::string> columns;
    std::vector<std::string> declarations = {"INT"};
    std::string create = absl::StrCat("CREATE TABLE ", table.name, " (id INT PRIMARY KEY");
    for (size_t i = 0; i < table.columns.size(); ++i) {
      columns.push_back(absl::StrCat("c", i));
      declarations.push_back(table.columns[i].declaration);
      absl::StrAppend(&create, ", c", i, " ", table.columns[i].declaration);
    }
    Sql(absl::StrCat(create, ")"));
    const absl::StatusOr<cdc::TableLayout> layout = LayoutOf(connection_.get(), schema(), table.name);
    ASSERT_TRUE(layout.ok()) << layout.status();
    MarkLog();
    struct Expected {
      cdc::RowsOperation operation;
      Change row;
      std::set<size_t> named;  // by the statement; 0 is the id
    };
    std::vector<Expected> expected;
    uint64_t inserted = 0;
    for (uint64_t id = 0; id < count; ++id) {
      std::vector<std::string> given = {"id"};
      std::set<size_t> named = {0};
      std::string values = absl::StrCat(id);
      for (size_t i = 0; i < columns.size(); ++i) {
        if (random_->OneIn(2)) continue;
        given.push_back(columns[i]);
        named.insert(i + 1);
        absl::StrAppend(&values, ", ", random_->OneIn(8) ? "NULL" : table.columns[i].literal(*random_));
      }
      if (!Try(absl::StrCat("INSERT IGNORE INTO ", table.name, " (", absl::StrJoin(given, ", "), ") VALUES (", values,
                            ")"))) {
        ++refused_;
        continue;
      }
      ++inserted;
      const std::string select =
          absl::StrCat("SELECT id, ", absl::StrJoin(columns, ", "), " FROM ", table.name, " WHERE id = ", id);
      const cdc::ServerConnection::Row first = Select(select)[0];
      expected.push_back({cdc::RowsOperation::kInsert, {{}, first}, named});
      const size_t changed = random_->Below(columns.size());
      if (!Try(absl::StrCat("UPDATE IGNORE ", table.name, " SET ", columns[changed], " = ",
                            table.columns[changed].literal(*random_), " WHERE id = ", id))) {
        continue;
      }
      expected.push_back({cdc::RowsOperation::kUpdate, {first, Select(select)[0]}, {changed + 1}});
    }
    EXPECT_GE(inserted, count * 9 / 10) << last_refusal_;

    // Every cell that must be there holds what SELECT said, and no other is there.
    const auto compare = [&](const std::string& where, const std::vector<LoggedCell>& logged,
                             const cdc::ServerConnection::Row& seen, auto present) {
      ASSERT_EQ(logged.size(), seen.size()) << where;
      for (size_t i = 0; i < seen.size(); ++i) {
        const bool absent = logged[i].state == cdc::ColumnValue::State::kAbsent;
        ++compared_;
        if (present(i) ? Same(logged[i], seen[i]) : absent) continue;
        ++differences_;
        if (++reports_ > kMostReports) continue;
        ADD_FAILURE() << where << " column " << i << " " << declarations[i] << "\n  decoded "
                      << static_cast<int>(logged[i].state) << " " << Shown(logged[i].text) << "\n  SELECT  "
                      << (!present(i) ? "(not in the image)"
                          : seen[i]   ? Shown(*seen[i])
                                      : "NULL");
      }
    };
    for (const Names names : by_) {
      size_t next = 0;
      const auto skip_unless = [&](auto logged) {
        // An update that changes nothing need not be logged.
        while (next < expected.size() && expected[next].row.Nothing() && !logged(expected[next].row)) ++next;
      };
      for (const LoggedRow& row : Logged(table.name, names)) {
        skip_unless([&](const Change& change) {
          return row.operation == cdc::RowsOperation::kUpdate && row.before[0].text == *change.before[0];
        });
        ASSERT_LT(next, expected.size());
        const Expected& want = expected[next++];
        ASSERT_EQ(row.operation, want.operation) << table.name << " " << next;
        const auto written = [&](size_t i) {
          return want.named.count(i) > 0 || (!minimal && !IsBlob(layout->columns[i], mariadb()));
        };
        compare(absl::StrCat(table.name, " after"), row.after, want.row.after, written);
        if (row.operation == cdc::RowsOperation::kInsert) continue;
        compare(absl::StrCat(table.name, " before"), row.before, want.row.before,
                [&](size_t i) { return i == 0 || (!minimal && !IsBlob(layout->columns[i], mariadb())); });
      }
      skip_unless([](const Change&) { return false; });
      EXPECT_EQ(next, expected.size());
    }
    std::cout << table.name << ": " << inserted << " rows, " << expected.size() - inserted << " updates" << std::endl;
    EXPECT_GT(expected.size(), inserted + inserted / 2) << "updates";
  }
  std::cout << compared_ << " values compared, " << differences_ << " differ" << std::endl;
  EXPECT_EQ(differences_, 0u);
}

// MariaDB's JSON is a LONGTEXT: what was written, as JSON_COMPACT and the like made it.
std::string MariadbDocument(RandomSource& random) {
  const std::string text = TextLiteral(RandomJsonText(random));
  const char* const form = random.Pick({"", "", "JSON_COMPACT", "JSON_LOOSE", "JSON_DETAILED"});
  return *form == '\0' ? text : absl::StrCat(form, "(", text, ")");
}

TEST_P(DecoderPropertyTest, JsonDocumentsAreWhatSelectPrints) {
  if (!types_.json && !mariadb()) GTEST_SKIP() << "no JSON type";
  Sql("CREATE TABLE documents (id INT PRIMARY KEY, document JSON)");
  MarkLog();
  const uint64_t count = RowsAskedFor();
  // One commit for many statements, of which a refused one leaves nothing.
  for (uint64_t id = 0; id < count; ++id) {
    if (id % 500 == 0) Sql("COMMIT AND CHAIN");
    const std::string document = mariadb() ? MariadbDocument(*random_) : RandomJsonExpression(*random_);
    if (!Try(absl::StrCat("INSERT INTO documents VALUES (", id, ", ", document, ")"))) ++refused_;
  }
  Sql("COMMIT");
  const Rows seen = Select("SELECT id, document FROM documents ORDER BY id");
  uint64_t documents = 0;
  for (const auto& row : seen) documents += row[1].has_value();
  for (const Names names : by_) {
    const std::vector<LoggedRow> logged = Logged("documents", names);
    ASSERT_EQ(logged.size(), seen.size());
    for (size_t i = 0; i < seen.size(); ++i) Compare("documents", logged[i].after, seen[i], {"INT", "JSON"});
  }
  std::cout << documents << " documents, " << refused_ << " refused"
            << (refused_ > 0 ? absl::StrCat(", the last for: ", last_refusal_) : "") << ", " << differences_
            << " differ" << std::endl;
  EXPECT_GE(documents, count * 9 / 10);
  EXPECT_EQ(compared_, 2 * by_.size() * seen.size());
  EXPECT_EQ(differences_, 0u);
}

TEST_P(MysqlPropertyTest, PartialJsonUpdatesAreWhatSelectPrints) {
  if (!types_.json) GTEST_SKIP() << "older than partial updates";
  Sql("SET SESSION binlog_row_value_options = PARTIAL_JSON");
  const uint64_t count = RowsAskedFor() / 4;
  uint64_t applied = 0;
  uint64_t left_as_differences = 0;
  uint64_t from_the_end = 0;
  for (const char* image : {"FULL", "MINIMAL"}) {
    Sql(absl::StrCat("SET SESSION binlog_row_image = ", image));
    const std::string table = absl::StrCat("changes_", absl::AsciiStrToLower(image));
    Sql(absl::StrCat("CREATE TABLE ", table, " (id INT PRIMARY KEY, pad JSON, document JSON, n INT)"));
    for (uint64_t id = 0; id < count; ++id) {
      Try(absl::StrCat("INSERT INTO ", table, " VALUES (", id, ", '[1]', ", RandomJsonExpression(*random_), ", 0)"));
    }
    const Rows before = Select(absl::StrCat("SELECT id, document FROM ", table, " ORDER BY id"));
    MarkLog();
    for (const auto& row : before) {
      // A statement that names the column's old value first can be logged in part.
      Try(absl::StrCat("UPDATE ", table, " SET n = 1, document = ", RandomJsonChange(*random_, "document"),
                       " WHERE id = ", *row[0]));
    }
    const Rows after = Select(absl::StrCat("SELECT id, document FROM ", table, " ORDER BY id"));
    size_t next = 0;
    for (const LoggedRow& row : Logged(table, Names::kTableMap)) {
      const std::string& id = row.before[0].text;
      while (next < before.size() && *before[next][0] != id) ++next;
      ASSERT_LT(next, before.size());
      const LoggedCell& document = row.after[2];
      ++compared_;
      if (document.state == cdc::ColumnValue::State::kJsonDiff) {
        ++left_as_differences;
        from_the_end += absl::StrContains(document.text, "[last");
        cdc::TextBuffer text;
        absl::Status status = cdc::ApplyJsonDiffs(*before[next][1], document.text, &text);
        EXPECT_TRUE(status.ok()) << status << " of " << Shown(*before[next][1]) << " and " << Shown(document.text);
        ExpectSameText(std::string(text.view()), *after[next][1], *before[next][1]);
      } else if (document.state != cdc::ColumnValue::State::kAbsent) {
        ++applied;
        ASSERT_TRUE(after[next][1].has_value());
        ExpectSameText(document.text, *after[next][1], *before[next][1]);
      }
    }
  }
  std::cout << compared_ << " updates, " << applied << " with the document, " << left_as_differences
            << " with differences to one that the log lacks, " << from_the_end << " of them at [last] or before it"
            << std::endl;
  EXPECT_GT(applied, count / 4);
  EXPECT_GT(left_as_differences, count / 20);
  EXPECT_TRUE(from_the_end > 0 || count < 500);
  EXPECT_EQ(differences_, 0u);
}

// Columns that no statement names stand in the log all the same, and those that the server hides don't.
TEST_P(DecoderPropertyTest, GeneratedInvisibleAndInstantColumnsAreWhatSelectPrints) {
  if (by_.size() == 1) GTEST_SKIP() << "older than all of them";
  Sql(absl::StrCat(
      "CREATE TABLE odd (id INT PRIMARY KEY, a INT, virtual_sum INT GENERATED ALWAYS AS (a + id) VIRTUAL, ",
      "b VARCHAR(20), stored_text VARCHAR(50) GENERATED ALWAYS AS (CONCAT(b, '!')) STORED, ", "hidden INT ",
      mariadb() ? "INVISIBLE DEFAULT 7" : "DEFAULT 7 INVISIBLE", ", gone TEXT, c DATETIME(3))"));
  if (!mariadb()) {
    // An index over an expression and one over a JSON array have columns that nobody sees.
    Sql("ALTER TABLE odd ADD COLUMN j JSON, ADD INDEX ((a * 2)), ADD INDEX ((CAST(j->'$[*]' AS UNSIGNED ARRAY)))");
  }
  for (const char* change :
       {"ADD COLUMN late INT DEFAULT 5", "DROP COLUMN gone", "ADD COLUMN early VARCHAR(9) DEFAULT 'e' AFTER id"}) {
    // MariaDB does by itself at once what it can.
    Sql(absl::StrCat("ALTER TABLE odd ", change, mariadb() ? "" : ", ALGORITHM=INSTANT"));
  }
  const absl::StatusOr<cdc::TableLayout> layout = LayoutOf(connection_.get(), schema(), "odd");
  ASSERT_TRUE(layout.ok());
  std::vector<std::string> columns;
  for (const cdc::ColumnDefinition& column : layout->columns) columns.push_back(column.name);
  for (const char* metadata : {"FULL", mariadb() ? "NO_LOG" : "MINIMAL"}) {
    Sql(absl::StrCat("SET GLOBAL binlog_row_metadata = ", metadata));
    MarkLog();
    for (int id = 0; id < 50; ++id) {
      Sql(absl::StrCat("INSERT INTO odd (id, a, b, c) VALUES (", id, ", ", random_->SpreadBits(20), ", ",
                       TextLiteral(random_->Text(random_->Length(10))), ", '2026-11-24 01:02:03.456')"));
      if (!mariadb()) Sql(absl::StrCat("UPDATE odd SET j = '[1, ", id, "]' WHERE id = ", id));
    }
    const Rows seen = Select(absl::StrCat("SELECT ", absl::StrJoin(columns, ", "), " FROM odd ORDER BY id"));
    Sql("DELETE FROM odd");
    size_t next = 0;
    for (const LoggedRow& row : Logged("odd", metadata[0] == 'F' ? Names::kTableMap : Names::kLayout)) {
      if (row.operation != cdc::RowsOperation::kDelete) continue;
      ASSERT_LT(next, seen.size());
      // MariaDB from 11 on leaves generated columns out of a before image: absent, never wrong.
      cdc::ServerConnection::Row known = seen[next++];
      std::vector<LoggedCell> before = row.before;
      for (size_t i = 0; i < before.size(); ++i) {
        const bool generated = columns[i] == "virtual_sum" || columns[i] == "stored_text";
        if (!mariadb() || !generated || before[i].state != cdc::ColumnValue::State::kAbsent) continue;
        before[i].state = cdc::ColumnValue::State::kNull;
        known[i].reset();
      }
      Compare(absl::StrCat("odd, ", metadata), before, known, columns);
    }
    EXPECT_EQ(next, seen.size());
  }
}

// information_schema shows a question mark instead of a character past the basic plane, the log the character.
TEST_P(DecoderPropertyTest, MembersThatTheSchemaCannotShowAreToldByTheLogAlone) {
  for (const std::string charset : {"utf8mb4", "utf16", "utf16le", "utf32", "gb18030"}) {
    if (charset == "gb18030" && !types_.gb18030) continue;
    const std::string table = absl::StrCat("members_", charset);
    Sql(absl::StrCat("CREATE TABLE ", table, " (id INT PRIMARY KEY, e ENUM('a','😀','😁b') CHARACTER SET ", charset,
                     ", s SET('x','😀','😁b') CHARACTER SET ", charset, ")"));
    MarkLog();
    for (int id = 0; id < 8; ++id)
      Sql(absl::StrCat("INSERT INTO ", table, " VALUES (", id, ", ", id % 4, ", ", id, ")"));
    const Rows seen = Select(absl::StrCat("SELECT id, e, s FROM ", table, " ORDER BY id"));
    if (by_.size() == 2) {
      const std::vector<LoggedRow> rows = Logged(table, Names::kTableMap);
      ASSERT_EQ(rows.size(), seen.size());
      for (size_t i = 0; i < rows.size(); ++i) Compare(table, rows[i].after, seen[i], {"id", "e", "s"});
    }
    const absl::Status by_layout = Read(table, Names::kLayout).status();
    EXPECT_EQ(by_layout.code(), absl::StatusCode::kFailedPrecondition) << by_layout;
    EXPECT_TRUE(absl::StrContains(by_layout.message(), "column e")) << by_layout;
  }
}

TEST_P(DecoderPropertyTest, CompressedRowsAreWhatSelectPrints) {
  if (!mariadb()) {
    if (!Try("SET SESSION binlog_transaction_compression = ON")) GTEST_SKIP() << "older than compression";
  } else {
    Sql("SET GLOBAL log_bin_compress = ON");
    // The global setting is each new session's.
    absl::StatusOr<std::unique_ptr<cdc::ServerConnection>> connection = cdc::ServerConnection::Connect(address_);
    ASSERT_TRUE(connection.ok()) << connection.status();
    connection_ = *std::move(connection);
    Sql("SET NAMES utf8mb4");
    Sql("SET time_zone = '+00:00', sql_mode = ''");
    Sql(absl::StrCat("USE ", schema()));
  }
  CheckTable(AllTypes(types_)[2], RowsAskedFor() / 8);
  // Inserts and deletes; a small event may be left as it is.
  EXPECT_GT(compressed_, by_.size() * rows_);
  EXPECT_EQ(differences_, 0u);
}

// MySQL has had one format since 5.6.4.
TEST_P(MariadbPropertyTest, OldTemporalFormatsAreWhatSelectPrints) {
  Sql("SET GLOBAL mysql56_temporal_format = OFF");
  CheckTable(TemporalTypes(types_), RowsAskedFor() / 4);
  Sql("SET GLOBAL mysql56_temporal_format = ON");
  std::cout << compared_ << " values compared, " << differences_ << " differ" << std::endl;
  EXPECT_EQ(differences_, 0u);
}

INSTANTIATE_TEST_SUITE_P(Servers, DecoderPropertyTest, testing_servers::EachServer(), testing_servers::ServerName);
INSTANTIATE_TEST_SUITE_P(Servers, MysqlPropertyTest, testing::Values(testing_servers::ServerKind::kMysql),
                         testing_servers::ServerName);
INSTANTIATE_TEST_SUITE_P(Servers, MariadbPropertyTest, testing::Values(testing_servers::ServerKind::kMariadb),
                         testing_servers::ServerName);

}  // namespace
}  // namespace testing_property
