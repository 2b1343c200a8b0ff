// SPDX-License-Identifier: Apache-2.0
#include "relay/command/decode_command.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cdc/event/event_header.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "testing/event_writer.h"
#include "testing/testdata.h"

namespace relay {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing_support::EventWriter;
using testing_support::Golden;
using testing_support::ReadTestdata;
using testing_support::TestdataPath;

struct Output {
  int exit_code;
  std::string out;
  std::string err;

  size_t lines() const { return static_cast<size_t>(std::count(out.begin(), out.end(), '\n')); }
};

Output Decode(const DecodeRequest& request) {
  Output output;
  output.exit_code = DecodeFiles(
      request, [&output](absl::string_view text) { output.out.append(text.data(), text.size()); },
      [&output](absl::string_view text) { output.err.append(text.data(), text.size()); });
  return output;
}

DecodeRequest Of(absl::string_view name) {
  DecodeRequest request;
  request.files = {TestdataPath(absl::StrCat(name, ".binlog"))};
  return request;
}

std::string WriteFile(absl::string_view name, absl::string_view bytes) {
  const std::string path = absl::StrCat(testing::TempDir(), "/", name);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  return path;
}

class RecordedDecodeTest : public testing::TestWithParam<std::string> {
 protected:
  static std::string FileName() { return absl::StrCat(GetParam().substr(GetParam().rfind('/') + 1), ".binlog"); }
};

TEST_P(RecordedDecodeTest, PrintsTheGoldenRows) {
  const Output output = Decode(Of(GetParam()));
  EXPECT_EQ(output.exit_code, 0);
  EXPECT_EQ(output.err, "");
  EXPECT_EQ(output.out, Golden(GetParam() + ".jsonl", output.out));
  for (absl::string_view line : absl::StrSplit(output.out, '\n', absl::SkipEmpty())) {
    const auto object = nlohmann::json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
    ASSERT_TRUE(object.is_object()) << line;
    EXPECT_TRUE(object.contains("gtid") && object.contains("file") && object.contains("pos") &&
                object.contains("time") && object.contains("table") && object.contains("op") && object.contains("row"))
        << line;
  }
}

// Every column type, with names and without.
class RecordedTypesTest : public testing::TestWithParam<std::string> {};

TEST_P(RecordedTypesTest, PrintsTheGoldenRows) {
  const std::string name = absl::StrCat("types/", GetParam());
  const Output output = Decode(Of(name));
  EXPECT_EQ(output.out, Golden(name + ".jsonl", output.out));
  // The digits of old_times are told by the schema alone.
  const bool refused = absl::StartsWith(GetParam(), "mariadb");
  EXPECT_EQ(output.exit_code, refused ? 1 : 0);
  const bool signs = GetParam() != "mariadb_minimal";
  EXPECT_NE(absl::StrContains(output.err, "which integer columns of types.numbers are UNSIGNED"), signs) << output.err;
  EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), (refused ? 1 : 0) + (signs ? 0 : 1)) << output.err;
  if (!refused) return;
  EXPECT_THAT(output.out, Not(HasSubstr("old_times")));
  EXPECT_THAT(output.out, HasSubstr("types.partly")) << "the table behind it";
  EXPECT_THAT(output.err, HasSubstr(absl::StrCat("the rows of types.old_times are left out: column ",
                                                 GetParam() == "mariadb_full" ? "t0" : "@2",
                                                 " of types.old_times: only the schema tells how long")));
}

INSTANTIATE_TEST_SUITE_P(All, RecordedTypesTest,
                         testing::Values("mysql_full", "mysql_minimal", "mariadb_full", "mariadb_minimal"),
                         [](const testing::TestParamInfo<std::string>& info) { return info.param; });

// Where each event begins, and the end.
std::vector<size_t> Boundaries(absl::string_view log) {
  std::vector<size_t> boundaries;
  for (size_t at = 4; at < log.size();) {
    boundaries.push_back(at);
    size_t length = 0;
    for (size_t i = 4; i-- > 0;) length = length << 8 | static_cast<uint8_t>(log[at + 9 + i]);
    at += length;
  }
  boundaries.push_back(log.size());
  return boundaries;
}

