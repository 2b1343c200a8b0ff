// SPDX-License-Identifier: Apache-2.0
//
// A log with a transaction that takes it past 4 GiB, where offsets in headers go round, and transactions behind it in
// the same file, as a MySQL 9.7 wrote them when others committed while the large one was being written. The rows of the
// large transaction are a hole in the file, and so cost neither disk nor the writing.
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cdc/event/binlog_position.h"
#include "cdc/event/event_header.h"
#include "cdc/source/event_source.h"
#include "cdc/source/file_source.h"
#include "cdc/transaction_reader.h"
#include "gtest/gtest.h"
#include "testing/event_writer.h"

namespace cdc {
namespace {

using testing_support::EventWriter;

constexpr uint64_t kLine = uint64_t{1} << 32;
constexpr size_t kFiller = 1024 * 1024;
constexpr char kName[] = "binlog.000007";

// An event whose last bytes are zeros.
struct Piece {
  std::string head;
  size_t zeros = 0;
};

struct LargeLog {
  std::vector<Piece> pieces;
  // Where each transaction with rows of app.t begins and ends, and its one id.
  struct Expected {
    uint64_t begin;
    uint64_t end;
    std::string id;
  };
  std::vector<Expected> expected;
  uint64_t size = 0;
};

LargeLog MakeLog() {
  EventWriter w(/*checksums=*/false);
  LargeLog log;
  uint32_t gtid = 0;
  const auto add = [&log](const std::string& event) { log.pieces.push_back({event, 0}); };
  const auto small = [&](uint32_t id) {
    const uint64_t begin = w.offset;
    add(w.Gtid(++gtid));
    add(w.Query("BEGIN"));
    add(w.TableMap(9, "t"));
    add(w.Insert(9, {{id, "small"}}));
    add(w.Xid());
    log.expected.push_back({begin, w.offset, absl::StrCat(id)});
  };
  add(w.FormatDescription());
  small(1);
  const uint64_t begin = w.offset;
  add(w.Gtid(++gtid));
  add(w.Query("BEGIN"));
  add(w.TableMap(8, "foreign"));
  const std::string filler = w.Event(
      EventType::kWriteRows, absl::StrCat(absl::string_view("\x08\0\0\0\0\0\0\0", 8), std::string(kFiller, '\0')));
  w.offset -= filler.size();
  while (w.offset < kLine + kFiller) {
    w.offset += filler.size();
    std::string head = filler.substr(0, kEventHeaderSize + 8);
    for (int i = 0; i < 4; ++i) head[13 + i] = static_cast<char>(w.offset >> 8 * i);
    log.pieces.push_back({head, filler.size() - head.size()});
  }
  add(w.TableMap(9, "t"));
  add(w.Insert(9, {{2, "at the end of the large one"}}));
  add(w.Xid());
  log.expected.push_back({begin, w.offset, "2"});
  small(3);
  small(4);
  log.size = w.offset;
  return log;
}

std::string WriteSparse(const LargeLog& log) {
  const std::string path = absl::StrCat(testing::TempDir(), "/", kName);
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  EXPECT_GE(fd, 0);
  uint64_t at = 0;
  const auto put = [&](absl::string_view bytes) {
    EXPECT_EQ(pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at)), static_cast<ssize_t>(bytes.size()));
    at += bytes.size();
  };
  put("\xFE"
      "bin");
  for (const Piece& piece : log.pieces) {
    put(piece.head);
    at += piece.zeros;
  }
  EXPECT_EQ(at, log.size);
  close(fd);
  return path;
}

// The log as a server sends it; MariaDB from 11 on without positions within transactions.
class Dump : public EventSource {
 public:
  Dump(const LargeLog& log, bool positions_within) : log_(log), positions_within_(positions_within) {
    buffer_.resize(kFiller + 1000);
    EventWriter w(/*checksums=*/false);
    rotate_ = w.Rotate(kName, 4, /*artificial=*/true);
  }

  absl::StatusOr<absl::string_view> Next() override {
    if (next_ == 0) {
      ++next_;
      return rotate_;
    }
    if (next_ > log_.pieces.size()) return absl::string_view();
    const Piece& piece = log_.pieces[next_++ - 1];
    std::memset(buffer_.data(), 0, 1000);  // what an event before wrote that was longer
    std::memcpy(buffer_.data(), piece.head.data(), piece.head.size());
    const auto type = static_cast<EventType>(piece.head[4]);
    if (!positions_within_ &&
        (type == EventType::kQuery || type == EventType::kTableMap || type == EventType::kWriteRows)) {
      std::memset(buffer_.data() + 13, 0, 4);
    }
    return absl::string_view(buffer_).substr(0, piece.head.size() + piece.zeros);
  }
  void Interrupt() override {}

 private:
  const LargeLog& log_;
  const bool positions_within_;
  std::string rotate_;
  std::string buffer_;
  size_t next_ = 0;
};

void ExpectPositionsOf(const LargeLog& log, EventSource* source) {
  TransactionReader reader(source, nullptr, {{"app", "t", {"id"}, "id"}});
  size_t next = 0;
  while (true) {
    const auto item = reader.Next();
    ASSERT_TRUE(item.ok()) << item.status();
    if ((*item)->kind == StreamItem::Kind::kEnd) break;
    if ((*item)->kind != StreamItem::Kind::kTransaction) continue;
    ASSERT_LT(next, log.expected.size());
    const LargeLog::Expected& expected = log.expected[next++];
    EXPECT_EQ((*item)->begin, (BinlogPosition{kName, expected.begin}));
    EXPECT_EQ((*item)->end, (BinlogPosition{kName, expected.end}));
    const auto row = (*item)->rows->NextRow();
    ASSERT_TRUE(row.ok() && *row != nullptr) << row.status();
    EXPECT_EQ((*row)->after[0].text, expected.id);
  }
  EXPECT_EQ(next, log.expected.size());
  EXPECT_GT(log.expected.back().begin, kLine);
}

TEST(LargeBinlogTest, PositionsInAFilePast4GiBAreSumsOfLengths) {
  const LargeLog log = MakeLog();
  const std::string path = WriteSparse(log);
  auto source = FileSource::Open(path);
  ASSERT_TRUE(source.ok()) << source.status();
  ExpectPositionsOf(log, source->get());
  unlink(path.c_str());
}

TEST(LargeBinlogTest, PositionsInADumpPast4GiBAreSumsOfLengths) {
  const LargeLog log = MakeLog();
  for (const bool positions_within : {true, false}) {
    Dump dump(log, positions_within);
    ExpectPositionsOf(log, &dump);
  }
}

}  // namespace
}  // namespace cdc
