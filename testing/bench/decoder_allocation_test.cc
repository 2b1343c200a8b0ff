// SPDX-License-Identifier: Apache-2.0
//
// Design §4, Speed: row decoding allocates nothing per row.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "cdc/event/event.h"
#include "cdc/event/rows_event.h"
#include "cdc/event/table_map.h"
#include "cdc/source/event_reader.h"
#include "cdc/source/file_source.h"
#include "cdc/value/rows_decoder.h"
#include "gtest/gtest.h"
#include "relay/outbox/outbox_table.h"
#include "testing/counting_allocator.h"

namespace {

// Decodes every row; how many there were.
uint64_t DecodeAll(cdc::RowsDecoder& decoder, const std::vector<std::string>& bodies) {
  uint64_t rows = 0;
  for (const std::string& body : bodies) {
    absl::StatusOr<cdc::RowsEvent> event = cdc::RowsEvent::Parse(30, body, 10);
    if (!event.ok() || !decoder.Start(*event).ok()) return 0;
    while (true) {
      absl::StatusOr<const cdc::RowImages*> row = decoder.Next();
      if (!row.ok()) return 0;
      if (*row == nullptr) break;
      ++rows;
    }
  }
  return rows;
}

TEST(DecoderAllocationTest, RowsCostNoneOnceTheBuffersHaveGrown) {
  absl::StatusOr<std::unique_ptr<cdc::FileSource>> source =
      cdc::FileSource::Open("testing/testdata/outbox/outbox.binlog");
  ASSERT_TRUE(source.ok()) << source.status();
  cdc::EventReader reader(source->get(), /*verify_checksums=*/true);
  std::unique_ptr<cdc::RowsDecoder> decoder;
  std::vector<std::string> bodies;
  while (true) {
    absl::StatusOr<const cdc::Event*> event = reader.Next();
    ASSERT_TRUE(event.ok()) << event.status();
    if (*event == nullptr) break;
    if (const auto* map = std::get_if<cdc::TableMapEvent>(&(*event)->body)) {
      absl::StatusOr<cdc::TableMap> parsed =
          cdc::TableMap::Parse(map->body, map->post_header_length, cdc::Dialect::kMySql);
      ASSERT_TRUE(parsed.ok()) << parsed.status();
      absl::StatusOr<std::unique_ptr<cdc::RowsDecoder>> made =
          cdc::RowsDecoder::Create(*parsed, nullptr, relay::OutboxColumnNames());
      ASSERT_TRUE(made.ok()) << made.status();
      decoder = *std::move(made);
    } else if (const auto* rows = std::get_if<cdc::RowsBody>(&(*event)->body)) {
      bodies.emplace_back(rows->body);
    }
  }
  ASSERT_NE(decoder, nullptr);
  const uint64_t rows = DecodeAll(*decoder, bodies);
  EXPECT_GT(rows, 40u);
  const uint64_t before = testing_support::AllocationCount();
  EXPECT_EQ(DecodeAll(*decoder, bodies), rows);
  EXPECT_EQ(testing_support::AllocationCount() - before, 0u);
}

TEST(DecoderAllocationTest, TheCounterCounts) {
  static std::string* volatile kept;  // so that no compiler sees that nobody needs it
  const uint64_t before = testing_support::AllocationCount();
  kept = new std::string(100, 'x');
  EXPECT_EQ(testing_support::AllocationCount() - before, 2u);
  delete kept;
}

}  // namespace
