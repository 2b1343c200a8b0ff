// SPDX-License-Identifier: Apache-2.0
//
// The orders of events that recorded files do not have: illegal ones, crashes, and what only a live dump shows.
// recorded_binlog_test.cc has the legal ones.
#include "cdc/transaction_reader.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cdc/event/event_header.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/counting_allocator.h"
#include "testing/event_writer.h"

namespace cdc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::EventList;
using testing_support::EventWriter;

constexpr char kUuid[] = "911ea5f6-0c1b-11ef-9262-0242ac120002";

class TransactionReaderTest : public testing::Test {
 protected:
  // "transaction 1: +5 a", "foreign 2": items in short, rows as +insert ~update -delete.
  struct Result {
    std::vector<std::string> items;
    absl::Status status;
    BinlogPosition end;
  };

  void Start(absl::string_view file = "binlog.000001") {
    events_.Add(w_.Rotate(file, 4, /*artificial=*/true));
    events_.Add(w_.FormatDescription());
  }
  void Add(std::string event) { events_.Add(std::move(event)); }
  void AddAll(const std::vector<std::string>& events) {
    for (const std::string& event : events) events_.Add(event);
  }

  Result Read(TransactionReaderOptions options = {}) {
    TransactionReader reader(&events_, nullptr, {{"app", "t", {"id", "text"}, "id"}, {"app", "u", {"text"}, ""}},
                             options);
    Result result;
    while (true) {
      auto item = reader.Next();
      result.status = item.status();
      if (!item.ok()) return result;
      result.end = (*item)->end;
      if ((*item)->kind == StreamItem::Kind::kEnd) return result;
      if ((*item)->kind == StreamItem::Kind::kIdle) continue;
      result.items.push_back(Text(**item));
    }
  }

  static std::string Text(const StreamItem& item) {
    std::string out = item.kind == StreamItem::Kind::kForeign ? "foreign" : "transaction";
    if (item.gtid.has_value()) absl::StrAppend(&out, " ", item.gtid->number);
    if (item.gtid_withheld) out += " withheld";
    for (const Gtid& gtid : item.released_gtids) absl::StrAppend(&out, " releases ", gtid.number);
    if (item.open_xa_changed) {
      absl::StrAppend(&out, " open(",
                      absl::StrJoin(item.open_xa, " ",
                                    [](std::string* text, const OpenXaBranch& open) {
                                      absl::StrAppend(text, open.xid.substr(2, 2),
                                                      open.prepare_gtid.has_value() ? ":" : "");
                                      if (open.prepare_gtid.has_value())
                                        absl::StrAppend(text, open.prepare_gtid->number);
                                    }),
                      ")");
    }
    if (item.unknown_xa_commit) out += " unknown";
    if (item.incident) out += " incident";
    if (item.statement_dml) out += " statement";
    if (item.rows == nullptr) return out;
    out += ":";
    while (true) {
      auto row = item.rows->NextRow();
      EXPECT_TRUE(row.ok()) << row.status();
      if (!row.ok() || *row == nullptr) return out;
      const char* const kinds[] = {"+", "~", "-"};
      const auto values = (*row)->after.empty() ? (*row)->before : (*row)->after;
      absl::StrAppend(&out, " ", kinds[static_cast<int>((*row)->kind)],
                      absl::StrJoin(values, "=", [](std::string* text, const ColumnValue& value) {
                        absl::StrAppend(text, value.text.size() > 20 ? absl::StrCat(value.text.size(), "B")
                                                                     : std::string(value.text));
                      }));
    }
  }

  EventWriter w_;
  EventList events_;
};

TEST_F(TransactionReaderTest, DeliversRowsWhenTheCommitIsSeen) {
  Start();
  AddAll({w_.Gtid(1, 1795489106023420), w_.Query("BEGIN"), w_.TableMap(9, "t"), w_.Insert(9, {{1, "a"}, {2, "b"}}),
          w_.Xid()});
  TransactionReader reader(&events_, nullptr, {{"app", "t", {"text", "id"}, "id"}});
  auto item = reader.Next();  // The dump's first ROTATE.
  ASSERT_TRUE(item.ok()) << item.status();
  EXPECT_EQ((*item)->kind, StreamItem::Kind::kIdle);
  item = reader.Next();
  ASSERT_TRUE(item.ok()) << item.status();
  EXPECT_EQ((*item)->kind, StreamItem::Kind::kTransaction);
  EXPECT_EQ((*item)->gtid->ToString(), absl::StrCat(kUuid, ":1"));
  EXPECT_EQ(absl::ToUnixMicros((*item)->commit_time), 1795489106023420);
  EXPECT_EQ((*item)->row_count, 2u);
  EXPECT_EQ((*item)->end, (BinlogPosition{"binlog.000001", w_.offset}));
  for (int round = 0; round < 2; ++round) {
    auto row = (*item)->rows->NextRow();
    ASSERT_TRUE(row.ok());
    EXPECT_EQ((*row)->after[0].text, "a");
    EXPECT_EQ((*row)->after[1].text, "1");
    (*item)->rows->RewindRows();
  }
  item = reader.Next();
  ASSERT_TRUE(item.ok()) << item.status();
  EXPECT_EQ((*item)->kind, StreamItem::Kind::kEnd);
}

