// SPDX-License-Identifier: Apache-2.0
//
// outbox-relay decode: the rows of binlog files as JSON lines, offline. One object a row:
//
//   {"gtid": text or null, "file": text, "pos": number, "time": "2026-11-24T02:58:26Z", "table": "schema.table",
//    "op": "insert" | "update" | "delete", "before": {…} (of updates), "row": {column: value, …}}
//
//   pos     where the row event begins, in a compressed transaction where that begins
//   time    the event's, in UTC: when the statement began
//   row     what the event carries: an update's new image, a delete's old one; columns that the image leaves out
//           (binlog_row_image=MINIMAL) are left out here
//   value   null; a number for numeric types; "b'0101'" for BIT; else text as a SELECT prints it, and {"base64": …}
//   where
//           that is no UTF-8
//
// Rows are printed as they are logged: those of a transaction that was rolled back or is prepared are among them.
// Without binlog_row_metadata=FULL the file holds no names: columns are then @1, @2, … Where it does not hold
// which integers are unsigned either (MariaDB's default, MySQL before 8.0), those past the signed range are printed as
// negative ones; a line on stderr says so at a table's first negative integer.
#ifndef RELAY_COMMAND_DECODE_COMMAND_H_
#define RELAY_COMMAND_DECODE_COMMAND_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "relay/config/config.h"

namespace relay {

struct DecodeRequest {
  std::vector<std::string> files;
  // Counts by table and operation instead of rows: {"table": …, "insert": n, "update": n, "delete": n}.
  bool summary = false;
  // "table" or "schema.table"; empty: all.
  std::string table;
  // FILE:POS, POS or a time (2026-11-24T02:58:26Z, "2026-11-24 02:58:26" in UTC); rows whose event begins before
  // `from`, or at or behind `to`, are left out. Behind a position in `to` nothing is read, so that damage there goes
  // unnoticed. FILE is one of `files`, without folders and ".gz", or numbered in one series with each of them; POS
  // holds in each file. Empty: no bound.
  std::string from;
  std::string to;
};

using TextSink = std::function<void(absl::string_view)>;

// Decodes all files in their order. `out` gets whole lines, in blocks; `err` one line for each file that cannot be read
// to its end, after the rows that stand before the damage, and for each table with a column that can't be printed,
// or measured, whose rows are left out. Returns the exit code: 1 if there was such a line; 2 with nothing
// decoded for a bound that can't be read or placed.
int DecodeFiles(const DecodeRequest& request, const TextSink& out, const TextSink& err);

// The command: files and flags of `config` to stdout and stderr.
int RunDecode(const Config& config);

}  // namespace relay

#endif  // RELAY_COMMAND_DECODE_COMMAND_H_
