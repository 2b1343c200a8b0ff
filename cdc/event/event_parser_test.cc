// SPDX-License-Identifier: Apache-2.0
//
// What recorded files do not hold; recorded_binlog_test.cc has the rest.
#include "cdc/event/event_parser.h"

#include <string>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/event_writer.h"

namespace cdc {
namespace {

using testing::HasSubstr;
using testing_support::EventWriter;

class EventParserTest : public testing::Test {
 protected:
  EventParserTest() { EXPECT_TRUE(parser_.Parse(w_.FormatDescription()).ok()); }

  absl::StatusOr<const Event*> Parse(EventType type, absl::string_view body) {
    raw_ = w_.Event(type, body);
    return parser_.Parse(raw_);
  }
  absl::Status Error(EventType type, absl::string_view body) { return Parse(type, body).status(); }

  EventWriter w_;
  EventParser parser_;
  std::string raw_;
};

TEST_F(EventParserTest, CountsTheTypesByTheListItself) {
  EXPECT_EQ(parser_.format().post_header_lengths.size(), 42u);
  EXPECT_EQ(parser_.format().PostHeaderLength(EventType::kWriteRows), 10);
  EXPECT_EQ(parser_.format().PostHeaderLength(EventType::kGtidList), 0);
  EXPECT_EQ(parser_.format().checksum, FormatDescription::Checksum::kCrc32);
  EXPECT_FALSE(parser_.format().is_mariadb());
}

// 5.5 and older: no checksum algorithm, 27 types.
TEST_F(EventParserTest, ReadsAFormatDescriptionFromBeforeChecksums) {
  std::string body(
      "\x04\0"
      "5.5.62-log",
      12);
  body.resize(56);
  body += "\x13";
  std::string lengths(27, '\x08');
  lengths[14] = 84;
  body += lengths;
  EventWriter old(false);
  std::string raw = old.Event(EventType::kFormatDescription, body);
  raw.resize(raw.size() - 4);  // The writer's checksum.
  raw[9] = static_cast<char>(raw.size());
  const auto event = parser_.Parse(raw);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(parser_.format().server_version, "5.5.62-log");
  EXPECT_EQ(parser_.format().checksum, FormatDescription::Checksum::kNone);
  EXPECT_EQ(parser_.format().post_header_lengths.size(), 27u);
}

TEST_F(EventParserTest, AcceptsAFormatDescriptionOfAFileInUse) {
  std::string raw = w_.FormatDescription();
  raw[17] = 1;  // Set after the checksum was made, as servers do.
  EXPECT_TRUE(parser_.Parse(raw).ok());
  EXPECT_TRUE(parser_.format().in_use);
  raw[30] ^= 1;
  EXPECT_EQ(parser_.Parse(raw).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(EventParserTest, FindsOutWhetherAFirstRotateHasAChecksum) {
  for (const bool checksums : {false, true}) {
    EventParser parser;
    EventWriter w(checksums);
    const std::string raw = w.Rotate("binlog.000007", 158, true);
    const auto event = parser.Parse(raw);
    ASSERT_TRUE(event.ok()) << event.status();
    const auto& rotate = std::get<RotateEvent>((*event)->body);
    EXPECT_EQ(rotate.file, "binlog.000007");
    EXPECT_EQ(rotate.offset, 158u);
  }
}

TEST_F(EventParserTest, RefusesEventsBeforeAFormatDescription) {
  EventParser parser;
  EXPECT_THAT(parser.Parse(w_.Xid()).status().message(), HasSubstr("XID event before any FORMAT_DESCRIPTION"));
}

// The example of a server's tagged GTID: 911ea5f6-…, tag abc, number 1.
TEST_F(EventParserTest, ReadsATaggedGtidAndSkipsWhatMayBeIgnored) {
  const std::string fields = absl::HexStringToBytes(
      "0002"
      "02"
      "4502"
      "3c"
      "9502"
      "d903"
      "9d03"
      "ca"
      "22"
      "c503"
      "d102"
      "f903"
      "04"
      "f103"
      "00"
      "00"
      "00"
      "02"
      "0404"
      "0606616263"
      "0814"
      "0a3c");
  const auto make = [](uint8_t last, absl::string_view content) {
    // Version, size and last non-ignorable field, each a varuint of one byte.
    return absl::StrCat(std::string(1, 2), std::string(1, static_cast<char>((content.size() + 3) << 1)),
                        std::string(1, static_cast<char>(last << 1)), content);
  };
  const std::string without_flags = absl::StrCat(std::string("\0\2", 2), fields.substr(2));
  auto event = Parse(EventType::kGtidTagged, make(0, without_flags));
  ASSERT_TRUE(event.ok()) << event.status();
  Gtid gtid;
  std::get<GtidEvent>((*event)->body).CopyTo(&gtid);
  EXPECT_EQ(gtid.tag, "abc");
  EXPECT_EQ(gtid.number, 1u);
  // Field 20 of a later version.
  event = Parse(EventType::kGtidTagged, make(3, absl::StrCat(without_flags, "\x28 anything")));
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(std::get<GtidEvent>((*event)->body).tag, "abc");
  EXPECT_EQ(Error(EventType::kGtidTagged, make(20, without_flags)).code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(Error(EventType::kGtidTagged, make(0, without_flags.substr(0, 12))).code(), absl::StatusCode::kDataLoss);
}

TEST_F(EventParserTest, ReadsBothHeartbeats) {
  auto event = parser_.Parse(raw_ = w_.Heartbeat("binlog.000003", 4711));
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(std::get<HeartbeatEvent>((*event)->body).offset, 4711u);
  EXPECT_FALSE(std::get<HeartbeatEvent>((*event)->body).offset_is_whole);
  event = Parse(EventType::kHeartbeatV2, absl::StrCat("\x01\x08"
                                                      "binlog.3"
                                                      "\x07\x02zz"
                                                      "\x02\x09\xFE",
                                                      std::string("\0\0\0\0\1\0\0\0", 8), std::string(1, '\0')));
  ASSERT_TRUE(event.ok()) << event.status();
  const auto& heartbeat = std::get<HeartbeatEvent>((*event)->body);
  EXPECT_EQ(heartbeat.file, "binlog.3");
  EXPECT_EQ(heartbeat.offset, uint64_t{1} << 32);
  EXPECT_TRUE(heartbeat.offset_is_whole);
  EXPECT_EQ(Error(EventType::kHeartbeatV2,
                  "\x01\x08"
                  "bin")
                .code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(EventParserTest, ReadsMariaDbsHeartbeatPastFourGigabytes) {
  std::string lengths(171, '\x08');
  lengths[14] = static_cast<char>(57 + 171);
  std::string head(
      "\x04\0"
      "10.11.18-MariaDB",
      18);
  head.resize(56);
  raw_ = w_.Event(EventType::kFormatDescription, absl::StrCat(head, "\x13", lengths, "\x01"));
  ASSERT_TRUE(parser_.Parse(raw_).ok());
  ASSERT_TRUE(parser_.format().is_mariadb());
  const uint64_t place = (uint64_t{5} << 32) + 7;
  std::string body(8, '\0');
  body[0] = 7;
  body[4] = 5;
  raw_ = w_.Heartbeat(body + "binlog.000003", 0);
  auto event = parser_.Parse(raw_);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(std::get<HeartbeatEvent>((*event)->body).file, "binlog.000003");
  EXPECT_EQ(std::get<HeartbeatEvent>((*event)->body).offset, place);
  EXPECT_TRUE(std::get<HeartbeatEvent>((*event)->body).offset_is_whole);
  raw_ = w_.Heartbeat("binlog.000003", 4711);
  event = parser_.Parse(raw_);
  EXPECT_EQ(std::get<HeartbeatEvent>((*event)->body).file, "binlog.000003");
  EXPECT_EQ(std::get<HeartbeatEvent>((*event)->body).offset, 4711u);
}

// Their content is of no use here: an encoding of the future must not stop the stream.
TEST_F(EventParserTest, SkipsWhatEarlierFilesHold) {
  for (const EventType type : {EventType::kPreviousGtids, EventType::kGtidList}) {
    const auto event = Parse(type, "\x07 anything");
    ASSERT_TRUE(event.ok()) << event.status();
    EXPECT_TRUE(std::holds_alternative<SkippedEvent>((*event)->body));
  }
}

TEST_F(EventParserTest, ReadsGtidsOfOlderServers) {
  const std::string id = absl::StrCat(std::string(1, 1), std::string(16, 'u'), std::string("\x05\0\0\0\0\0\0\0", 8));
  auto event = Parse(EventType::kGtid, id);  // 5.6
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(std::get<GtidEvent>((*event)->body).number, 5u);
  EXPECT_EQ(std::get<GtidEvent>((*event)->body).immediate_commit_us, 0u);
  event = Parse(EventType::kGtid, absl::StrCat(id, "\x02", std::string(16, '\0')));  // 5.7
  ASSERT_TRUE(event.ok()) << event.status();
  // 8.0 on a replica: the original's time stands behind.
  event = Parse(EventType::kGtid, absl::StrCat(id, "\x02", std::string(16, '\0'), std::string("\x07\0\0\0\0\0\x80", 7),
                                               std::string("\x09\0\0\0\0\0\0", 7), "\xFA"));
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(std::get<GtidEvent>((*event)->body).immediate_commit_us, 7u);
  EXPECT_EQ(std::get<GtidEvent>((*event)->body).transaction_length, 250u);
}

TEST_F(EventParserTest, SkipsByNameAndRefusesTheUnknown) {
  for (const EventType type :
       {EventType::kIntvar, EventType::kRand, EventType::kUserVar, EventType::kBeginLoadQuery, EventType::kAppendBlock,
        EventType::kViewChange, EventType::kTransactionContext, EventType::kIgnorable, EventType::kBinlogCheckpoint}) {
    const auto event = Parse(type, "whatever");
    ASSERT_TRUE(event.ok()) << event.status();
    EXPECT_TRUE(std::holds_alternative<SkippedEvent>((*event)->body)) << EventTypeName(type);
  }
  EXPECT_EQ(Error(static_cast<EventType>(43), "x").code(), absl::StatusCode::kUnimplemented);
  w_.flags = kEventFlagIgnorable;
  EXPECT_TRUE(Parse(static_cast<EventType>(43), "x").ok());
}

TEST_F(EventParserTest, RefusesAnUnknownCompression) {
  EXPECT_EQ(
      Error(EventType::kTransactionPayload, absl::StrCat("\x02\x01\x07\x01\x01\x01", std::string(1, '\0'), "x")).code(),
      absl::StatusCode::kUnimplemented);
  EXPECT_EQ(Error(EventType::kTransactionPayload, absl::StrCat("\x02\x01\x07", std::string(1, '\0'))).code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(EventParserTest, VerifiesChecksumsUnlessToldNotTo) {
  std::string raw = w_.Xid();
  raw[22] ^= 1;
  EXPECT_THAT(parser_.Parse(raw).status().message(), HasSubstr("wrong checksum of a XID event"));
  EventParser lenient(/*verify_checksums=*/false);
  ASSERT_TRUE(lenient.Parse(w_.FormatDescription()).ok());
  EXPECT_TRUE(lenient.Parse(raw).ok());
}

}  // namespace
}  // namespace cdc