TEST_F(TransactionReaderTest, KeepsALoggedRollbackToItself) {
  Start();
  AddAll({w_.Gtid(1), w_.Query("BEGIN"), w_.TableMap(9, "t"), w_.Insert(9, {{1, "a"}}), w_.Query("ROLLBACK"),
          w_.Gtid(2), w_.Query("BEGIN"), w_.Query("COMMIT")});
  EXPECT_THAT(Read().items, ElementsAre("transaction 1 statement", "foreign 2"))
      << "a table without transactions keeps what was rolled back";
}

TEST_F(TransactionReaderTest, UndoesWhatStandsBehindASavepoint) {
  Start();
  AddAll({w_.Gtid(1), w_.Query("BEGIN"), w_.TableMap(9, "t"), w_.Insert(9, {{1, "a"}, {2, "b"}}),
          w_.Query("SAVEPOINT `s`"), w_.Update(9, {{1, "a"}, {1, "undone"}}), w_.Insert(9, {{3, "undone"}}),
          w_.Query("SAVEPOINT `s2`"), w_.Update(9, {{1, "undone"}, {1, "undone, too"}}), w_.Query("ROLLBACK TO `S`"),
          w_.Update(9, {{2, "b"}, {2, "c"}}), w_.Insert(9, {{4, "d"}}), w_.Xid()});
  EXPECT_THAT(Read().items, ElementsAre("transaction 1 statement: +1=a +2=c +4=d"));
}

TEST_F(TransactionReaderTest, FollowsSavepointsThatAreSetAnewAndRolledPast) {
  Start();
  AddAll({w_.Gtid(1), w_.Query("BEGIN"), w_.Query("SAVEPOINT e"), w_.TableMap(9, "t"), w_.Insert(9, {{1, "a"}}),
          w_.Query("SAVEPOINT s"), w_.Insert(9, {{2, "b"}}), w_.Query("SAVEPOINT s"), w_.Insert(9, {{3, "undone"}}),
          w_.Query("ROLLBACK TO s"), w_.Query("ROLLBACK TO s"), w_.Insert(9, {{4, "c"}}), w_.Xid()});
  AddAll({w_.Gtid(2), w_.Query("BEGIN"), w_.Query("SAVEPOINT e"), w_.TableMap(9, "t"), w_.Insert(9, {{5, "undone"}}),
          w_.Query("SAVEPOINT f"), w_.Query("ROLLBACK TO e"), w_.Insert(9, {{6, "d"}}), w_.Xid()});
  AddAll({w_.Gtid(3), w_.Query("BEGIN"), w_.TableMap(9, "t"), w_.Insert(9, {{7, "e"}}), w_.Query("SAVEPOINT s"),
          w_.Query("ROLLBACK TO s"), w_.Xid()});
  AddAll({w_.Gtid(4), w_.Query("BEGIN"), w_.TableMap(9, "t"), w_.Insert(9, {{8, "f"}}), w_.Query("SAVEPOINT a"),
          w_.Query("SAVEPOINT b"), w_.Query("ROLLBACK TO a"), w_.Query("ROLLBACK TO b")});
  const Result result = Read();
  EXPECT_THAT(result.items, ElementsAre("transaction 1 statement: +1=a +2=b +4=c", "transaction 2 statement: +6=d",
                                        "transaction 3: +7=e"));
  EXPECT_THAT(result.status.message(), HasSubstr("(ROLLBACK TO unknown savepoint b)"));
}

// To both servers `É` and `e` are one name, and the log has it as it was typed.
TEST_F(TransactionReaderTest, UndoesNoLessWhereTwoNamesMayBeOne) {
  Start();
  AddAll({w_.Gtid(1), w_.Query("BEGIN"), w_.TableMap(9, "t"), w_.Insert(9, {{1, "a"}}), w_.Query("SAVEPOINT s"),
          w_.Insert(9, {{2, "b"}}), w_.Query("SAVEPOINT `É`"), w_.Insert(9, {{3, "undone"}}),
          w_.Query("ROLLBACK TO `e`"), w_.Insert(9, {{4, "c"}}), w_.Xid()});
  AddAll({w_.Gtid(2), w_.Query("BEGIN"), w_.Query("SAVEPOINT `É`"), w_.TableMap(9, "t"), w_.Insert(9, {{5, "undone"}}),
          w_.Query("SAVEPOINT s"), w_.Query("ROLLBACK TO `e`"), w_.Query("ROLLBACK TO `É`"), w_.Insert(9, {{6, "d"}}),
          w_.Xid()});
  AddAll({w_.Gtid(3), w_.Query("BEGIN"), w_.TableMap(9, "t"), w_.Insert(9, {{7, "e"}}), w_.Query("SAVEPOINT s"),
          w_.Query("ROLLBACK TO t")});
  const Result result = Read();
  EXPECT_THAT(result.items, ElementsAre("transaction 1 statement: +1=a +2=b +4=c", "transaction 2 statement: +6=d"));
  EXPECT_THAT(result.status.message(), HasSubstr("(ROLLBACK TO unknown savepoint t)"));
}

