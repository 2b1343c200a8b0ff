// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STREAM_SCHEMA_CHANGE_SCAN_H_
#define RELAY_STREAM_SCHEMA_CHANGE_SCAN_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/event/binlog_position.h"
#include "cdc/source/event_source.h"
#include "cdc/source/live_source.h"

namespace relay {

// A change of a table's columns that stands in the log.
struct FoundSchemaChange {
  cdc::BinlogPosition place;
  std::string statement;
};

// The first change of the table's columns (cdc::TableChange::ChangesColumns) at or behind `from`, where the table
// exists, that `source` brings, before it ends or reaches `until`; nullopt when there is none. `beat` is called now and
// then. Errors are the source's, or DataLoss.
absl::StatusOr<std::optional<FoundSchemaChange>> FindSchemaChange(cdc::EventSource* source, absl::string_view schema,
                                                                  absl::string_view table,
                                                                  const cdc::BinlogPosition& from,
                                                                  const cdc::BinlogPosition& until,
                                                                  const std::function<void()>& beat = nullptr);

// The same over a dump connection of its own, which reads the log as fast as the server sends it (about 1 GB/s): its
// options but for `start`, `wait` and identity are the caller's.
absl::StatusOr<std::optional<FoundSchemaChange>> FindSchemaChange(cdc::LiveSourceOptions options,
                                                                  absl::string_view schema, absl::string_view table,
                                                                  const cdc::BinlogPosition& from,
                                                                  const cdc::BinlogPosition& until,
                                                                  const std::function<void()>& beat = nullptr);

}  // namespace relay

#endif  // RELAY_STREAM_SCHEMA_CHANGE_SCAN_H_
