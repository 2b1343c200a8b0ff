// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/client_charset.h"

#include "gtest/gtest.h"

namespace cdc {
namespace {

constexpr uint32_t kBig5 = 1, kLatin1 = 8, kSjis = 13, kGbk = 28, kUtf8mb4 = 45, kCp932 = 95, kGb18030 = 248;

// Of the character that `text` begins with.
size_t Size(uint32_t collation, absl::string_view text) {
  // Behind it stands what is no UTF-8.
  return ClientCharset(collation, "\xFF").CharacterSize(text);
}

TEST(ClientCharsetTest, KnowsCharactersWhoseLaterBytesAreAscii) {
  EXPECT_EQ(Size(kBig5, "\xA5\x5C'"), 2u);
  EXPECT_EQ(Size(kSjis, "\x95\x5C'"), 2u);
  EXPECT_EQ(Size(kCp932, "\x83\x60'"), 2u);
  EXPECT_EQ(Size(kGbk, "\xD5\x5C'"), 2u);
  EXPECT_EQ(Size(kGb18030, "\xD5\x5C'"), 2u);
  EXPECT_EQ(Size(kGb18030, "\x81\x30\x81\x30'"), 4u);
}

TEST(ClientCharsetTest, TakesWhatIsNoCharacterForBytes) {
  for (const uint32_t collation : {kBig5, kSjis, kCp932, kGbk, kGb18030}) {
    EXPECT_EQ(Size(collation, "\\'"), 1u) << collation;
    EXPECT_EQ(Size(collation, "\xE0"), 1u) << collation;
    EXPECT_EQ(Size(collation, "\xE0'"), 1u) << collation;
    EXPECT_EQ(Size(collation, "\x80\x5C"), 1u) << collation;
  }
  EXPECT_EQ(Size(kSjis, "\xB1\x5C"), 1u) << "half-width kana";
  EXPECT_EQ(Size(kBig5, "\x81\x5C"), 1u);
  EXPECT_EQ(Size(kGbk, "\x81\x30\x81\x30"), 1u);
  EXPECT_EQ(Size(kGb18030, "\x81\x30\x81"), 1u);
  for (const uint32_t collation : {0u, kLatin1, kUtf8mb4, 9999u})
    EXPECT_EQ(Size(collation, "\xD5\x5C"), 1u) << collation;
}

TEST(ClientCharsetTest, ReadsUtf8AsSuchWhateverTheNumber) {
  const ClientCharset charset(kGbk, "`\xE4\xB9\xA3` varchar(1)");
  EXPECT_EQ(charset.CharacterSize("\xA3`"), 1u);
  EXPECT_EQ(charset.NameToUtf8("\xE4\xB9\xA3"), "\xE4\xB9\xA3");
}

TEST(ClientCharsetTest, ConvertsNames) {
  EXPECT_EQ(ClientCharset(kGbk, "\x81\x60").NameToUtf8("\x81\x60"), "\xE4\xB9\xA3");
  EXPECT_EQ(ClientCharset(kLatin1, "\xFC").NameToUtf8("k\xFC"), "k\xC3\xBC");
  EXPECT_EQ(ClientCharset(kGbk, "\xD5\x5C").NameToUtf8("\xC1\xAA\xCD\xA8"), "\xE8\x81\x94\xE9\x80\x9A")
      << "bytes that could be UTF-8, in a text that is none";
  EXPECT_EQ(ClientCharset(kLatin1, "\xFC").NameToUtf8("plain"), "plain");
  EXPECT_EQ(ClientCharset(0, "\xFC").NameToUtf8("\xFC"), "\xFC");
}

}  // namespace
}  // namespace cdc