// Two hundred thousand of them must not cost the square of it: that took minutes.
TEST_F(TransactionReaderTest, ReadsAnyNumberOfSavepoints) {
  constexpr uint32_t kMany = 200000;
  for (const bool foreign : {false, true}) {
    events_ = EventList();
    w_.offset = 4;
    Start();
    AddAll({w_.Gtid(1), w_.Query("BEGIN")});
    if (!foreign) AddAll({w_.TableMap(9, "t"), w_.Insert(9, {{1, "a"}})});
    for (uint32_t i = 0; i < kMany; ++i) Add(w_.Query(absl::StrCat("SAVEPOINT s", i)));
    for (uint32_t i = 0; i < kMany / 10; ++i) Add(w_.Query("SAVEPOINT again"));
    if (!foreign) Add(w_.Insert(9, {{2, "undone"}}));
    for (const uint32_t i : {kMany - 1, kMany / 2, 7u}) Add(w_.Query(absl::StrCat("ROLLBACK TO s", i)));
    AddAll({w_.Xid()});
    EXPECT_THAT(Read().items, ElementsAre(foreign ? "foreign 1" : "transaction 1 statement: +1=a"));
  }
}

TEST_F(TransactionReaderTest, AppliesUpdatesToTheRowsOfTheirTransaction) {
  Start();
  AddAll({w_.Gtid(1), w_.Query("BEGIN"), w_.TableMap(9, "t"), w_.Insert(9, {{1, "a"}, {2, "b"}}),
          w_.Update(9, {{1, "a"}, {5, "moved"}}), w_.Update(9, {{5, "moved"}, {5, "last"}}),
          w_.Update(9, {{7, "old"}, {7, "new"}}), w_.Insert(9, {{1, "again"}}), w_.Update(9, {{1, "again"}, {1, "x"}}),
          w_.Delete(9, {{2, "b"}}), w_.Xid()});
  EXPECT_THAT(Read().items, ElementsAre("transaction 1: +5=last +2=b ~7=new +1=x -2=b"));
}

TEST_F(TransactionReaderTest, TakesTheLaterOfTwoRowsWithOneKey) {
  Start();
  AddAll({w_.Gtid(1), w_.Query("BEGIN"), w_.TableMap(9, "t"), w_.Insert(9, {{1, "a"}}), w_.Delete(9, {{1, "a"}}),
          w_.Insert(9, {{1, "b"}}), w_.Update(9, {{1, "b"}, {1, "c"}}), w_.Xid()});
  EXPECT_THAT(Read().items, ElementsAre("transaction 1: +1=a -1=a +1=c"));
}

// lower_case_table_names=1: the log has small letters whatever the user wrote.
TEST_F(TransactionReaderTest, FoldsNamesWhereTheServerDoes) {
  for (const bool fold : {false, true}) {
    events_ = EventList();
    w_.offset = 4;
    Start();
    AddAll({w_.Gtid(1), w_.Query("BEGIN"), w_.TableMap(9, "t"), w_.Insert(9, {{1, "a"}}), w_.Xid()});
    TransactionReaderOptions options;
    options.fold_table_names = fold;
    TransactionReader reader(&events_, nullptr, {{"App", "T", {"id"}, "id"}}, options);
    ASSERT_TRUE(reader.Next().ok());
    const auto item = reader.Next();
    ASSERT_TRUE(item.ok()) << item.status();
    EXPECT_EQ((*item)->row_count, fold ? 1u : 0u);
  }
}

TEST_F(TransactionReaderTest, MergesNothingWithoutAKeyColumn) {
  Start();
  AddAll({w_.Gtid(1), w_.Query("BEGIN"), w_.TableMap(9, "u"), w_.Insert(9, {{1, "a"}}),
          w_.Update(9, {{1, "a"}, {1, "b"}}), w_.Xid()});
  EXPECT_THAT(Read().items, ElementsAre("transaction 1: +a ~b"));
}

TEST_F(TransactionReaderTest, GivesTheSameWhenEverythingSpills) {
  TransactionReaderOptions options;
  options.memory_limit = 1;
  Start();
  AddAll({w_.Gtid(1), w_.Query("BEGIN"), w_.TableMap(9, "t"), w_.Insert(9, {{1, "a"}, {2, "b"}}),
          w_.Query("SAVEPOINT s"), w_.Update(9, {{1, "a"}, {1, "undone"}}), w_.Insert(9, {{3, "undone"}}),
          w_.Query("ROLLBACK TO s"), w_.Update(9, {{2, "b"}, {2, "c"}}), w_.Xid(), w_.Gtid(2), w_.Query("BEGIN"),
          w_.TableMap(9, "t"), w_.Insert(9, {{4, "d"}}), w_.Xid()});
  EXPECT_THAT(Read(options).items, ElementsAre("transaction 1 statement: +1=a +2=c", "transaction 2: +4=d"));
}