// Those of its rows whose event ends at or before `offset`.
std::string RowsBefore(absl::string_view all, const std::vector<size_t>& boundaries, size_t offset) {
  std::string rows;
  for (absl::string_view line : absl::StrSplit(all, '\n', absl::SkipEmpty())) {
    const auto pos = nlohmann::json::parse(line.begin(), line.end())["pos"].get<size_t>();
    if (*std::upper_bound(boundaries.begin(), boundaries.end(), pos) <= offset) absl::StrAppend(&rows, line, "\n");
  }
  return rows;
}

// The rows before the damage, and one line that says where it is.
void ExpectRowsThenOneLine(const Output& output, const std::string& rows, const std::string& path,
                           const std::string& place) {
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_EQ(output.out, rows);
  EXPECT_THAT(output.err, StartsWith(absl::StrCat("outbox-relay: ", path, ": ", place)));
  EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1) << output.err;
  EXPECT_THAT(output.err, EndsWith("\n"));
}

TEST_P(RecordedDecodeTest, PrintsWhatStandsBeforeEveryCutThenOneLine) {
  const std::string bytes = ReadTestdata(GetParam() + ".binlog");
  const std::string all = Decode(Of(GetParam())).out;
  const std::vector<size_t> boundaries = Boundaries(bytes);
  for (size_t i = 0; i + 1 < boundaries.size(); ++i) {
    const size_t begin = boundaries[i], end = boundaries[i + 1];
    for (const size_t size : {begin, begin + 1, begin + 19, (begin + end) / 2, end - 1}) {
      SCOPED_TRACE(absl::StrCat("cut at ", size));
      DecodeRequest request;
      request.files = {WriteFile(FileName(), bytes.substr(0, size))};
      const Output output = Decode(request);
      if (size > begin) {
        ExpectRowsThenOneLine(output, RowsBefore(all, boundaries, size), request.files[0],
                              absl::StrCat("at ", FileName(), ":", begin, ": the file ends at offset ", size));
      } else {
        EXPECT_EQ(output.exit_code, 0) << output.err;
        EXPECT_EQ(output.err, "");
        EXPECT_EQ(output.out, RowsBefore(all, boundaries, size));
      }
      if (HasFailure()) return;
    }
  }
}

TEST_P(RecordedDecodeTest, PrintsWhatStandsBeforeADamagedEventThenOneLine) {
  if (absl::StrContains(GetParam(), "no_checksum")) GTEST_SKIP() << "no checksum tells";
  const std::string bytes = ReadTestdata(GetParam() + ".binlog");
  const std::string all = Decode(Of(GetParam())).out;
  const std::vector<size_t> boundaries = Boundaries(bytes);
  for (size_t i = 0; i + 1 < boundaries.size(); ++i) {
    SCOPED_TRACE(absl::StrCat("damaged at ", boundaries[i + 1] - 5));
    std::string damaged = bytes;
    damaged[boundaries[i + 1] - 5] ^= 0x40;
    DecodeRequest request;
    request.files = {WriteFile(FileName(), damaged)};
    ExpectRowsThenOneLine(Decode(request), RowsBefore(all, boundaries, boundaries[i]), request.files[0],
                          absl::StrCat("at ", FileName(), ":", boundaries[i], ": "));
    if (HasFailure()) return;
  }
}

std::vector<std::string> Fixtures() {
  std::vector<std::string> names = testing_support::RecordedBinlogs();
  names.push_back("outbox/outbox");
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, RecordedDecodeTest, testing::ValuesIn(Fixtures()),
                         [](const testing::TestParamInfo<std::string>& info) {
                           return absl::StrReplaceAll(info.param, {{"/", "_"}});
                         });

