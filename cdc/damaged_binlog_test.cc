// SPDX-License-Identifier: Apache-2.0
//
// Binlog files that real servers wrote, cut at every byte and damaged in every byte: the reader says so, or gives the
// right rows, and never crashes.
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "cdc/transaction_reader.h"
#include "gtest/gtest.h"
#include "testing/counting_allocator.h"
#include "testing/testdata.h"
#include "testing/transaction_text.h"

namespace cdc {
namespace {

using testing_support::ReadResult;
using testing_support::ReadTestdata;
using testing_support::ReadTransactions;

// What a reader has before it has read anything: the blocks of the source, the payload and the rows.
constexpr uint64_t kBuffers = 2 << 20;

class DamagedBinlogTest : public testing::TestWithParam<std::string> {
 protected:
  const std::string bytes_ = ReadTestdata(GetParam() + ".binlog");

  ReadResult Read(absl::string_view bytes, const TransactionReaderOptions& options = {}) const {
    return ReadTransactions(bytes, GetParam(), options);
  }
  // Every byte of the small files, every 37th of the larger ones.
  size_t Step() const { return bytes_.size() <= 3000 ? 1 : 37; }

  static bool IsPrefix(const std::vector<std::string>& part, const std::vector<std::string>& whole) {
    return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
  }
};

TEST_P(DamagedBinlogTest, GivesWhatStandsBeforeEveryCut) {
  const std::vector<std::string> whole = Read(bytes_).items;
  for (size_t size = 0; size < bytes_.size(); ++size) {
    const ReadResult result = Read(absl::string_view(bytes_).substr(0, size));
    ASSERT_TRUE(IsPrefix(result.items, whole)) << "cut at " << size;
  }
}

TEST_P(DamagedBinlogTest, NoticesEveryDamagedByteOrGivesTheRightRows) {
  const bool checksummed = GetParam().find("no_checksum") == std::string::npos;
  const std::vector<std::string> whole = Read(bytes_).items;
  std::string damaged = bytes_;
  for (size_t i = 0; i < bytes_.size(); i += Step()) {
    for (const int mask : {1 << i % 8, 0xFF}) {
      damaged[i] = static_cast<char>(bytes_[i] ^ mask);
      const ReadResult result = Read(damaged);
      if (checksummed) {
        ASSERT_TRUE(IsPrefix(result.items, whole)) << "byte " << i << " mask " << mask << "\n"
                                                   << absl::StrJoin(result.items, "");
      }
    }
    damaged[i] = bytes_[i];
  }
}

// Behind the checksum, so that the parsers meet the damage. No damage may make them allocate what the file does not
// back.
TEST_P(DamagedBinlogTest, SurvivesEveryDamagedByteUnverified) {
  TransactionReaderOptions options;
  options.verify_checksums = false;
  std::string damaged = bytes_;
  for (size_t i = 0; i < bytes_.size(); i += Step()) {
    for (const int mask : {1 << i % 8, 0xFF}) {
      damaged[i] = static_cast<char>(bytes_[i] ^ mask);
      testing_support::ResetPeak();
      const uint64_t before = testing_support::LiveBytes();
      Read(damaged, options);
      ASSERT_LE(testing_support::PeakBytes() - before, 2 * bytes_.size() + kBuffers) << "byte " << i;
    }
    damaged[i] = bytes_[i];
  }
}

INSTANTIATE_TEST_SUITE_P(All, DamagedBinlogTest, testing::ValuesIn(testing_support::RecordedBinlogs()),
                         [](const testing::TestParamInfo<std::string>& info) { return info.param; });

}  // namespace
}  // namespace cdc