TEST_F(TransactionReaderTest, HoldsAnXaBranchUntilItIsDecided) {
  Start();
  AddAll({w_.Gtid(1), w_.Query("XA START X'61',X'',1"), w_.TableMap(9, "t"), w_.Insert(9, {{1, "a"}}),
          w_.Query("XA END X'61',X'',1"), w_.XaPrepare("a")});
  AddAll({w_.Gtid(2), w_.Query("XA START X'62',X'',1"), w_.TableMap(9, "t"), w_.Insert(9, {{2, "b"}}),
          w_.Query("XA END X'62',X'',1"), w_.XaPrepare("b")});
  // The server restarts: branches live on.
  AddAll({w_.Stop(), w_.Rotate("binlog.000002", 4, true), w_.FormatDescription()});
  AddAll({w_.Gtid(3), w_.Query("XA COMMIT X'61',X'',1"), w_.Gtid(4), w_.Query("XA ROLLBACK X'62',X'',1"), w_.Gtid(5),
          w_.Query("XA COMMIT X'63',X'',1"), w_.Gtid(6), w_.Query("XA ROLLBACK X'63',X'',1")});
  EXPECT_THAT(Read().items,
              ElementsAre("transaction 1 withheld open(61:1)", "transaction 2 withheld open(61:1 62:2)",
                          "transaction 3 releases 1 open(62:2): +1=a", "transaction 4 releases 2 open() statement",
                          "transaction 5 unknown", "foreign 6"));
}

// A server that lost a prepared branch in a crash takes its xid again. No one will decide the first one.
TEST_F(TransactionReaderTest, GivesUpABranchWhoseXidIsPreparedAgain) {
  const auto prepare = [&](uint64_t gtid, absl::string_view table, absl::string_view text) {
    AddAll({w_.Gtid(gtid), w_.Query("XA START X'61',X'',1"), w_.TableMap(9, table),
            w_.Insert(9, {{1, std::string(text)}}), w_.Query("XA END X'61',X'',1"), w_.XaPrepare("a")});
  };
  Start();
  prepare(1, "t", "lost");
  prepare(2, "t", "a");
  AddAll({w_.Gtid(3), w_.Query("XA COMMIT X'61',X'',1"), w_.Gtid(4), w_.Query("XA COMMIT X'61',X'',1")});
  // By a branch of no interest, and one of no interest by ours.
  prepare(5, "t", "lost, too");
  prepare(6, "foreign", "b");
  prepare(7, "t", "c");
  AddAll({w_.Gtid(8), w_.Query("XA COMMIT X'61',X'',1")});
  EXPECT_THAT(Read().items,
              ElementsAre("transaction 1 withheld open(61:1)", "transaction 2 withheld releases 1 open(61:2) statement",
                          "transaction 3 releases 2 open(): +1=a", "transaction 4 unknown",
                          "transaction 5 withheld open(61:5)", "transaction 6 releases 5 open() statement",
                          "transaction 7 withheld open(61:7)", "transaction 8 releases 7 open(): +1=c"));
}

// The crash took the first one's GTID with it. Released, it would be skipped when the log is read again.
TEST_F(TransactionReaderTest, KeepsAGtidWithheldThatTwoPreparesHave) {
  Start();
  for (int i = 0; i < 2; ++i) {
    AddAll({w_.Gtid(1), w_.Query("XA START X'61',X'',1"), w_.TableMap(9, "t"), w_.Insert(9, {{1, "a"}}),
            w_.Query("XA END X'61',X'',1"), w_.XaPrepare("a")});
  }
  EXPECT_THAT(Read().items,
              ElementsAre("transaction 1 withheld open(61:1)", "transaction 1 withheld open(61:1) statement"));
}

TEST_F(TransactionReaderTest, NotesWhatARolledBackBranchLeaves) {
  Start();
  for (const char* end : {"ROLLBACK", "COMMIT"}) {
    AddAll({w_.Gtid(1), w_.Query("XA START X'61',X'',1"), w_.Query("INSERT INTO o VALUES (1)"), w_.Incident(),
            w_.Query("XA END X'61',X'',1"), w_.XaPrepare("a"), w_.Gtid(2),
            w_.Query(absl::StrCat("XA ", end, " X'61',X'',1"))});
  }
  EXPECT_THAT(Read().items,
              ElementsAre("transaction 1 withheld open(61:1)", "transaction 2 releases 1 open() incident statement",
                          "transaction 1 withheld open(61:1)", "transaction 2 releases 1 open() incident statement"));
}

// MySQL's XA_PREPARE has half of a large format, XA COMMIT all of it, or the half if the server was restarted.
TEST_F(TransactionReaderTest, KnowsABranchByHalfOfItsFormat) {
  Start();
  for (const char* format : {"4294967297", "1", "-4294967295", "18446744069414584321"}) {
    AddAll({w_.Gtid(1), w_.Query("XA START X'61',X'',4294967297"), w_.TableMap(9, "t"), w_.Insert(9, {{1, "a"}}),
            w_.Query("XA END X'61',X'',4294967297"), w_.XaPrepare("a"), w_.Gtid(2),
            w_.Query(absl::StrCat("XA COMMIT X'61',X'',", format))});
  }
  AddAll({w_.Gtid(3), w_.Query("XA COMMIT X'61',X'',2"), w_.Gtid(4), w_.Query("XA COMMIT 'a'")});
  const std::string prepare = "transaction 1 withheld open(61:1)", commit = "transaction 2 releases 1 open(): +1=a";
  EXPECT_THAT(Read().items, ElementsAre(prepare, commit, prepare, commit, prepare, commit, prepare, commit,
                                        "transaction 3 unknown", "transaction 4 unknown"));
}

