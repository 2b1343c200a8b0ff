// SPDX-License-Identifier: Apache-2.0
//
// What becomes of every kind of event in every state of TransactionReader, whose header has the grammar.
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cdc/event/event_header.h"
#include "cdc/transaction_reader.h"
#include "gtest/gtest.h"
#include "testing/event_writer.h"

namespace cdc {
namespace {

using testing_support::EventList;
using testing_support::EventWriter;

// So that its event stands alone where no table is mapped, too.
constexpr uint64_t kDummyTable = 0xFFFFFF;

using Events = std::vector<std::string>;

struct State {
  const char* name;
  bool mariadb;
  Events (*reach)(EventWriter& w);
};

const State kStates[] = {
    {"between transactions", false, [](EventWriter&) { return Events{}; }},
    {"behind a GTID", false, [](EventWriter& w) { return Events{w.Gtid(1)}; }},
    {"behind a GTID that stands alone", true,
     [](EventWriter& w) { return Events{w.MariadbGtid(1, /*standalone=*/true)}; }},
    {"behind MariaDB's GTID", true, [](EventWriter& w) { return Events{w.MariadbGtid(1)}; }},
    {"in a transaction", false,
     [](EventWriter& w) {
       return Events{w.Gtid(1), w.Query("BEGIN"), w.Query("SAVEPOINT s")};
     }},
    // Foreign rows are a transaction, too.
    {"in a transaction of MariaDB's", true,
     [](EventWriter& w) {
       return Events{w.MariadbGtid(1), w.TableMap(8, "f"), w.Query("SAVEPOINT s")};
     }},
    {"in an XA branch", false,
     [](EventWriter& w) {
       return Events{w.Gtid(1), w.Query("XA START 'a'"), w.Query("SAVEPOINT s")};
     }},
    {"in an XA branch of MariaDB's", true,
     [](EventWriter& w) {
       return Events{w.MariadbGtid(1), w.Query("XA START 'a'"), w.Query("SAVEPOINT s")};
     }},
    {"behind XA END", false,
     [](EventWriter& w) {
       return Events{w.Gtid(1), w.Query("XA START 'a'"), w.Query("XA END 'a'")};
     }},
    {"behind XA END of MariaDB's", true,
     [](EventWriter& w) {
       return Events{w.MariadbGtid(1), w.TableMap(8, "f"), w.Query("XA END 'a'")};
     }},
};

struct Kind {
  const char* name;
  // One letter a state, in the order above: `.` taken, nothing is delivered; `d` the transaction is delivered; `i` a
  // step of the position is, and what was unfinished is gone; `X` DataLoss.
  const char* outcomes;
  std::function<std::string(EventWriter& w)> make;
};

std::function<std::string(EventWriter&)> Query(const char* text) {
  return [text](EventWriter& w) { return w.Query(text); };
}

std::function<std::string(EventWriter&)> Any(EventType type, const char* body) {
  return [type, body](EventWriter& w) { return w.Event(type, body); };
}

// clang-format off
const Kind kKinds[] = {
    //                      between, GTID, alone, MariaDB's, then transaction, XA branch and XA END of each
    {"FORMAT_DESCRIPTION", ". i i i i i i i i i", [](EventWriter& w) { return w.FormatDescription(); }},
    {"ROTATE",             "i i i i i i i i i i", [](EventWriter& w) { return w.Rotate("binlog.000002", 4, false); }},
    {"STOP",               "i i i i i i i i i i", [](EventWriter& w) { return w.Stop(); }},
    {"GTID",               ". X X X X X X X X X", [](EventWriter& w) { return w.Gtid(2); }},
    {"ANONYMOUS_GTID",     ". X X X X X X X X X", [](EventWriter& w) { return w.AnonymousGtid(); }},
    {"GTID (MariaDB)",     ". X X X X X X X X X", [](EventWriter& w) { return w.MariadbGtid(2); }},
    {"alone (MariaDB)",    ". X X X X X X X X X", [](EventWriter& w) { return w.MariadbGtid(2, true); }},
    {"BEGIN",              ". . . . X X X X X X", Query("BEGIN")},
    {"COMMIT",             "X d d d d d X X X X", Query("COMMIT")},
    {"ROLLBACK",           "X d d d d d X X X X", Query("ROLLBACK")},
    {"SAVEPOINT",          "X X X . . . . . X X", Query("SAVEPOINT t")},
    {"ROLLBACK_TO",        "X X X X . . . . X X", Query("ROLLBACK TO s")},
    {"XA_START",           ". . . . X X X X X X", Query("XA START 'a'")},
    {"XA_END",             "X X X . X . . . X X", Query("XA END 'a'")},
    {"XA_COMMIT",          "d d d X X X X X X X", Query("XA COMMIT X'62',X'',1")},
    {"XA_ROLLBACK",        "d d d X X X X X X X", Query("XA ROLLBACK X'62',X'',1")},
    {"ddl",                "d d d . . . . . X X", Query("CREATE TABLE o (id INT)")},
    {"dml",                "d d d . . . . . X X", Query("INSERT INTO o VALUES (1)")},
    {"other",              "d d d . . . . . X X", Query("FLUSH TABLES")},
    {"XID",                "X X X d d d X X X X", [](EventWriter& w) { return w.Xid(); }},
    {"XA_PREPARE",         "X X X X X X X X d d", [](EventWriter& w) { return w.XaPrepare("a"); }},
    {"one phase",          "X X X X X X X X d d", [](EventWriter& w) { return w.XaPrepare("a", true); }},
    {"TABLE_MAP",          "X X X . . . . . X X", [](EventWriter& w) { return w.TableMap(9, "t"); }},
    {"rows",               "X X X . . . . . X X", [](EventWriter& w) { return w.Insert(kDummyTable, {}); }},
    {"unmapped rows",      "X X X X X X X X X X", [](EventWriter& w) { return w.Insert(7, {}); }},
    {"PAYLOAD",            "d d d X X X X X X X", [](EventWriter& w) {
       EventWriter bare = w.Bare();
       return w.Payload({bare.Query("BEGIN"), bare.Xid()});
     }},
    {"INCIDENT",           "d d d . . . . . . .", [](EventWriter& w) { return w.Incident(); }},
    {"HEARTBEAT",          "i . . . . . . . . .", [](EventWriter& w) {
       return w.Heartbeat("binlog.000001", static_cast<uint32_t>(w.offset));
     }},
    {"ROWS_QUERY",         ". . . . . . . . . .", Any(EventType::kRowsQuery, "5INSERT")},
    {"ANNOTATE_ROWS",      ". . . . . . . . . .", Any(EventType::kAnnotateRows, "INSERT")},
    {"INTVAR",             ". . . . . . . . . .", Any(EventType::kIntvar, "\2........")},
    {"START_ENCRYPTION",   ". . . . . . . . . .", Any(EventType::kStartEncryption, "................")},
};
// clang-format on

// One letter as in Kind::outcomes.
std::string OutcomeOf(const State& state, const Kind& kind) {
  EventWriter w;
  if (state.mariadb) w.BecomeMariadb();
  EventList events;
  events.Add(w.Rotate("binlog.000001", 4, /*artificial=*/true)).Add(w.FormatDescription());
  for (const std::string& event : state.reach(w)) events.Add(event);
  const uint64_t place = w.offset;
  events.Add(kind.make(w));
  TransactionReader reader(&events, nullptr, {{"app", "t", {"id", "text"}, "id"}});
  auto item = reader.Next();  // The dump's first ROTATE.
  EXPECT_TRUE(item.ok()) << item.status();
  if (!item.ok()) return "?";
  item = reader.Next();
  if (!item.ok()) {
    EXPECT_EQ(item.status().code(), absl::StatusCode::kDataLoss) << item.status();
    EXPECT_TRUE(absl::StartsWith(item.status().message(), absl::StrCat("at binlog.000001:", place, ": ")))
        << item.status() << ", not " << place;
    return "X";
  }
  const StreamItem::Kind delivered = (*item)->kind;
  if (delivered == StreamItem::Kind::kEnd) return ".";
  item = reader.Next();
  EXPECT_TRUE(item.ok() && (*item)->kind == StreamItem::Kind::kEnd) << item.status();
  return delivered == StreamItem::Kind::kIdle ? "i" : "d";
}

TEST(EventOrderTest, TakesOrRefusesEachEventInEachState) {
  for (const Kind& kind : kKinds) {
    const std::vector<std::string> outcomes = absl::StrSplit(kind.outcomes, ' ');
    ASSERT_EQ(outcomes.size(), std::size(kStates)) << kind.name;
    for (size_t i = 0; i < std::size(kStates); ++i) {
      SCOPED_TRACE(absl::StrCat(kind.name, " in ", kStates[i].name));
      EXPECT_EQ(OutcomeOf(kStates[i], kind), outcomes[i]);
    }
  }
}

// What a reader says of these, and where the last one stands.
absl::Status Read(EventWriter& w, const std::function<Events(EventWriter& w)>& make, uint64_t* last) {
  EventList list;
  list.Add(w.Rotate("binlog.000001", 4, /*artificial=*/true)).Add(w.FormatDescription());
  const Events events = make(w);
  for (const std::string& event : events) list.Add(event);
  *last = w.offset - events.back().size();
  TransactionReader reader(&list, nullptr, {{"app", "t", {"id", "text"}, "id"}});
  while (true) {
    const auto item = reader.Next();
    if (!item.ok()) return item.status();
    if ((*item)->kind == StreamItem::Kind::kEnd) return absl::OkStatus();
  }
}

TEST(EventOrderTest, TakesAWholeGroupFromAPayloadAndNothingElse) {
  const EventWriter writer;
  EventWriter b = writer.Bare();
  const std::string begin = b.Query("BEGIN"), xid = b.Xid(), map = b.TableMap(9, "t");
  const struct {
    std::function<Events(EventWriter& w)> make;
    const char* message;
  } kCases[] = {
      {[&](EventWriter& w) {
         return Events{w.Gtid(1), w.Payload({begin, map}), w.Xid()};
       },
       "XID (behind a payload that does not end its transaction) event inside a transaction"},
      {[&](EventWriter& w) {
         return Events{w.Gtid(1), w.Payload({begin}), w.Payload({xid})};
       },
       "XID (behind a payload that does not end its transaction) event inside a transaction"},
      {[&](EventWriter& w) {
         return Events{w.Gtid(1), w.Payload({begin}), w.Stop()};
       },
       "STOP (behind a payload that does not end its transaction) event inside a transaction"},
      {[&](EventWriter& w) {
         return Events{w.Gtid(1), w.Query("BEGIN"), w.Payload({map})};
       },
       "TABLE_MAP (of a payload) event inside a transaction"},
      {[&](EventWriter& w) {
         return Events{w.Gtid(1), w.Query("BEGIN"), w.Payload({begin, xid})};
       },
       "QUERY (of a payload) event inside a transaction"},
      {[&](EventWriter& w) {
         return Events{w.Payload({b.Gtid(1), begin, xid})};
       },
       "GTID (of a payload) event between transactions"},
      {[&](EventWriter& w) {
         return Events{w.Gtid(1), w.Payload({begin, xid, begin, xid})};
       },
       "QUERY (behind the group of its payload) event between transactions"},
      {[&](EventWriter& w) {
         return Events{w.Gtid(1), w.Payload({begin, xid, b.Event(EventType::kRowsQuery, "x")})};
       },
       "ROWS_QUERY (behind the group of its payload) event between transactions"},
  };
  for (const auto& [make, message] : kCases) {
    EventWriter w;
    uint64_t last = 0;
    const absl::Status status = Read(w, make, &last);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << message;
    EXPECT_EQ(status.message(), absl::StrCat("at binlog.000001:", last, ": ", message));
  }

  const auto legal = [&](EventWriter& w) {
    const std::string branch = w.Payload({b.Query("XA START 'a'"), map, b.Query("XA END 'a'"), b.XaPrepare("a")});
    return Events{w.Gtid(1),
                  w.Payload({begin, map, xid}),
                  w.Payload({begin, xid}),  // With no GTID, none anonymous either.
                  w.Gtid(2),
                  w.Payload({b.Event(EventType::kRowsQuery, "x"), begin, xid}),
                  w.Gtid(3),
                  w.Payload({b.Query("CREATE TABLE o (id INT)")}),
                  w.Gtid(4),
                  w.Payload({}),
                  w.Query("CREATE TABLE o (id INT)"),
                  w.Gtid(5),
                  branch};
  };
  EventWriter w;
  uint64_t last = 0;
  EXPECT_EQ(Read(w, legal, &last), absl::OkStatus());
}

}  // namespace
}  // namespace cdc
