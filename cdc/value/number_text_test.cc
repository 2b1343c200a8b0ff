// SPDX-License-Identifier: Apache-2.0
#include "cdc/value/number_text.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>

#include "absl/strings/string_view.h"
#include "cdc/event/text_buffer.h"
#include "gtest/gtest.h"

namespace cdc {
namespace {

template <typename Append, typename... Values>
std::string Printed(Append append, Values... values) {
  TextBuffer out;
  append(values..., &out);
  return std::string(out.view());
}

TEST(NumberTextTest, PrintsIntegersToTheirEnds) {
  EXPECT_EQ(Printed(AppendInteger, std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(Printed(AppendUnsigned, std::numeric_limits<uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(Printed(AppendZerofilled, uint64_t{7}, 5u), "00007");
  EXPECT_EQ(Printed(AppendZerofilled, uint64_t{1234567}, 5u), "1234567");
}

// Each of these was printed by MySQL 9.7.
TEST(NumberTextTest, PrintsDoublesWithTheFewestDigitsInTheServersForm) {
  EXPECT_EQ(Printed(AppendDouble, 1.0), "1");
  EXPECT_EQ(Printed(AppendDouble, 0.1), "0.1");
  EXPECT_EQ(Printed(AppendDouble, -0.0), "-0");
  EXPECT_EQ(Printed(AppendDouble, 1e100), "1e100");
  EXPECT_EQ(Printed(AppendDouble, 1e15), "1e15");
  EXPECT_EQ(Printed(AppendDouble, 1e14), "100000000000000");
  EXPECT_EQ(Printed(AppendDouble, 1e-15), "0.000000000000001");
  EXPECT_EQ(Printed(AppendDouble, 1e-16), "1e-16");
  EXPECT_EQ(Printed(AppendDouble, 1234567890123456.5), "1234567890123456.5");
  EXPECT_EQ(Printed(AppendDouble, 9.999999999999998e15), "9.999999999999998e15");
  EXPECT_EQ(Printed(AppendDouble, 2.2250738585072014e-308), "2.2250738585072014e-308");
  EXPECT_EQ(Printed(AppendDouble, 5e-324), "5e-324");
}

TEST(NumberTextTest, DigitsAreTheFewestThatReadBack) {
  std::mt19937_64 random(20261124);
  for (int i = 0; i < 200000; ++i) {
    // Short decimals, their neighbours, and anything.
    double value =
        static_cast<double>(random() >> (random() % 54 + 10)) / std::pow(10.0, static_cast<int>(random() % 9));
    if (i % 3 == 1) value = std::nextafter(value, 1e300);
    if (i % 3 == 2) {
      const uint64_t bits = random() & 0x7fefffffffffffff;
      std::memcpy(&value, &bits, sizeof(value));
    }
    char expected[32];
    const std::to_chars_result end =
        std::to_chars(expected, expected + sizeof(expected), value, std::chars_format::scientific);
    const std::string text = Printed(AppendDouble, value);
    double again = 0;
    std::from_chars(text.data(), text.data() + text.size(), again);
    ASSERT_EQ(again, value) << text;
    // The same significant digits, wherever the point stands.
    auto digits_of = [](absl::string_view number) {
      std::string digits;
      for (char c : number.substr(0, number.find('e'))) {
        if (c != '.' && (c != '0' || !digits.empty())) digits.push_back(c);
      }
      while (!digits.empty() && digits.back() == '0') digits.pop_back();
      return digits;
    };
    ASSERT_EQ(digits_of(text), digits_of(absl::string_view(expected, end.ptr - expected))) << text;
  }
}

TEST(NumberTextTest, DoublesOfDocumentsNeverLookLikeIntegers) {
  EXPECT_EQ(Printed(AppendJsonDouble, 1.0), "1.0");
  EXPECT_EQ(Printed(AppendJsonDouble, -0.0), "-0.0");
  EXPECT_EQ(Printed(AppendJsonDouble, 1e14), "100000000000000.0");
  EXPECT_EQ(Printed(AppendJsonDouble, 1e15), "1e15");
  EXPECT_EQ(Printed(AppendJsonDouble, 1.5), "1.5");
}

TEST(NumberTextTest, FloatsHaveSixDigits) {
  EXPECT_EQ(Printed(AppendFloat, 0.1f), "0.1");
  EXPECT_EQ(Printed(AppendFloat, 16777216.0f), "16777200");
  EXPECT_EQ(Printed(AppendFloat, 1000005.0f), "1000000");
  EXPECT_EQ(Printed(AppendFloat, -3.40282e38f), "-3.40282e38");
  EXPECT_EQ(Printed(AppendFloat, 1e-10f), "0.0000000001");
}

TEST(NumberTextTest, FixedDecimalsAreFilledWithZerosNotWithNoise) {
  EXPECT_EQ(Printed(AppendFixed, 0.1, 20u), "0.10000000000000000000");
  EXPECT_EQ(Printed(AppendFixed, 1e15, 4u), "1000000000000000.0000");
  EXPECT_EQ(Printed(AppendFixed, -1234567890123456.7891, 4u), "-1234567890123456.8000");
  EXPECT_EQ(Printed(AppendFixed, 0.0, 0u), "0");
  EXPECT_EQ(Printed(AppendFixed, 12.5, 0u), "12");
  EXPECT_EQ(Printed(AppendFixed, 0.0005, 5u), "0.00050");
  EXPECT_EQ(Printed(AppendFixed, 0.0005, 3u), "0.001");
}

TEST(NumberTextTest, WhatIsNoNumberPrintsAsZero) {
  EXPECT_EQ(Printed(AppendDouble, std::numeric_limits<double>::infinity()), "0");
  EXPECT_EQ(Printed(AppendFloat, std::numeric_limits<float>::quiet_NaN()), "0");
  EXPECT_EQ(Printed(AppendFixed, -std::numeric_limits<double>::infinity(), 3u), "0");
}

}  // namespace
}  // namespace cdc