TEST_F(TransactionReaderTest, SpillsOpenBranches) {
  TransactionReaderOptions options;
  options.memory_limit = 100;
  Start();
  for (const char* name : {"a", "b", "c"}) {
    AddAll({w_.AnonymousGtid(), w_.Query("XA START 'x'"), w_.TableMap(9, "t"), w_.Insert(9, {{1, name}, {2, "z"}}),
            w_.Query("XA END 'x'"), w_.XaPrepare(name)});
  }
  AddAll(
      {w_.AnonymousGtid(), w_.Query("XA COMMIT X'62',X'',1"), w_.AnonymousGtid(), w_.Query("XA COMMIT X'61',X'',1")});
  const Result result = Read(options);
  EXPECT_THAT(result.items, ElementsAre("transaction open(61)", "transaction open(61 62)", "transaction open(61 62 63)",
                                        "transaction open(61 63): +1=b +2=z", "transaction open(63): +1=a +2=z"));
}

TEST_F(TransactionReaderTest, AbandonsATransactionWhoseServerDied) {
  for (const bool stop : {false, true}) {
    events_ = EventList();
    w_.offset = 4;
    Start();
    AddAll({w_.Gtid(1), w_.Query("BEGIN"), w_.TableMap(9, "t"), w_.Insert(9, {{1, "lost"}})});
    if (stop) Add(w_.Stop());
    AddAll({w_.Rotate("binlog.000002", 4, true), w_.FormatDescription(), w_.Gtid(1), w_.Query("BEGIN"),
            w_.TableMap(9, "t"), w_.Insert(9, {{1, "a"}}), w_.Xid()});
    EXPECT_THAT(Read().items, ElementsAre("transaction 1: +1=a"));
  }
}

TEST_F(TransactionReaderTest, TellsTheNotesOfAnAbandonedTransaction) {
  const auto notes = [&](const std::vector<std::string>& events) {
    EventList list;
    list.Add(w_.Rotate("binlog.000001", 4, true)).Add(w_.FormatDescription()).Add(w_.Gtid(1)).Add(w_.Query("BEGIN"));
    for (const std::string& event : events) list.Add(event);
    list.Add(w_.Rotate("binlog.000002", 4, true));
    TransactionReader reader(&list, nullptr, {{"app", "t", {"id", "text"}, "id"}});
    EXPECT_TRUE(reader.Next().ok());  // The first ROTATE.
    const auto item = reader.Next();
    EXPECT_TRUE(item.ok()) << item.status();
    EXPECT_EQ((*item)->kind, StreamItem::Kind::kIdle);
    EXPECT_FALSE((*item)->gtid.has_value()) << "the server may give it to another transaction";
    EXPECT_EQ((*item)->rows, nullptr);
    return absl::StrCat((*item)->incident ? "incident " : "", (*item)->statement_dml ? "statement " : "",
                        (*item)->statement_names_table ? "names" : "");
  };
  EXPECT_EQ(notes({w_.TableMap(9, "o")}), "");
  EXPECT_EQ(notes({w_.Incident()}), "incident ");
  EXPECT_EQ(notes({w_.Query("INSERT INTO t VALUES (1)")}), "statement names");
  EXPECT_EQ(notes({w_.TableMap(9, "t"), w_.Insert(9, {{1, "a"}})}), "statement ")
      << "a table without transactions keeps the row";
}

TEST_F(TransactionReaderTest, ReadsCompressedTransactionsOfManyEvents) {
  Start();
  EventWriter bare = w_.Bare();
  std::vector<std::string> inner = {bare.Query("BEGIN"), bare.TableMap(9, "t")};
  std::string expected = "transaction 1:";
  for (uint32_t i = 1; i <= 3000; ++i) {
    inner.push_back(bare.Insert(9, {{i, std::string(200, static_cast<char>('a' + i % 26))}}));
    absl::StrAppend(&expected, " +", i, "=200B");
  }
  inner.push_back(bare.Xid());
  AddAll({w_.Gtid(1), w_.Payload(inner)});
  AddAll({w_.Gtid(2), w_.Payload({bare.Query("BEGIN"), bare.Query("COMMIT")})});
  EXPECT_THAT(Read().items, ElementsAre(expected, "foreign 2"));
}

