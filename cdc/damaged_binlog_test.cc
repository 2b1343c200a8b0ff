// SPDX-License-Identifier: Apache-2.0
//
// Binlog files that real servers wrote, cut and damaged: the reader gives what stands before the damage and says where
// that is; it never crashes, and allocates no more than the file backs.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cdc/event/binlog_position.h"
#include "cdc/event/byte_reader.h"
#include "cdc/recorded_rows.h"
#include "cdc/transaction_reader.h"
#include "gtest/gtest.h"
#include "testing/counting_allocator.h"
#include "testing/testdata.h"
#include "testing/transaction_text.h"

namespace cdc {
namespace {

using testing_support::ReadResult;
using testing_support::ReadTestdata;

// What a reader has before it has read anything: the blocks of the source, the payload and the rows.
constexpr uint64_t kBuffers = 2 << 20;
constexpr size_t kMagic = 4;
constexpr size_t kHeader = 19;
constexpr size_t kChecksum = 4;
// Files up to these sizes are cut, or damaged, at every byte.
constexpr size_t kSmall = 13'200;
constexpr size_t kSmallToDamage = 8000;
// The larger ones are cut at every byte, too, when this variable is set: minutes of work.
constexpr char kEveryCut[] = "OUTBOX_EVERY_CUT";

// The tables of testing/testdata/types as they were created there.
class GoldenLayouts : public LayoutProvider {
 public:
  explicit GoldenLayouts(Golden golden) : golden_(std::move(golden)) {}

  std::vector<TableInterest> Interests() const {
    std::vector<TableInterest> interests;
    for (const auto& [table, layout] : golden_.layouts) {
      interests.push_back({"types", table, {}, "id"});
      for (const ColumnDefinition& column : layout.columns) interests.back().columns.push_back(column.name);
    }
    return interests;
  }
  absl::StatusOr<TableLayout> LayoutOf(absl::string_view, absl::string_view table, const BinlogPosition&) override {
    return golden_.layouts.at(std::string(table));
  }
  void TableChanged(absl::string_view, absl::string_view, const BinlogPosition&) override {}

 private:
  const Golden golden_;
};

std::vector<std::string> Fixtures() {
  std::vector<std::string> names = testing_support::RecordedBinlogs();
  for (const char* name : {"types/mysql_full", "types/mysql_minimal", "types/mariadb_full", "types/mariadb_minimal",
                           "outbox/outbox", "../bench/transactions"}) {
    names.push_back(name);
  }
  return names;
}

class DamagedBinlogTest : public testing::TestWithParam<std::string> {
 protected:
  DamagedBinlogTest() {
    if (absl::StartsWith(GetParam(), "types/")) {
      const bool mysql = absl::StartsWith(GetParam(), "types/mysql");
      auto layouts = std::make_unique<GoldenLayouts>(ReadGolden(mysql ? "mysql" : "mariadb"));
      interests_ = layouts->Interests();
      layouts_ = std::move(layouts);
    } else {
      layouts_ = std::make_unique<testing_support::OutboxLayouts>(/*json=*/!absl::StartsWith(GetParam(), "mysql56"));
      interests_ = {testing_support::OutboxInterest()};
      if (GetParam() == "outbox/outbox") interests_[0].schema = "shop";
    }
    for (size_t at = kMagic; at < bytes_.size();) {
      boundaries_.push_back(at);
      at += ByteReader(absl::string_view(bytes_).substr(at + 9, 4)).U32();
    }
    boundaries_.push_back(bytes_.size());
    whole_ = Read(bytes_);
  }

  void SetUp() override {
    ASSERT_TRUE(whole_.status.ok()) << whole_.status;
    ASSERT_GT(whole_.items.size(), 1u);
    for (size_t i = 0; i < whole_.items.size(); ++i) {
      // A rotation ends in another file.
      const bool here = whole_.begins[i].file == whole_.ends[i].file;
      ends_.push_back(here ? whole_.ends[i].offset : BoundaryBehind(whole_.begins[i].offset));
    }
    ASSERT_TRUE(std::is_sorted(ends_.begin(), ends_.end()));
    ASSERT_LE(ends_.back(), bytes_.size());
  }

