// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/mariadb_compression.h"

#include <zlib.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

// With a size field of `width` bytes that says `size`.
std::string Compress(absl::string_view plain, int width, uint64_t size) {
  std::string out(1, static_cast<char>(0x80 | width));
  for (int i = width - 1; i >= 0; --i) out.push_back(static_cast<char>(size >> 8 * i));
  uLongf length = compressBound(plain.size());
  std::string packed(length, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &length, reinterpret_cast<const Bytef*>(plain.data()),
           plain.size());
  return out + packed.substr(0, length);
}

TEST(MariadbCompressionTest, UncompressesEverySize) {
  std::string out;
  for (const size_t size : {0, 1, 255, 256, 65535, 65536, 1000000, 20000000}) {
    std::string plain;
    while (plain.size() < size) absl::StrAppend(&plain, plain.size(), "x");
    plain.resize(size);
    const absl::Status status = UncompressMariadb(Compress(plain, 4, size), &out);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(out, plain);
  }
  EXPECT_TRUE(UncompressMariadb(Compress("abc", 1, 3), &out).ok());
  EXPECT_EQ(out, "abc");
}

TEST(MariadbCompressionTest, RefusesWhatDoesNotFit) {
  std::string out;
  const std::string good = Compress("some text, some text, some text", 1, 31);
  for (const std::string& bad : {std::string(), std::string("\x81"), Compress("abc", 1, 2), Compress("abc", 1, 4),
                                 Compress("abc", 4, 1u << 31), Compress("abc", 4, 5000), "\x01" + good.substr(1),
                                 "\x91" + good.substr(1), "\x85" + good.substr(1), "\x80" + good.substr(1)}) {
    EXPECT_EQ(UncompressMariadb(bad, &out).code(), absl::StatusCode::kDataLoss);
  }
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(UncompressMariadb(good.substr(0, size), &out).ok()) << size;
  }
}

}  // namespace
}  // namespace cdc