// No server at hand writes versions 0 (the betas of 5.1) and compressed 2, which rest on the sources.
TEST_F(TransactionReaderTest, ReadsRowsOfEveryVersion) {
  const struct {
    const char* name;
    EventType write, update, erase;
    bool mariadb;
    // Of these events and the table map: what was told when they were new, by the first servers, by today's.
    int post_header;
  } kVersions[] = {
      {"0", EventType::kWriteRowsV0, EventType::kUpdateRowsV0, EventType::kDeleteRowsV0, false, 8},
      {"0 with table ids of 4 bytes", EventType::kWriteRowsV0, EventType::kUpdateRowsV0, EventType::kDeleteRowsV0,
       false, 6},
      {"0 of no length", EventType::kWriteRowsV0, EventType::kUpdateRowsV0, EventType::kDeleteRowsV0, true, 0},
      {"1", EventType::kWriteRowsV1, EventType::kUpdateRowsV1, EventType::kDeleteRowsV1, false, 8},
      {"1 with table ids of 4 bytes", EventType::kWriteRowsV1, EventType::kUpdateRowsV1, EventType::kDeleteRowsV1,
       false, 6},
      {"2", EventType::kWriteRows, EventType::kUpdateRows, EventType::kDeleteRows, false, 10},
      {"2 of MariaDB", EventType::kWriteRows, EventType::kUpdateRows, EventType::kDeleteRows, true, 10},
      {"compressed 1", EventType::kWriteRowsCompressedV1, EventType::kUpdateRowsCompressedV1,
       EventType::kDeleteRowsCompressedV1, true, 8},
      {"compressed 2", EventType::kWriteRowsCompressed, EventType::kUpdateRowsCompressed,
       EventType::kDeleteRowsCompressed, true, 10},
  };
  for (const auto& version : kVersions) {
    SCOPED_TRACE(version.name);
    w_ = EventWriter();
    if (version.mariadb) w_.BecomeMariadb();
    for (const EventType type : {version.write, version.update, version.erase}) {
      w_.post_header_lengths[static_cast<size_t>(type) - 1] = static_cast<char>(version.post_header);
    }
    if (version.post_header == 6) w_.post_header_lengths[static_cast<size_t>(EventType::kTableMap) - 1] = 6;
    events_ = EventList();
    Start();
    AddAll({w_.Query("BEGIN"), w_.TableMap(9, "t"), w_.Rows(version.write, 9, {{1, "a"}, {2, "b"}}),
            w_.Rows(version.update, 9, {{1, "a"}, {1, "c"}, {7, "old"}, {7, "new"}}),
            w_.Rows(version.erase, 9, {{2, "b"}, {8, "d"}}), w_.TableMap(10, "foreign"),
            w_.Rows(version.write, 10, {{1, "x"}}), w_.Xid()});
    const Result result = Read();
    EXPECT_THAT(result.items, ElementsAre("transaction: +1=c +2=b ~7=new -2=b -8=d"));
    EXPECT_TRUE(result.status.ok()) << result.status;
  }
}

TEST_F(TransactionReaderTest, SaysWhereCompressedRowsAreDamaged) {
  w_.BecomeMariadb();
  Start();
  AddAll({w_.MariadbGtid(1), w_.TableMap(9, "t")});
  const uint64_t place = w_.offset;
  std::string body = w_.Bare().Rows(EventType::kWriteRowsCompressed, 9, {{1, "a"}}).substr(kEventHeaderSize);
  body.resize(body.size() - 3);
  Add(w_.Event(EventType::kWriteRowsCompressed, body));
  const Result result = Read();
  EXPECT_EQ(result.status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(result.status.message()),
              testing::StartsWith(absl::StrCat("at binlog.000001:", place, ": ")));
}

TEST_F(TransactionReaderTest, TellsOfStatementsAndIncidents) {
  Start();
  AddAll({w_.Gtid(1), w_.Query("BEGIN"), w_.Query("INSERT INTO t VALUES (1)"), w_.Xid(), w_.Gtid(2), w_.Incident(),
          w_.Incident(), w_.Gtid(3), w_.Query("BEGIN"), w_.Incident(), w_.Xid(), w_.Gtid(4), w_.Query("FLUSH TABLES")});
  EXPECT_THAT(Read().items, ElementsAre("transaction 1 statement", "transaction 2 incident", "transaction incident",
                                        "transaction 3 incident", "foreign 4"));
}

TEST_F(TransactionReaderTest, TellsTheLayoutsOfChangedColumnsOnly) {
  class Changes : public LayoutProvider {
   public:
    absl::StatusOr<TableLayout> LayoutOf(absl::string_view, absl::string_view, const BinlogPosition&) override {
      return absl::NotFoundError("");
    }
    void TableChanged(absl::string_view, absl::string_view, const BinlogPosition&) override { ++count; }
    int count = 0;
  };
  Start();
  Changes changes;
  for (const char* statement : {"TRUNCATE t", "CREATE INDEX i ON t (id)", "CREATE TABLE IF NOT EXISTS t (id INT)"}) {
    AddAll({w_.Gtid(1), w_.Query(statement)});
  }
  TransactionReader reader(&events_, &changes, {{"app", "t", {"id"}, "id"}});
  while ((*reader.Next())->kind != StreamItem::Kind::kEnd) {
  }
  EXPECT_EQ(changes.count, 0);
  EventList more;
  more.Add(w_.Rotate("binlog.000001", 4, /*artificial=*/true)).Add(w_.FormatDescription());
  more.Add(w_.Gtid(1)).Add(w_.Query("SET STATEMENT lock_wait_timeout=5 FOR ALTER TABLE t ADD a INT"));
  TransactionReader second(&more, &changes, {{"app", "t", {"id"}, "id"}});
  while ((*second.Next())->kind != StreamItem::Kind::kEnd) {
  }
  EXPECT_EQ(changes.count, 1);
}