TEST(DecodeCommandTest, CountsByTableAndOperation) {
  DecodeRequest request = Of("mysql_transactions");
  request.summary = true;
  EXPECT_EQ(Decode(request).out,
            "{\"table\": \"app.kafka_outbox\", \"insert\": 8, \"update\": 6, \"delete\": 3}\n"
            "{\"table\": \"app.orders\", \"insert\": 3, \"update\": 0, \"delete\": 0}\n");
}

TEST(DecodeCommandTest, ShowsOneTable) {
  DecodeRequest request = Of("mysql_transactions");
  for (const char* table : {"orders", "app.orders"}) {
    request.table = table;
    EXPECT_EQ(Decode(request).lines(), 3u) << table;
    EXPECT_EQ(Decode(request).err, "") << table;
  }
}

TEST(DecodeCommandTest, SaysThatNoRowIsOfTheTable) {
  DecodeRequest request = Of("mysql_transactions");
  request.table = "other.orders";
  for (const bool summary : {false, true}) {
    request.summary = summary;
    const Output output = Decode(request);
    EXPECT_EQ(output.exit_code, 0);
    EXPECT_EQ(output.out, "");
    EXPECT_EQ(output.err, "outbox-relay: no row matched --table=other.orders\n");
  }
}

TEST(DecodeCommandTest, BeginsAndEndsAtPositionsAndTimes) {
  const Output all = Decode(Of("mysql_transactions"));
  const auto middle =
      nlohmann::json::parse(std::string(std::vector<std::string>(absl::StrSplit(all.out, '\n'))[all.lines() / 2]));
  const auto pos = middle["pos"].get<uint64_t>();
  for (const std::string& bound : {absl::StrCat(pos), absl::StrCat(middle["file"].get<std::string>(), ":", pos)}) {
    DecodeRequest before = Of("mysql_transactions");
    before.to = bound;
    DecodeRequest behind = Of("mysql_transactions");
    behind.from = bound;
    EXPECT_EQ(Decode(before).out + Decode(behind).out, all.out) << bound;
    EXPECT_NE(Decode(before).out, "");
    EXPECT_NE(Decode(behind).out, "");
  }
  DecodeRequest late = Of("mysql_transactions");
  late.from = "2100-01-01T00:00:00Z";
  EXPECT_EQ(Decode(late).out, "");
  late.from = "2000-01-01 00:00:00";
  EXPECT_EQ(Decode(late).out, all.out);
  late.from = "yesterday";
  EXPECT_EQ(Decode(late).exit_code, 2);
  EXPECT_THAT(Decode(late).err, HasSubstr("--from: 'yesterday' is neither a position"));
}

std::string Damaged(std::string bytes, size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
  return bytes;
}

TEST(DecodeCommandTest, ReadsNothingBehindAPositionThatItEndsAt) {
  const std::string all = Decode(Of("mysql_transactions")).out;
  const std::string bytes = ReadTestdata("mysql_transactions.binlog");
  const std::vector<size_t> boundaries = Boundaries(bytes);
  const std::string name = "mysql_transactions.binlog";
  size_t ended = 0;
  for (size_t i = 1; i + 1 < boundaries.size(); ++i) {
    DecodeRequest request;
    // Cut inside the event at boundaries[i], and damaged in it.
    for (const std::string& content : {bytes.substr(0, boundaries[i] + 10), Damaged(bytes, boundaries[i + 1] - 5)}) {
      request.files = {WriteFile(name, content)};
      for (const std::string& to : {absl::StrCat(boundaries[i]), absl::StrCat(name, ":", boundaries[i]),
                                    absl::StrCat(name, ":", boundaries[i] - 1)}) {
        SCOPED_TRACE(absl::StrCat("cut or damaged at ", boundaries[i], ", to ", to));
        request.to = to;
        const Output output = Decode(request);
        EXPECT_EQ(output.exit_code, 0);
        EXPECT_EQ(output.err, "");
        EXPECT_EQ(output.out, RowsBefore(all, boundaries, boundaries[i]));
        ended += output.out.empty() ? 0 : 1;
      }
      request.to = absl::StrCat(boundaries[i] + 1);
      EXPECT_EQ(Decode(request).exit_code, 1) << "the damage at " << boundaries[i] << " stands before it";
      // Times are not in order, so that they end nothing.
      request.to = "2001-01-01";
      EXPECT_EQ(Decode(request).exit_code, 1) << "damaged at " << boundaries[i];
      EXPECT_EQ(Decode(request).out, "");
    }
  }
  EXPECT_GT(ended, 10u);
}

