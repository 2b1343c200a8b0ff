// SPDX-License-Identifier: Apache-2.0
#include "cdc/source/file_source.h"

#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cdc/event/event_header.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/event_writer.h"

namespace cdc {
namespace {

using testing::HasSubstr;
using testing_support::EventWriter;

std::string SomeFile(size_t text = 100) {
  EventWriter w;
  std::string bytes = absl::StrCat(
      "\xFE"
      "bin",
      w.FormatDescription());
  for (int i = 0; i < 50; ++i) bytes += w.Query(std::string(text, 'q'));
  return bytes;
}

std::string WriteFile(absl::string_view name, absl::string_view bytes) {
  const std::string path = absl::StrCat(testing::TempDir(), "/", name);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  return path;
}

int CountEvents(FileSource* source, absl::Status* status = nullptr) {
  for (int count = 0;; ++count) {
    auto event = source->Next();
    if (status != nullptr) *status = event.status();
    if (!event.ok() || event->empty()) return count;
  }
}

TEST(FileSourceTest, BeginsWithARotateThatNamesTheFile) {
  auto source = FileSource::Open(WriteFile("binlog.000042", SomeFile()));
  ASSERT_TRUE(source.ok()) << source.status();
  const auto event = (*source)->Next();
  ASSERT_TRUE(event.ok());
  EventHeader header;
  ASSERT_TRUE(EventHeader::Parse(*event, &header));
  EXPECT_EQ(header.type, EventType::kRotate);
  EXPECT_TRUE(header.artificial());
  EXPECT_EQ(event->substr(kEventHeaderSize + 8), "binlog.000042");
  EXPECT_EQ(CountEvents(source->get()), 51);
  EXPECT_TRUE((*source)->Next()->empty());
}

TEST(FileSourceTest, ReadsEventsLargerThanItsBlocks) {
  auto source = FileSource::Open(WriteFile("large", SomeFile(700000)));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(CountEvents(source->get()), 52);
}

TEST(FileSourceTest, ReadsGzipAndSaysWhenItIsCut) {
  const std::string path = absl::StrCat(testing::TempDir(), "/binlog.000001.gz");
  gzFile file = gzopen(path.c_str(), "wb");
  const std::string bytes = SomeFile();
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  auto source = FileSource::Open(path);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->Next()->substr(kEventHeaderSize + 8), "binlog.000001");
  EXPECT_EQ(CountEvents(source->get()), 51);

  std::ifstream in(path, std::ios::binary);
  const std::string packed((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  source = FileSource::Open(WriteFile("cut.gz", packed.substr(0, packed.size() - 20)));
  ASSERT_TRUE(source.ok()) << source.status();
  absl::Status status;
  CountEvents(source->get(), &status);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
}

// One member.
std::string Gzip(absl::string_view bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// All that can be decompressed of it, into one large buffer.
std::string Gunzipped(absl::string_view packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 16 + 15), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(FileSourceTest, GivesOutAllThatStandsBeforeTheDamageOfAGzip) {
  EventWriter w;
  std::string bytes = absl::StrCat(
      "\xFE"
      "bin",
      w.FormatDescription());
  std::vector<size_t> ends = {bytes.size()};
  for (int i = 0; i < 30; ++i) {
    bytes += w.Query(absl::StrCat("INSERT INTO t VALUES (", i * 7919, ")"));
    ends.push_back(bytes.size());
  }
  const std::string packed = Gzip(bytes);
  size_t most_lost = 0;
  for (size_t at = 2; at < packed.size(); ++at) {
    std::string damaged = packed;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    const std::string readable = Gunzipped(damaged);
    const size_t intact = static_cast<size_t>(
        std::mismatch(readable.begin(), readable.end(), bytes.begin(), bytes.end()).first - readable.begin());
    const auto whole = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), intact) - ends.begin());
    auto source = FileSource::Open(WriteFile("damaged.gz", damaged));
    if (!source.ok()) {
      EXPECT_LT(intact, 4u) << at << ": " << source.status();
      continue;
    }
    ASSERT_TRUE((*source)->Next().ok());  // ROTATE
    size_t begin = 4;
    size_t same = 0;
    for (; same < ends.size(); ++same) {
      const auto event = (*source)->Next();
      if (!event.ok() || *event != absl::string_view(bytes).substr(begin, ends[same] - begin)) break;
      begin = ends[same];
    }
    EXPECT_GE(same, whole) << "byte " << at << " of " << packed.size() << ", " << intact << " bytes are intact";
    if (at + 8 >= packed.size()) {  // its checksum and size
      EXPECT_EQ(same, ends.size()) << at;
      EXPECT_EQ((*source)->Next().status().code(), absl::StatusCode::kDataLoss) << at;
    }
    most_lost = std::max(most_lost, ends.size() - same);
  }
  EXPECT_GT(most_lost, 20u) << "damage at the beginning must have had an effect";
}

TEST(FileSourceTest, ReadsGzipOfSeveralMembers) {
  const std::string bytes = SomeFile();
  const size_t cut = bytes.size() / 2;
  const std::string packed = Gzip(bytes.substr(0, cut)) + Gzip("") + Gzip(bytes.substr(cut));
  auto source = FileSource::Open(WriteFile("members.gz", packed + std::string(600, '\0')));
  ASSERT_TRUE(source.ok()) << source.status();
  absl::Status status;
  EXPECT_EQ(CountEvents(source->get(), &status), 52);
  EXPECT_TRUE(status.ok()) << status;
  source = FileSource::Open(WriteFile("rest.gz", packed + "rest"));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(CountEvents(source->get(), &status), 52);
  EXPECT_THAT(status.message(), HasSubstr("the gzip stream is damaged at byte "));
}

TEST(FileSourceTest, SaysWhereAFileEndsTooSoon) {
  const std::string bytes = SomeFile();
  absl::Status status;
  auto source = FileSource::OverBytes(absl::string_view(bytes).substr(0, 130), "f");
  ASSERT_TRUE(source.ok());
  CountEvents(source->get(), &status);
  EXPECT_EQ(status.message(), "the file ends at offset 130, inside the header of the event at 127");
  source = FileSource::OverBytes(absl::string_view(bytes).substr(0, 200), "f");
  CountEvents(source->get(), &status);
  EXPECT_THAT(status.message(), HasSubstr("the file ends at offset 200, inside the QUERY event"));
  std::string zero = bytes;
  zero[127 + 9] = 5;
  zero[127 + 10] = 0;
  source = FileSource::OverBytes(zero, "f");
  CountEvents(source->get(), &status);
  EXPECT_EQ(status.message(), "what stands at offset 127 is no event: its length would be 5");
}

TEST(FileSourceTest, RefusesWhatIsNoBinlog) {
  EXPECT_EQ(FileSource::Open("/nowhere/x").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(FileSource::OverBytes("", "f").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FileSource::OverBytes("\xFE"
                                  "bix",
                                  "f")
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FileSource::OverBytes("\xFD"
                                  "bin",
                                  "f")
                .status()
                .code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(FileSourceTest, StopsWhenInterrupted) {
  const std::string bytes = SomeFile();
  auto source = FileSource::OverBytes(bytes, "f");
  ASSERT_TRUE(source.ok());
  ASSERT_TRUE((*source)->Next().ok());
  (*source)->Interrupt();
  EXPECT_EQ((*source)->Next().status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace cdc
