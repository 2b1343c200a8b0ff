// SPDX-License-Identifier: Apache-2.0
#include "cdc/row_log.h"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

struct Written {
  uint64_t address;
  std::string bytes;
};

void Append(RowLog* log, std::vector<Written>* written, std::string bytes) {
  written->push_back({log->end(), bytes});
  auto room = log->Append(bytes.size());
  ASSERT_TRUE(room.ok()) << room.status();
  std::memcpy(*room, bytes.data(), bytes.size());
}

void ExpectAll(RowLog* log, const std::vector<Written>& written) {
  for (const Written& record : written) {
    auto bytes = log->Read(record.address, record.bytes.size());
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    ASSERT_EQ(*bytes, record.bytes) << record.address;
  }
}

// A limit that nothing, some and all of it fits.
class RowLogTest : public testing::TestWithParam<size_t> {
 protected:
  RowLog log_{GetParam(), testing::TempDir()};
  std::vector<Written> written_;
};

TEST_P(RowLogTest, FindsEveryRecordAgain) {
  for (size_t i = 0; i < 3000; ++i) {
    Append(&log_, &written_, absl::StrCat(i, ":", std::string(i * 7919 % 700, static_cast<char>('a' + i % 26))));
  }
  Append(&log_, &written_, std::string(3000000, 'x'));
  Append(&log_, &written_, "behind a huge one");
  ExpectAll(&log_, written_);
  EXPECT_EQ(log_.spilled(), log_.end() > GetParam());
  EXPECT_LE(log_.memory_bytes(), GetParam());
}

TEST_P(RowLogTest, OverwritesAndTruncates) {
  for (size_t i = 0; i < 1000; ++i) Append(&log_, &written_, absl::StrCat("record ", 1000 + i));
  for (size_t i = 0; i < 1000; i += 3) {
    written_[i].bytes[0] = 'X';
    ASSERT_TRUE(log_.Overwrite(written_[i].address, "X").ok());
  }
  ExpectAll(&log_, written_);
  for (const size_t keep : {900, 400, 399, 7, 0}) {
    ASSERT_TRUE(log_.Truncate(written_[keep].address).ok());
    written_.resize(keep);
    ExpectAll(&log_, written_);
    for (size_t i = 0; i < 5; ++i) Append(&log_, &written_, absl::StrCat("again ", i));
    ExpectAll(&log_, written_);
  }
}

TEST_P(RowLogTest, GivesItsMemoryBackAndGoesOn) {
  for (size_t i = 0; i < 500; ++i) Append(&log_, &written_, absl::StrCat("record ", i));
  ASSERT_TRUE(log_.ReleaseMemory().ok());
  EXPECT_EQ(log_.memory_bytes(), 0u);
  ExpectAll(&log_, written_);
  // Also what was read ahead.
  for (size_t i = 0; i < 500; i += 7) {
    written_[i].bytes[0] = 'X';
    ASSERT_TRUE(log_.Overwrite(written_[i].address, "X").ok());
    ExpectAll(&log_, written_);
  }
  for (size_t i = 0; i < 500; ++i) Append(&log_, &written_, absl::StrCat("more ", i));
  ExpectAll(&log_, written_);
  log_.Clear();
  written_.clear();
  EXPECT_EQ(log_.end(), 0u);
  EXPECT_FALSE(log_.spilled());
  for (size_t i = 0; i < 500; ++i) Append(&log_, &written_, absl::StrCat("anew ", i));
  ExpectAll(&log_, written_);
}

INSTANTIATE_TEST_SUITE_P(Limits, RowLogTest, testing::Values(0, 1, 5000, 300000, 64 << 20));

TEST(RowLogTest, SaysWhereItCannotSpill) {
  RowLog log(0, "/nowhere/at/all");
  const auto room = log.Append(10);
  EXPECT_EQ(room.status().code(), absl::StatusCode::kFailedPrecondition) << "waiting makes no directory";
  EXPECT_NE(room.status().message().find("/nowhere/at/all"), std::string::npos);
  EXPECT_NE(room.status().message().find("--spill-directory/RELAY_SPILL_DIRECTORY"), std::string::npos);
}

}  // namespace
}  // namespace cdc
