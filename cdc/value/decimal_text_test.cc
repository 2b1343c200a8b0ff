// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/decimal_text.h"

#include <string>

#include "absl/strings/escaping.h"
#include "cdc/event/text_buffer.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

std::string Printed(const std::string& hex, uint32_t precision, uint32_t scale, bool zerofill = false) {
  TextBuffer out;
  if (!AppendDecimal(absl::HexStringToBytes(hex), precision, scale, zerofill, &out)) return "malformed";
  return std::string(out.view());
}

TEST(DecimalTextTest, PrintsDigitsAsLogged) {
  EXPECT_EQ(Printed("8000000c0154", 12, 3), "12.340");
  EXPECT_EQ(Printed("7fffffffcd", 11, 2), "-0.50");
  EXPECT_EQ(Printed("81", 1, 0), "1");
  EXPECT_EQ(Printed("80", 1, 0), "0");
  EXPECT_EQ(Printed("89", 1, 1), "0.9");
  EXPECT_EQ(Printed("8000", 3, 2), "0.00");
}

TEST(DecimalTextTest, FillsTheWholePartOfZerofill) {
  EXPECT_EQ(Printed("80000132", 8, 2, true), "000001.50");
  EXPECT_EQ(Printed("80000132", 8, 2, false), "1.50");
}

TEST(DecimalTextTest, RefusesBytesThatAreNoNumber) {
  EXPECT_EQ(Printed("8000", 1, 0), "malformed");
  EXPECT_EQ(Printed("", 1, 0), "malformed");
  EXPECT_EQ(Printed("ff", 1, 0), "malformed") << "127 is no digit";
}

TEST(DecimalTextTest, KnowsWhatAServerCanWrite) {
  EXPECT_TRUE(IsDecimalFormat(65, 30));
  EXPECT_TRUE(IsDecimalFormat(1, 1));
  EXPECT_FALSE(IsDecimalFormat(0, 0));
  EXPECT_FALSE(IsDecimalFormat(5, 6));
  EXPECT_FALSE(IsDecimalFormat(82, 0));
  EXPECT_EQ(DecimalBytes(65, 30), 30u);
  EXPECT_EQ(DecimalBytes(10, 2), 5u);
}

}  // namespace
}  // namespace cdc
