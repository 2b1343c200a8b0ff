// SPDX-License-Identifier: Apache-2.0
#include "relay/stream/schema_change_scan.h"

#include <cstdint>
#include <memory>
#include <variant>

#include "absl/strings/match.h"
#include "cdc/query_classifier.h"
#include "cdc/source/event_reader.h"
#include "relay/base/status_macros.h"
#include "relay/sql/dump_identity.h"

namespace relay {
namespace {

constexpr uint64_t kBeatEvents = 1'000;

}  // namespace

absl::StatusOr<std::optional<FoundSchemaChange>> FindSchemaChange(cdc::EventSource* source, absl::string_view schema,
                                                                  absl::string_view table,
                                                                  const cdc::BinlogPosition& from,
                                                                  const cdc::BinlogPosition& until,
                                                                  const std::function<void()>& beat) {
  cdc::EventReader events(source, /*verify_checksums=*/false);
  for (uint64_t count = 1;; ++count) {
    if (beat != nullptr && count % kBeatEvents == 0) beat();
    ASSIGN_OR_RETURN(const cdc::Event* event, events.Next());
    if (event == nullptr) return std::nullopt;
    if (until <= events.begin()) return std::nullopt;
    const auto* query = std::get_if<cdc::QueryEvent>(&event->body);
    if (query == nullptr || events.begin() < from) continue;
    for (const cdc::TableChange& change : cdc::ClassifyQuery(*query).tables) {
      if (!change.ChangesColumns() || !absl::EqualsIgnoreCase(change.schema, schema)) continue;
      if (!change.table.empty() && !absl::EqualsIgnoreCase(change.table, table)) continue;
      return FoundSchemaChange{events.begin(), std::string(query->text)};
    }
  }
}

absl::StatusOr<std::optional<FoundSchemaChange>> FindSchemaChange(cdc::LiveSourceOptions options,
                                                                  absl::string_view schema, absl::string_view table,
                                                                  const cdc::BinlogPosition& from,
                                                                  const cdc::BinlogPosition& until,
                                                                  const std::function<void()>& beat) {
  // A place past 4 GiB can't be asked for: its file is read from the start.
  options.start = from.reachable() ? from : cdc::BinlogPosition{from.file, 0};
  options.wait = false;
  SetRandomIdentity(&options);
  ASSIGN_OR_RETURN(const std::unique_ptr<cdc::LiveSource> source, cdc::LiveSource::Connect(options));
  return FindSchemaChange(source.get(), schema, table, from, until, beat);
}

}  // namespace relay