  std::string name() const { return absl::StrCat(GetParam().substr(GetParam().rfind('/') + 1), ".binlog"); }
  ReadResult Read(absl::string_view bytes, const TransactionReaderOptions& options = {}) const {
    return testing_support::ReadTransactions(bytes, name(), interests_, layouts_.get(), options);
  }
  // As Read, and holds it to the memory that the bytes back.
  ReadResult ReadWithin(absl::string_view bytes, const TransactionReaderOptions& options = {}) const {
    testing_support::ResetPeak();
    const uint64_t before = testing_support::LiveBytes();
    ReadResult result = Read(bytes, options);
    EXPECT_LE(testing_support::PeakBytes() - before, 2 * bytes_.size() + kBuffers);
    return result;
  }

  size_t BoundaryBehind(uint64_t offset) const {
    return *std::upper_bound(boundaries_.begin(), boundaries_.end(), offset);
  }
  // Where the event begins that the byte belongs to; 0 for the magic number.
  size_t EventAt(size_t byte) const {
    return byte < kMagic ? 0 : *(std::upper_bound(boundaries_.begin(), boundaries_.end(), byte) - 1);
  }
  bool InFormatDescription(size_t byte) const { return byte >= kMagic && byte < boundaries_[1]; }
  bool Checksummed() const { return !absl::StrContains(GetParam(), "no_checksum"); }

  // The items that end at or before `offset`.
  std::vector<std::string> Before(size_t offset) const {
    const auto count = std::upper_bound(ends_.begin(), ends_.end(), offset) - ends_.begin();
    return std::vector<std::string>(whole_.items.begin(), whole_.items.begin() + count);
  }

  std::vector<size_t> Cuts() const {
    std::vector<size_t> cuts;
    if (bytes_.size() <= kSmall || std::getenv(kEveryCut) != nullptr) {
      for (size_t size = 0; size < bytes_.size(); ++size) cuts.push_back(size);
      return cuts;
    }
    for (size_t i = 0; i + 1 < boundaries_.size(); ++i) {
      for (size_t cut : {boundaries_[i] - 1, boundaries_[i], boundaries_[i] + 1, boundaries_[i] + kHeader,
                         boundaries_[i] / 2 + boundaries_[i + 1] / 2}) {
        cuts.push_back(cut);
      }
    }
    cuts.push_back(bytes_.size() - 1);
    return cuts;
  }

  // Calls visit(damaged bytes, where) for the small files' every byte, for a few hundred to a thousand of the others.
  template <typename Visit>
  void ForEachDamage(Visit visit) {
    const size_t step = bytes_.size() <= kSmallToDamage ? 1 : bytes_.size() < 50000 ? 17 : bytes_.size() / 400;
    std::string damaged = bytes_;
    for (size_t i = 0; i < bytes_.size(); i += i < kSmallToDamage / 20 ? 1 : step) {
      std::vector<int> masks = {1 << i % 8, 0xFF};
      if (InFormatDescription(i)) masks = {1, 2, 4, 8, 16, 32, 64, 128, 0xFF};
      for (const int mask : masks) {
        SCOPED_TRACE(absl::StrCat("byte ", i, " mask ", mask));
        damaged[i] = static_cast<char>(bytes_[i] ^ mask);
        visit(damaged, i);
        if (HasFailure()) return;
      }
      damaged[i] = bytes_[i];
    }
  }

