// SPDX-License-Identifier: Apache-2.0
//
// What the reader makes of binlog files that real servers wrote.
#include <cstddef>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cdc/event/byte_reader.h"
#include "cdc/event/event_header.h"
#include "cdc/transaction_reader.h"
#include "gtest/gtest.h"
#include "testing/testdata.h"
#include "testing/transaction_text.h"

namespace cdc {
namespace {

using testing_support::Golden;
using testing_support::ReadResult;
using testing_support::ReadTestdata;
using testing_support::ReadTransactions;

class RecordedBinlogTest : public testing::TestWithParam<std::string> {
 protected:
  const std::string bytes_ = ReadTestdata(GetParam() + ".binlog");

  ReadResult Read(absl::string_view bytes, const TransactionReaderOptions& options = {}) const {
    return ReadTransactions(bytes, GetParam(), options);
  }
};

TEST_P(RecordedBinlogTest, GivesTheGoldenTransactions) {
  const ReadResult result = Read(bytes_);
  EXPECT_TRUE(result.status.ok()) << result.status;
  const std::string actual = absl::StrJoin(result.items, "");
  EXPECT_EQ(actual, Golden(GetParam() + ".transactions", actual));
}

TEST_P(RecordedBinlogTest, SpillsWithoutADifference) {
  TransactionReaderOptions options;
  options.memory_limit = 300;
  EXPECT_EQ(Read(bytes_, options).items, Read(bytes_).items);
}

INSTANTIATE_TEST_SUITE_P(All, RecordedBinlogTest, testing::ValuesIn(testing_support::RecordedBinlogs()),
                         [](const testing::TestParamInfo<std::string>& info) { return info.param; });

// A server was killed while it wrote a transaction.
class DiedBinlogTest : public testing::TestWithParam<std::string> {
 protected:
  DiedBinlogTest() {
    for (size_t next = kMagic; next + kEventHeaderSize <= died_.size();) {
      last_ = next;
      next += ByteReader(absl::string_view(died_).substr(next + 9, 4)).U32();
    }
  }

  static constexpr size_t kMagic = 4;
  const std::string died_ = ReadTestdata(absl::StrCat("died/", GetParam(), "_died.binlog"));
  // Where the event begins that the file ends in.
  size_t last_ = 0;
};

TEST_P(DiedBinlogTest, GivesTheTransactionsBeforeAndSaysWhereTheFileEnds) {
  const ReadResult result = ReadTransactions(died_, GetParam());
  ASSERT_EQ(result.items.size(), 2u);
  EXPECT_TRUE(absl::StrContains(result.items[1], "insert after id='1' topic='before'")) << result.items[1];
  EXPECT_EQ(result.status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StartsWith(
      result.status.message(),
      absl::StrCat("at ", GetParam(), ":", last_, ": the file ends at offset ", died_.size(), ", inside")))
      << result.status;
}

// As in a relay log, which has whole events only.
TEST_P(DiedBinlogTest, AbandonsTheTransactionAtTheNextFile) {
  const std::string next = ReadTestdata(absl::StrCat("died/", GetParam(), "_next.binlog"));
  const ReadResult result = ReadTransactions(died_.substr(0, last_) + next.substr(kMagic), GetParam());
  EXPECT_TRUE(result.status.ok()) << result.status;
  const std::string actual = absl::StrJoin(result.items, "");
  EXPECT_EQ(actual, Golden(absl::StrCat("died/", GetParam(), ".transactions"), actual));
}

INSTANTIATE_TEST_SUITE_P(All, DiedBinlogTest, testing::Values("mysql", "mariadb"),
                         [](const testing::TestParamInfo<std::string>& info) { return info.param; });

}  // namespace
}  // namespace cdc