TEST_F(TransactionReaderTest, TellsACreateThatMayHaveDoneNothing) {
  Start();
  AddAll(
      {w_.Gtid(1), w_.Query("CREATE TABLE IF NOT EXISTS t (id INT)"), w_.Gtid(2), w_.Query("CREATE TABLE t (id INT)")});
  TransactionReader reader(&events_, nullptr, {{"app", "t", {"id"}, "id"}});
  std::vector<bool> maybe_nothing;
  for (;;) {
    const auto item = reader.Next();
    ASSERT_TRUE(item.ok()) << item.status();
    if ((*item)->kind == StreamItem::Kind::kEnd) break;
    for (const SchemaChange& change : (*item)->schema_changes) maybe_nothing.push_back(change.if_not_exists);
  }
  EXPECT_EQ(maybe_nothing, std::vector<bool>({true, false}));
}

TEST_F(TransactionReaderTest, RefusesIllegalOrdersAndSaysWhere) {
  const auto try_events = [&](std::vector<std::string> (*make)(EventWriter&), absl::string_view message) {
    events_ = EventList();
    w_.offset = 4;
    Start();
    AddAll(make(w_));
    const Result result = Read();
    EXPECT_EQ(result.status.code(), absl::StatusCode::kDataLoss) << message << result.status;
    EXPECT_THAT(result.status.message(), HasSubstr(std::string(message)));
    EXPECT_THAT(result.status.message(), HasSubstr("at binlog.000001:"));
  };
  using V = std::vector<std::string>;
  try_events([](EventWriter& w) { return V{w.Xid()}; }, "XID event between transactions");
  try_events([](EventWriter& w) { return V{w.Gtid(1), w.Xid()}; }, "XID event behind a GTID");
  try_events([](EventWriter& w) { return V{w.Gtid(1), w.Gtid(2)}; }, "GTID event behind a GTID");
  try_events([](EventWriter& w) { return V{w.Query("BEGIN"), w.Gtid(2)}; }, "GTID event inside a transaction");
  try_events([](EventWriter& w) { return V{w.Query("BEGIN"), w.Query("BEGIN")}; }, "(BEGIN) event inside");
  try_events([](EventWriter& w) { return V{w.Query("COMMIT")}; }, "(COMMIT) event between");
  try_events([](EventWriter& w) { return V{w.TableMap(9, "t")}; }, "TABLE_MAP event between");
  try_events([](EventWriter& w) { return V{w.Gtid(1), w.TableMap(9, "t")}; }, "TABLE_MAP event behind a GTID");
  try_events(
      [](EventWriter& w) {
        return V{w.Query("BEGIN"), w.Insert(9, {})};
      },
      "WRITE_ROWS (table id 9 that no table map has named)");
  try_events(
      [](EventWriter& w) {
        return V{w.Query("BEGIN"), w.TableMap(9, "t"), w.Xid(), w.Query("BEGIN"), w.Insert(9, {})};
      },
      "table id 9 that no table map");
  try_events([](EventWriter& w) { return V{w.Query("BEGIN"), w.XaPrepare("a")}; }, "XA_PREPARE event inside");
  try_events([](EventWriter& w) { return V{w.Query("XA START 'a'"), w.XaPrepare("a")}; }, "inside an XA branch");
  try_events([](EventWriter& w) { return V{w.Query("XA START 'a'"), w.Xid()}; }, "XID event inside an XA branch");
  try_events([](EventWriter& w) { return V{w.Query("BEGIN"), w.Query("XA END 'a'")}; }, "(XA END)");
  try_events([](EventWriter& w) { return V{w.Query("BEGIN"), w.Query("XA COMMIT 'a'")}; }, "(XA COMMIT");
  try_events([](EventWriter& w) { return V{w.Query("SAVEPOINT a")}; }, "(SAVEPOINT)");
  try_events([](EventWriter& w) { return V{w.Query("BEGIN"), w.Query("ROLLBACK TO a")}; }, "unknown savepoint a");
}