TEST(DecodeCommandTest, ReadsNothingBehindAPositionThatItEndsAtInPayloadsEither) {
  const std::string all = Decode(Of("mysql_compressed")).out;
  const std::string bytes = ReadTestdata("mysql_compressed.binlog");
  const std::vector<size_t> boundaries = Boundaries(bytes);
  size_t payloads = 0;
  for (size_t i = 1; i + 1 < boundaries.size(); ++i) {
    if (static_cast<uint8_t>(bytes[boundaries[i] + 4]) == 40) ++payloads;
    SCOPED_TRACE(absl::StrCat("to ", boundaries[i]));
    DecodeRequest request;
    request.files = {WriteFile("mysql_compressed.binlog", Damaged(bytes, boundaries[i + 1] - 5))};
    request.to = absl::StrCat(boundaries[i]);
    const Output output = Decode(request);
    EXPECT_EQ(output.exit_code, 0);
    EXPECT_EQ(output.err, "");
    EXPECT_EQ(output.out, RowsBefore(all, boundaries, boundaries[i]));
    request.to = absl::StrCat(boundaries[i] + 1);
    EXPECT_EQ(Decode(request).exit_code, 1) << "the damage stands before it";
  }
  EXPECT_GT(payloads, 1u);
}

TEST(DecodeCommandTest, PlacesABoundAmongTheFilesOfASeries) {
  const std::string bytes = ReadTestdata("mysql_transactions.binlog");
  const std::string damaged = bytes.substr(0, bytes.size() - 3);
  const size_t rows = Decode(Of("mysql_transactions")).lines();
  const std::string one = WriteFile("binlog.000009", bytes);
  const std::string three = WriteFile("binlog.1000000", bytes);
  const auto lines = [&](const std::string& from, const std::string& to) {
    DecodeRequest request;
    request.files = {one, three};
    request.from = from;
    request.to = to;
    const Output output = Decode(request);
    EXPECT_EQ(output.exit_code, 0);
    EXPECT_EQ(output.err, "");
    return output.lines();
  };
  EXPECT_EQ(lines("", ""), 2 * rows);
  EXPECT_EQ(lines("binlog.000010:4", ""), rows);
  EXPECT_EQ(lines("binlog.000009:4", ""), 2 * rows);
  EXPECT_EQ(lines("binlog.1000001:4", ""), 0u);
  EXPECT_EQ(lines("", "binlog.000010:4"), rows);
  EXPECT_EQ(lines("", "binlog.000009:4"), 0u);
  EXPECT_EQ(lines("", "binlog.1000000:99999999"), 2 * rows);
  WriteFile("binlog.1000000", damaged);
  EXPECT_EQ(lines("", "binlog.000010:4"), rows) << "a file behind the bound is not read";
  EXPECT_EQ(lines("", "binlog.1000000:4"), rows);
}

