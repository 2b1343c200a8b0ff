// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/temporal_text.h"

#include <string>

#include "absl/strings/escaping.h"
#include "cdc/event/text_buffer.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

template <typename Append, typename... Digits>
std::string Printed(Append append, const std::string& hex, Digits... digits) {
  TextBuffer out;
  if (!append(absl::HexStringToBytes(hex), digits..., &out)) return "malformed";
  return std::string(out.view());
}

TEST(TemporalTextTest, PrintsDatesAndYears) {
  EXPECT_EQ(Printed(AppendDate, "9f1f4e"), "9999-12-31");
  EXPECT_EQ(Printed(AppendDate, "000000"), "0000-00-00");
  EXPECT_EQ(Printed(AppendYear, "00"), "0000");
  EXPECT_EQ(Printed(AppendYear, "01"), "1901");
  EXPECT_EQ(Printed(AppendYear, "ff"), "2155");
}

TEST(TemporalTextTest, PrintsNegativeTimesWithFractions) {
  EXPECT_EQ(Printed(AppendTime2, "800000", 0u), "00:00:00");
  EXPECT_EQ(Printed(AppendTime2, "7fffff", 0u), "-00:00:01");
  EXPECT_EQ(Printed(AppendTime2, "7fffffff", 2u), "-00:00:00.01");
  EXPECT_EQ(Printed(AppendTime2, "7fffffffffff", 6u), "-00:00:00.000001");
  EXPECT_EQ(Printed(AppendTime2, "b46efb", 0u), "838:59:59");
}

TEST(TemporalTextTest, PrintsDatetimes) {
  EXPECT_EQ(Printed(AppendDatetime2, "fef3ff7efb", 0u), "9999-12-31 23:59:59");
  EXPECT_EQ(Printed(AppendDatetime2, "fef3ff7efb0f423f", 6u), "9999-12-31 23:59:59.999999");
  EXPECT_EQ(Printed(AppendDatetime2, "8000000000", 0u), "0000-00-00 00:00:00");
}

TEST(TemporalTextTest, PrintsTimestampsInUtc) {
  EXPECT_EQ(Printed(AppendTimestamp2, "7fffffff", 0u), "2038-01-19 03:14:07");
  EXPECT_EQ(Printed(AppendTimestamp2, "00000000", 0u), "0000-00-00 00:00:00");
  EXPECT_EQ(Printed(AppendTimestamp2, "0000000000", 2u), "0000-00-00 00:00:00.00");
  EXPECT_EQ(Printed(AppendTimestamp2, "38bc5d7f", 0u), "2000-02-29 23:59:59");
  EXPECT_EQ(Printed(AppendTimestamp2, "ffffffff", 0u), "2106-02-07 06:28:15") << "MariaDB since 11.5";
}

TEST(TemporalTextTest, PrintsTheFormatsBefore564) {
  EXPECT_EQ(Printed(AppendOldTime, "ffffff"), "-00:00:01");
  EXPECT_EQ(Printed(AppendOldDatetime, "7787d105f15a0000"), "9999-12-31 23:59:59");
  EXPECT_EQ(Printed(AppendOldTimestamp, "ffffff7f"), "2038-01-19 03:14:07");
}

TEST(TemporalTextTest, RefusesAWrongLength) {
  EXPECT_EQ(Printed(AppendDate, "0000"), "malformed");
  EXPECT_EQ(Printed(AppendTime2, "800000", 1u), "malformed");
  EXPECT_EQ(Printed(AppendDatetime2, "80000000", 0u), "malformed");
  EXPECT_EQ(Printed(AppendTimestamp2, "00000000", 7u), "malformed");
}

}  // namespace
}  // namespace cdc