TEST_F(TransactionReaderTest, SkipsAnUnknownEventOnlyIfItMayBeIgnored) {
  Start();
  w_.flags = kEventFlagIgnorable;
  Add(w_.Event(static_cast<EventType>(99), "anything"));
  w_.flags = 0;
  AddAll({w_.Gtid(1), w_.Query("BEGIN"), w_.Query("COMMIT")});
  EXPECT_THAT(Read().items, ElementsAre("foreign 1"));
  events_ = EventList();
  Start();
  Add(w_.Event(static_cast<EventType>(99), "anything"));
  const Result result = Read();
  EXPECT_EQ(result.status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(result.status.message(), HasSubstr("unknown type 99"));
}

TEST_F(TransactionReaderTest, PassesTheSourcesErrorsOn) {
  Start();
  events_.EndWith(absl::UnavailableError("server shut down"));
  EXPECT_EQ(Read().status.code(), absl::StatusCode::kUnavailable);
}

TEST_F(TransactionReaderTest, CountsPositionsPastFourGigabytes) {
  constexpr uint64_t kFourGigabytes = uint64_t{1} << 32;
  events_.Add(w_.Rotate("binlog.000001", kFourGigabytes - 500, true));
  const uint64_t here = w_.offset;
  w_.flags = kEventFlagArtificial;
  events_.Add(w_.FormatDescription());
  w_.flags = 0;
  w_.offset = here;
  for (int i = 1; i <= 5; ++i) {
    AddAll({w_.Gtid(static_cast<uint64_t>(i)), w_.Query("BEGIN"), w_.TableMap(9, "t"), w_.Insert(9, {{1, "a"}}),
            w_.Xid()});
  }
  ASSERT_GT(w_.offset, kFourGigabytes);
  const Result result = Read();
  EXPECT_EQ(result.items.size(), 5u) << result.status;
  EXPECT_EQ(result.end, (BinlogPosition{"binlog.000001", w_.offset}));
}

// Makes up a transaction of many rows while it is read, and updates some of them at its end.
class LargeTransaction : public EventSource {
 public:
  explicit LargeTransaction(uint32_t rows) : rows_(rows) {}

  absl::StatusOr<absl::string_view> Next() override {
    const uint32_t step = step_++;
    if (step == 0) {
      event_ = w_.Rotate("binlog.000001", 4, true);
    } else if (step == 1) {
      event_ = w_.FormatDescription();
    } else if (step == 2) {
      event_ = w_.Query("BEGIN");
    } else if (step == 3) {
      event_ = w_.TableMap(9, "t");
    } else if (step < rows_ + 4) {
      event_ = w_.Insert(9, {{step - 4, std::string(1000, 'x')}});
    } else if (step < rows_ + 14) {
      const uint32_t id = (step - rows_ - 4) * (rows_ / 10);
      event_ = w_.Update(9, {{id, std::string(1000, 'x')}, {id, "updated"}});
    } else if (step == rows_ + 14) {
      event_ = w_.Xid();
    } else {
      return absl::string_view();
    }
    return event_;
  }
  void Interrupt() override {}

 private:
  const uint32_t rows_;
  uint32_t step_ = 0;
  EventWriter w_;
  std::string event_;
};

TEST_F(TransactionReaderTest, BoundsTheMemoryOfALargeTransaction) {
  constexpr uint32_t kRows = 60000;  // 60 MB
  constexpr size_t kLimit = 2 << 20;
  LargeTransaction source(kRows);
  TransactionReaderOptions options;
  options.memory_limit = kLimit;
  testing_support::ResetPeak();
  const uint64_t before = testing_support::LiveBytes();
  TransactionReader reader(&source, nullptr, {{"app", "t", {"id", "text"}, "id"}}, options);
  ASSERT_TRUE(reader.Next().ok());
  auto item = reader.Next();
  ASSERT_TRUE(item.ok()) << item.status();
  EXPECT_EQ((*item)->row_count, kRows);
  uint32_t rows = 0, updated = 0;
  for (auto row = (*item)->rows->NextRow(); *row != nullptr; row = (*item)->rows->NextRow()) {
    ASSERT_TRUE(row.ok());
    ++rows;
    if ((*row)->after[1].text == "updated") ++updated;
  }
  EXPECT_EQ(rows, kRows);
  EXPECT_EQ(updated, 10u);
  EXPECT_LT(testing_support::PeakBytes() - before, 2 * kLimit);
}

TEST_F(TransactionReaderTest, AllocatesNothingForARowOnceWarm) {
  Start();
  for (int i = 0; i < 300; ++i) {
    AddAll({w_.Gtid(static_cast<uint64_t>(i + 1), 5), w_.Query("BEGIN"), w_.TableMap(9, "t"),
            w_.Insert(9, {{1, std::string(100, 'a')}, {2, std::string(900, 'b')}}), w_.TableMap(10, "foreign"),
            w_.Insert(10, {{1, "x"}}), w_.Xid()});
  }
  TransactionReader reader(&events_, nullptr, {{"app", "t", {"id", "text"}, "id"}});
  uint64_t rows = 0;
  const auto read = [&](int items) {
    for (int i = 0; i < items; ++i) {
      auto item = reader.Next();
      ASSERT_TRUE(item.ok());
      if ((*item)->rows == nullptr) continue;
      for (auto row = (*item)->rows->NextRow(); *row != nullptr; row = (*item)->rows->NextRow()) ++rows;
    }
  };
  read(50);
  rows = 0;
  const uint64_t before = testing_support::AllocationCount();
  read(200);
  EXPECT_EQ(rows, 400u);
  EXPECT_EQ(testing_support::AllocationCount() - before, 0u);
}

}  // namespace
}  // namespace cdc
