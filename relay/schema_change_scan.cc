// SPDX-License-Identifier: Apache-2.0
#include "relay/schema_change_scan.h"

#include <memory>
#include <variant>

#include "absl/strings/match.h"
#include "cdc/event_reader.h"
#include "cdc/query_classifier.h"
#include "relay/base/status_macros.h"
#include "relay/dump_identity.h"

namespace relay {

absl::StatusOr<std::optional<FoundSchemaChange>> FindSchemaChange(cdc::EventSource* source, absl::string_view schema,
                                                                  absl::string_view table,
                                                                  const cdc::BinlogPosition& from,
                                                                  const cdc::BinlogPosition& until) {
  cdc::EventReader events(source, /*verify_checksums=*/false);
  while (true) {
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
                                                                  const cdc::BinlogPosition& until) {
  // A place past 4 GiB can't be asked for: its file is read from the start.
  options.start = from.reachable() ? from : cdc::BinlogPosition{from.file, 0};
  options.wait = false;
  SetRandomIdentity(&options);
  ASSIGN_OR_RETURN(const std::unique_ptr<cdc::LiveSource> source, cdc::LiveSource::Connect(options));
  return FindSchemaChange(source.get(), schema, table, from, until);
}

}  // namespace relay
