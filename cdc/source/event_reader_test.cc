// SPDX-License-Identifier: Apache-2.0
#include "cdc/source/event_reader.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/event_writer.h"

namespace cdc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::EventList;
using testing_support::EventWriter;

// Type, begin and end of each event.
std::vector<std::string> Places(EventSource* source, absl::Status* status = nullptr) {
  EventReader reader(source, true);
  std::vector<std::string> out;
  while (true) {
    auto event = reader.Next();
    if (status != nullptr) *status = event.status();
    if (!event.ok() || *event == nullptr) return out;
    out.push_back(absl::StrCat(EventTypeName((*event)->header.type), " ", reader.begin().ToString(), " ",
                               reader.end().ToString()));
  }
}

TEST(EventReaderTest, TakesThePositionsThatAServerTells) {
  EventWriter w;
  EventList events;
  events.Add(w.Rotate("b.1", 4, true));
  events.Add(w.FormatDescription());
  // A dump by GTID set leaves transactions out and says so by a heartbeat, or not at all.
  w.offset = 1000;
  events.Add(w.Heartbeat("b.1", 1000));
  events.Add(w.Xid());
  w.offset = 2000;
  events.Add(w.Xid());
  events.Add(w.Rotate("b.2", 4, false));
  EXPECT_THAT(Places(&events), ElementsAre("ROTATE (no position) b.1:4", "FORMAT_DESCRIPTION b.1:4 b.1:127",
                                           "HEARTBEAT b.1:127 b.1:1000", "XID b.1:1000 b.1:1031",
                                           "XID b.1:2000 b.1:2031", "ROTATE b.1:2031 b.2:4"));
}

TEST(EventReaderTest, StaysWhereADumpBeginsInsideAFile) {
  for (const uint64_t start : {uint64_t{1000}, uint64_t{3} << 30}) {
    EventWriter w;
    EventList events;
    const std::string format = w.FormatDescription();  // With its own place in the file, 127.
    events.Add(w.Rotate("b.1", start, true));
    events.Add(format);
    events.Add(w.Xid());
    EXPECT_THAT(Places(&events), ElementsAre(absl::StrCat("ROTATE (no position) b.1:", start),
                                             absl::StrCat("FORMAT_DESCRIPTION b.1:", start, " b.1:", start),
                                             absl::StrCat("XID b.1:", start, " b.1:", start + 31)));
  }
}

TEST(EventReaderTest, SumsTheLengthsInAFile) {
  EventWriter w;
  EventList events;
  events.set_contiguous(true);
  events.Add(w.Rotate("b.1", 4, true));
  events.Add(w.FormatDescription());
  // A relay log: positions are those of another server's file, and that server's ROTATE stands in it.
  events.Add(w.Rotate("other.7", 999, true));
  w.offset = 777;
  events.Add(w.Xid());
  const std::string rotate = w.Rotate("x", 0, true);
  EXPECT_THAT(Places(&events), ElementsAre("ROTATE (no position) b.1:4", "FORMAT_DESCRIPTION b.1:4 b.1:127",
                                           "ROTATE b.1:127 b.1:165", "XID b.1:165 b.1:196"));
}

TEST(EventReaderTest, FollowsTheRotateOfARelayLogAndNotItsSources) {
  EventWriter w;
  EventList events;
  events.set_contiguous(true);
  events.Add(w.Rotate("relay.1", 4, true));
  w.flags = kEventFlagRelayLog;
  events.Add(w.FormatDescription());
  w.flags = 0;
  events.Add(w.Rotate("source.7", 999, false));
  events.Add(w.FormatDescription());
  events.Add(w.Xid());
  w.flags = kEventFlagRelayLog;
  events.Add(w.Event(EventType::kRotate, std::string("\x04\0\0\0\0\0\0\0relay.2", 15)));
  EXPECT_THAT(Places(&events),
              ElementsAre("ROTATE (no position) relay.1:4", "FORMAT_DESCRIPTION relay.1:4 relay.1:127",
                          "ROTATE relay.1:127 relay.1:166", "FORMAT_DESCRIPTION relay.1:166 relay.1:289",
                          "XID relay.1:289 relay.1:320", "ROTATE relay.1:320 relay.2:4"));
}

TEST(EventReaderTest, KeepsCountingWhenHeadersWrap) {
  constexpr uint64_t kFour = uint64_t{1} << 32;
  EventWriter w;
  EventList events;
  events.Add(w.FormatDescription());
  events.Add(w.Rotate("b.1", 3 * kFour - 40, true));
  events.Add(w.Xid());
  events.Add(w.Xid());
  const std::vector<std::string> places = Places(&events);
  EXPECT_EQ(places.back(), absl::StrCat("XID b.1:", 3 * kFour - 9, " b.1:", 3 * kFour + 22));
}