TEST(DecodeCommandTest, RefusesABoundInAnotherFile) {
  const std::string bytes = ReadTestdata("mysql_transactions.binlog");
  for (const char* name : {"other.000001", "binlog.000001.bak", "binlog", "binlog.log"}) {
    for (const bool is_from : {true, false}) {
      DecodeRequest request;
      request.files = {WriteFile("binlog.000001", bytes), WriteFile("binlog.000003", bytes)};
      (is_from ? request.from : request.to) = absl::StrCat(name, ":4");
      const Output output = Decode(request);
      EXPECT_EQ(output.exit_code, 2) << name;
      EXPECT_EQ(output.out, "");
      EXPECT_EQ(output.err, absl::StrCat("outbox-relay: ", is_from ? "--from" : "--to", ": '", name,
                                         ":4' tells no place in binlog.000001: the files given are binlog.000001, "
                                         "binlog.000003; name one of them, or a number of the same series\n"));
    }
  }
  DecodeRequest request;
  request.files = {WriteFile("a.000001", bytes), WriteFile("b.000001", bytes)};
  request.from = "a.000001:4";
  EXPECT_EQ(Decode(request).exit_code, 2);
  EXPECT_THAT(Decode(request).err, HasSubstr("'a.000001:4' tells no place in b.000001"));
}

TEST(DecodeCommandTest, ReadsGzip) {
  const std::string path = absl::StrCat(testing::TempDir(), "/mysql_transactions.binlog.gz");
  const std::string bytes = ReadTestdata("mysql_transactions.binlog");
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  DecodeRequest request;
  request.files = {path};
  const Output output = Decode(request);
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_EQ(output.lines(), Decode(Of("mysql_transactions")).lines());
}

TEST(DecodeCommandTest, PrintsWhatStandsBeforeTheDamageThenOneLine) {
  const std::string bytes = ReadTestdata("mysql_full_metadata.binlog");
  const std::string whole = Decode(Of("mysql_full_metadata")).out;
  std::string damaged = bytes;
  damaged[bytes.size() - 300] = static_cast<char>(~damaged[bytes.size() - 300]);
  for (const auto& [content, message] : {std::make_pair(bytes.substr(0, bytes.size() - 300), "the file ends at offset"),
                                         std::make_pair(damaged, "wrong checksum")}) {
    DecodeRequest request;
    request.files = {WriteFile("mysql_full_metadata.binlog", content)};
    const Output output = Decode(request);
    EXPECT_EQ(output.exit_code, 1);
    EXPECT_TRUE(absl::StartsWith(whole, output.out));
    EXPECT_EQ(output.lines(), 2u);
    EXPECT_THAT(output.err, HasSubstr(message));
    EXPECT_THAT(output.err, HasSubstr(request.files[0]));
    EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1);
  }
}

// As mysqlbinlog prints them; as bytes the JSON type would change with the value.
TEST(DecodeCommandTest, PrintsBitsAsOneForm) {
  DecodeRequest request;
  request.files = {TestdataPath("types/mysql_full.binlog")};
  request.table = "numbers";
  const Output output = Decode(request);
  ASSERT_EQ(output.exit_code, 0) << output.err;
  const std::vector<std::string> lines = absl::StrSplit(output.out, '\n');
  const auto row = [&](size_t i) { return nlohmann::json::parse(lines[i])["row"]; };
  EXPECT_EQ(row(0)["bit_one"], "b'0'");
  EXPECT_EQ(row(0)["bit_nine"], "b'101010101'");
  EXPECT_EQ(row(0)["bit_all"], absl::StrCat("b'", std::string(63, '0'), "1'"));
  EXPECT_EQ(row(1)["bit_all"], absl::StrCat("b'", std::string(64, '1'), "'"));
  EXPECT_TRUE(row(3)["bit_one"].is_null());
}

