// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/text_buffer.h"

#include <string>

#include "gtest/gtest.h"

namespace cdc {
namespace {

TEST(TextBufferTest, AppendsAndKeepsItsMemory) {
  TextBuffer buffer;
  buffer.Append("abc");
  buffer.Append('d');
  buffer.Append(3, 'e');
  EXPECT_EQ(buffer.view(), "abcdeee");
  EXPECT_EQ(buffer.view(1, 4), "bcd");
  const size_t capacity = buffer.capacity();
  buffer.Clear();
  EXPECT_EQ(buffer.view(), "");
  EXPECT_EQ(buffer.capacity(), capacity);
}

TEST(TextBufferTest, GrowsAroundWhatItHolds) {
  TextBuffer buffer;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    buffer.Append("0123456789");
    expected += "0123456789";
  }
  EXPECT_EQ(buffer.view(), expected);
}

TEST(TextBufferTest, CommitsWhatWasWrittenIntoItsRoom) {
  TextBuffer buffer;
  buffer.Append("x");
  char* room = buffer.Reserve(100);
  room[0] = 'y';
  buffer.Commit(room + 1);
  EXPECT_EQ(buffer.view(), "xy");
}

TEST(TextBufferTest, TrimGivesBackWhatOneGreatTextLeftBehind) {
  TextBuffer buffer;
  buffer.Append(1000, 'x');
  buffer.Trim(500);
  EXPECT_EQ(buffer.size(), 1000u) << "still in use";
  buffer.Clear();
  buffer.Append("y");
  buffer.Trim(5000);
  EXPECT_EQ(buffer.view(), "y") << "small enough to keep";
  buffer.Trim(500);
  EXPECT_EQ(buffer.capacity(), 0u);
  buffer.Append("z");
  EXPECT_EQ(buffer.view(), "z");
}

}  // namespace
}  // namespace cdc
