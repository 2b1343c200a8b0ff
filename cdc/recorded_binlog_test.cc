// SPDX-License-Identifier: Apache-2.0
//
// What the reader makes of binlog files that real servers wrote.
#include <string>

#include "absl/strings/str_join.h"
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

}  // namespace
}  // namespace cdc