  const std::string bytes_ = ReadTestdata(GetParam() + ".binlog");
  std::vector<TableInterest> interests_;
  std::unique_ptr<LayoutProvider> layouts_;
  // Where each event begins, and the end.
  std::vector<size_t> boundaries_;
  ReadResult whole_;
  // Where in this file each item is complete.
  std::vector<size_t> ends_;
};

TEST_P(DamagedBinlogTest, GivesWhatStandsBeforeEveryCutAndSaysWhereItIs) {
  for (const size_t size : Cuts()) {
    SCOPED_TRACE(absl::StrCat("cut at ", size));
    const ReadResult result = ReadWithin(absl::string_view(bytes_).substr(0, size));
    ASSERT_EQ(absl::StrJoin(result.items, ""), size < kMagic ? "" : absl::StrJoin(Before(size), ""));
    const bool between = std::binary_search(boundaries_.begin(), boundaries_.end(), size);
    ASSERT_EQ(result.status.ok(), between) << result.status;
    if (between || size < kMagic) continue;
    ASSERT_EQ(result.status.code(), absl::StatusCode::kDataLoss) << result.status;
    const std::string place = absl::StrCat("at ", name(), ":", EventAt(size), ": the file ends at offset ", size, ",");
    ASSERT_TRUE(absl::StrContains(result.status.message(), place)) << result.status;
  }
}

TEST_P(DamagedBinlogTest, NoticesEveryDamagedByteThatAChecksumCovers) {
  ForEachDamage([&](absl::string_view damaged, size_t byte) {
    const ReadResult result = ReadWithin(damaged);
    const size_t event = EventAt(byte);
    // The in-use flag is cleared in place when a file is closed, so that no checksum may cover it.
    const int flipped = bytes_[byte] ^ damaged[byte];
    if (InFormatDescription(byte) && byte == kMagic + 17 && flipped == 1) {
      ASSERT_TRUE(result.status.ok()) << result.status;
      ASSERT_EQ(result.items, whole_.items);
      return;
    }
    const std::vector<std::string> before = byte < kMagic ? std::vector<std::string>() : Before(event);
    // Without checksums a value may change and nobody can tell; what stands before it may not.
    if (!Checksummed() && byte >= kMagic && !InFormatDescription(byte)) {
      ASSERT_GE(result.items.size(), before.size()) << result.status;
      ASSERT_TRUE(std::equal(before.begin(), before.end(), result.items.begin())) << absl::StrJoin(result.items, "");
      return;
    }
    ASSERT_FALSE(result.status.ok()) << absl::StrJoin(result.items, "");
    ASSERT_EQ(absl::StrJoin(result.items, ""), absl::StrJoin(before, "")) << result.status;
    if (byte < kMagic) return;
    const std::string place = absl::StrCat("at ", name(), ":", event, ":");
    ASSERT_TRUE(absl::StrContains(result.status.message(), place)) << result.status;
  });
}

// Behind the checksum, so that the parsers meet the damage.
TEST_P(DamagedBinlogTest, KeepsWhatStandsBeforeADamagedByteUnverified) {
  TransactionReaderOptions options;
  options.verify_checksums = false;
  ASSERT_EQ(Read(bytes_, options).items, whole_.items);
  ForEachDamage([&](absl::string_view damaged, size_t byte) {
    const ReadResult result = ReadWithin(damaged, options);
    if (byte < kMagic) {
      ASSERT_FALSE(result.status.ok());
      return;
    }
    const std::vector<std::string> before = Before(EventAt(byte));
    ASSERT_GE(result.items.size(), before.size()) << result.status;
    ASSERT_TRUE(std::equal(before.begin(), before.end(), result.items.begin())) << absl::StrJoin(result.items, "");
    if (!Checksummed() || byte + kChecksum < BoundaryBehind(byte)) return;
    ASSERT_TRUE(result.status.ok()) << result.status;
    ASSERT_EQ(result.items, whole_.items) << "the checksum alone is damaged";
  });
}

INSTANTIATE_TEST_SUITE_P(All, DamagedBinlogTest, testing::ValuesIn(Fixtures()),
                         [](const testing::TestParamInfo<std::string>& info) {
                           return absl::StrReplaceAll(info.param, {{"../", ""}, {"/", "_"}});
                         });

}  // namespace
}  // namespace cdc