std::string Fixed(uint64_t value, size_t bytes) {
  std::string text;
  for (size_t i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
  return text;
}

// (id TINYINT UNSIGNED) as MariaDB logs it by default, and MySQL before 8.0.
std::string MapWithoutSigns(EventWriter& w, absl::string_view table) {
  return w.Event(cdc::EventType::kTableMap, absl::StrCat(Fixed(table.back(), 6), Fixed(1, 2), Fixed(3, 1), "app",
                                                         Fixed(0, 1), Fixed(table.size(), 1), table, Fixed(0, 1),
                                                         Fixed(1, 1), Fixed(1, 1), Fixed(0, 1), Fixed(0, 1)));
}

std::string InsertBytes(EventWriter& w, absl::string_view table, const std::vector<uint8_t>& values) {
  std::string body = absl::StrCat(Fixed(table.back(), 6), Fixed(1, 2), Fixed(2, 2), Fixed(1, 1), Fixed(1, 1));
  for (const uint8_t value : values) absl::StrAppend(&body, Fixed(0, 1), Fixed(value, 1));
  return w.Event(cdc::EventType::kWriteRows, body);
}

TEST(DecodeCommandTest, SaysOnceOfATableThatItsNegativeNumbersMayBeNone) {
  EventWriter w;
  const std::string bytes = absl::StrCat(
      "\xFE"
      "bin",
      w.FormatDescription(), w.Gtid(1), w.Query("BEGIN"), MapWithoutSigns(w, "t"), MapWithoutSigns(w, "u"),
      InsertBytes(w, "u", {0, 1, 127}), InsertBytes(w, "t", {127, 255, 128}), InsertBytes(w, "t", {254}),
      w.TableMap(9, "v"), w.Insert(9, {{0xFFFFFFFF, "-1"}}), w.Xid());
  DecodeRequest request;
  request.files = {WriteFile("without_signs", bytes)};
  Output output = Decode(request);
  EXPECT_EQ(output.exit_code, 0);
  EXPECT_EQ(output.lines(), 8u) << output.out;
  EXPECT_THAT(output.out, HasSubstr("{\"@1\": -1}"));
  EXPECT_THAT(output.out, HasSubstr("{\"id\": -1, \"text\": \"-1\"}")) << "signed, as the log tells";
  EXPECT_THAT(output.err, HasSubstr("the log does not tell which integer columns of app.t are UNSIGNED"));
  EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1) << output.err;
  EXPECT_THAT(output.err, EndsWith("\n"));
  request.summary = true;
  EXPECT_EQ(Decode(request).err, "") << "no number is printed";
}

TEST(DecodeCommandTest, LeavesOutATableWithAColumnThatItCannotPrint) {
  EventWriter w;
  std::string bytes = absl::StrCat(
      "\xFE"
      "bin",
      w.FormatDescription());
  std::string map = w.TableMap(9, "t");
  // The type of its first column: behind the header, id, flags, "app", "t" and the number of columns.
  const size_t type = 19 + 8 + 5 + 3 + 1;
  ASSERT_EQ(map[type], 3);
  map[type] = 20;
  // Its checksum is not right any more.
  absl::StrAppend(&bytes, w.Gtid(1), w.Query("BEGIN"));
  absl::StrAppend(&bytes, w.Event(cdc::EventType::kTableMap, map.substr(19, map.size() - 19 - 4)));
  absl::StrAppend(&bytes, w.Insert(9, {{1, "a"}}), w.TableMap(10, "u"), w.Insert(10, {{2, "b"}}), w.Xid());
  DecodeRequest request;
  request.files = {WriteFile("typed_array", bytes)};
  const Output output = Decode(request);
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_EQ(output.lines(), 1u) << output.out;
  EXPECT_THAT(output.out, HasSubstr("\"table\": \"app.u\""));
  EXPECT_THAT(output.err, HasSubstr("the rows of app.t are left out: "));
  EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1);
}

TEST(DecodeCommandTest, SaysWhyAFileCannotBeRead) {
  DecodeRequest request;
  request.files = {"/nowhere/binlog.000001", WriteFile("text", "hello"),
                   WriteFile("encrypted",
                             "\xFD"
                             "bin…"),
                   TestdataPath("mysql_rotated.binlog")};
  const Output output = Decode(request);
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_THAT(output.err, HasSubstr("/nowhere/binlog.000001: No such file"));
  EXPECT_THAT(output.err, HasSubstr("/text: no binlog file"));
  EXPECT_THAT(output.err, HasSubstr("/encrypted: the file is encrypted"));
  EXPECT_EQ(output.lines(), 1u);
}

}  // namespace
}  // namespace relay