TEST(EventReaderTest, PlacesCompressedEventsAtTheirPayload) {
  EventWriter w;
  EventList events;
  events.Add(w.Rotate("b.1", 4, true));
  events.Add(w.FormatDescription());
  EventWriter bare = w.Bare();
  const uint64_t begin = w.offset;
  events.Add(w.Payload({bare.Query("BEGIN"), bare.Xid()}));
  const std::string place = absl::StrCat(" b.1:", begin, " b.1:", w.offset);
  events.Add(w.Stop());
  EXPECT_THAT(Places(&events),
              ElementsAre("ROTATE (no position) b.1:4", "FORMAT_DESCRIPTION b.1:4 b.1:127", "QUERY" + place,
                          "XID" + place, absl::StrCat("STOP b.1:", w.offset - 23, " b.1:", w.offset)));
}

TEST(EventReaderTest, SaysWhereADamagedEventStands) {
  EventWriter w;
  EventList events;
  events.Add(w.Rotate("b.1", 4, true));
  events.Add(w.FormatDescription());
  std::string xid = w.Xid();
  xid[20] ^= 1;
  events.Add(xid);
  absl::Status status;
  Places(&events, &status);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("at b.1:127: wrong checksum of a XID event"));
}

// A server deciphers what it sends, a file is closed to all but its server.
// The checksum of a file's format description tells, whatever that says of those behind it.
TEST(EventReaderTest, ADamagedByteCannotSwitchAFilesChecksumsOff) {
  EventWriter w;
  const std::string rotate = w.Rotate("b.1", 4, true);
  std::string format = w.FormatDescription();
  ASSERT_EQ(format[format.size() - 5], 1) << "CRC32";
  format[format.size() - 5] = 0;
  absl::Status status;
  EventList file({rotate, format});
  file.set_contiguous(true);
  EXPECT_THAT(Places(&file, &status), ElementsAre("ROTATE (no position) b.1:4"));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("at b.1:4: wrong checksum of a FORMAT_DESCRIPTION event"));

  // A sender clears the creation time of a log without checksums and leaves the checksum as it was.
  EventWriter plain(/*checksums=*/false);
  std::string cleared = plain.FormatDescription();
  cleared[19 + 2 + 50] ^= 1;
  EventList dump({plain.Rotate("b.1", 4, true), cleared});
  Places(&dump, &status);
  EXPECT_TRUE(status.ok()) << status;
}

TEST(EventReaderTest, SaysThatAFileIsEncryptedAndReadsOnFromAServer) {
  for (const bool file : {false, true}) {
    EventWriter w;
    EventList events;
    events.set_contiguous(file);
    events.Add(w.Rotate("b.1", 4, true));
    events.Add(w.FormatDescription());
    events.Add(w.Event(EventType::kStartEncryption, std::string(17, 'k')));
    events.Add(w.Xid());
    absl::Status status;
    EXPECT_EQ(Places(&events, &status).size(), file ? 2u : 4u);
    EXPECT_EQ(status.code(), file ? absl::StatusCode::kFailedPrecondition : absl::StatusCode::kOk);
  }
}

TEST(EventReaderTest, SaysWhereADamagedPayloadStands) {
  EventWriter w;
  EventList events;
  events.Add(w.Rotate("b.1", 4, true));
  events.Add(w.FormatDescription());
  events.Add(w.Xid());
  const uint64_t begin = w.offset;
  // zstd, of one byte.
  events.Add(w.Event(EventType::kTransactionPayload, std::string("\x02\x01\x00\x01\x01\x01\x00x", 8)));
  absl::Status status;
  Places(&events, &status);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), testing::StartsWith(absl::StrCat("at b.1:", begin, ": ")));
}

TEST(EventReaderTest, NumbersThePayloads) {
  EventWriter w;
  EventList events;
  events.Add(w.Rotate("b.1", 4, true));
  events.Add(w.FormatDescription());
  EventWriter bare = w.Bare();
  events.Add(w.Payload({bare.Query("BEGIN"), bare.Xid()}));
  events.Add(w.Payload({bare.Xid()}));
  events.Add(w.Xid());
  EventReader reader(&events, true);
  std::vector<uint64_t> payloads;
  for (auto event = reader.Next(); event.ok() && *event != nullptr; event = reader.Next()) {
    payloads.push_back(reader.payload());
  }
  EXPECT_THAT(payloads, ElementsAre(0, 0, 1, 1, 2, 0));
}

TEST(EventReaderTest, RefusesAPayloadWithinAPayload) {
  EventWriter w;
  EventList events;
  events.Add(w.Rotate("b.1", 4, true));
  events.Add(w.FormatDescription());
  EventWriter bare = w.Bare();
  events.Add(w.Payload({bare.Payload({bare.Xid()})}));
  absl::Status status;
  Places(&events, &status);
  EXPECT_THAT(status.message(), HasSubstr("TRANSACTION_PAYLOAD event in a transaction payload"));
}

}  // namespace
}  // namespace cdc
