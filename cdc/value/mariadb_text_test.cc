// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/mariadb_text.h"

#include <string>

#include "absl/strings/escaping.h"
#include "cdc/event/text_buffer.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

using Printer = bool (*)(absl::string_view, TextBuffer*);

std::string Printed(Printer print, const std::string& hex) {
  TextBuffer out;
  return print(absl::HexStringToBytes(hex), &out) ? std::string(out.view()) : "malformed";
}

TEST(MariaDbTextTest, PrintsAddressesWithoutTheirTrailingZeros) {
  EXPECT_EQ(Printed(AppendInet4, "0a"), "10.0.0.0");
  EXPECT_EQ(Printed(AppendInet4, ""), "0.0.0.0");
  EXPECT_EQ(Printed(AppendInet6, ""), "::");
  EXPECT_EQ(Printed(AppendInet6, "0001000000000002"), "1:0:0:2::");
}

TEST(MariaDbTextTest, ShortensTheFirstLongestRunOfZeros) {
  EXPECT_EQ(Printed(AppendInet6, "00000000000000000000000000000001"), "::1");
  EXPECT_EQ(Printed(AppendInet6, "20010db8000000000001000000000001"), "2001:db8::1:0:0:1");
  EXPECT_EQ(Printed(AppendInet6, "00010000000200030004000500060007"), "1::2:3:4:5:6:7");
}

TEST(MariaDbTextTest, PrintsIpv4InsideIpv6WithDots) {
  EXPECT_EQ(Printed(AppendInet6, "00000000000000000000ffff01020300"), "::ffff:1.2.3.0");
  EXPECT_EQ(Printed(AppendInet6, "00000000000000000000000001020304"), "::1.2.3.4");
}

TEST(MariaDbTextTest, PrintsUuids) {
  EXPECT_EQ(Printed(AppendUuid, "123e4567e89b12d3a456426655440000"), "123e4567-e89b-12d3-a456-426655440000");
  EXPECT_EQ(Printed(AppendUuid, ""), "00000000-0000-0000-0000-000000000000");
}

TEST(MariaDbTextTest, RefusesWhatIsTooLong) {
  EXPECT_EQ(Printed(AppendInet4, "0102030405"), "malformed");
  EXPECT_EQ(Printed(AppendUuid, std::string(34, '0')), "malformed");
}

}  // namespace
}  // namespace cdc
