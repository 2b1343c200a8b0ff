// SPDX-License-Identifier: Apache-2.0
#include "testing/property/logged_rows.h"

#include <map>
#include <memory>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cdc/event/event.h"
#include "cdc/event/table_map.h"
#include "cdc/source/event_reader.h"
#include "cdc/value/rows_decoder.h"
#include "relay/base/status_macros.h"

namespace testing_property {
namespace {

std::vector<LoggedCell> Copy(absl::Span<const cdc::ColumnValue> values) {
  std::vector<LoggedCell> cells;
  for (const cdc::ColumnValue& value : values) cells.push_back({value.state, std::string(value.text)});
  return cells;
}

void ForgetOptionalMetadata(cdc::TableMap* map) {
  for (cdc::MappedColumn& column : map->columns) {
    column.is_unsigned.reset();
    column.collation.reset();
    column.name.clear();
    column.members.clear();
  }
}

}  // namespace

absl::StatusOr<std::vector<LoggedRow>> ReadRows(cdc::EventSource* source, const std::string& schema,
                                                const std::string& table, const cdc::TableLayout& layout, Names names) {
  std::vector<std::string> wanted;
  for (const cdc::ColumnDefinition& column : layout.columns) wanted.push_back(column.name);
  std::map<uint64_t, std::unique_ptr<cdc::RowsDecoder>> decoders;
  std::vector<LoggedRow> rows;
  cdc::EventReader reader(source, /*verify_checksums=*/true);
  while (true) {
    ASSIGN_OR_RETURN(const cdc::Event* event, reader.Next());
    if (event == nullptr) return rows;
    if (const auto* map_event = std::get_if<cdc::TableMapEvent>(&event->body)) {
      const bool mariadb = absl::StrContains(reader.format().server_version, "MariaDB");
      ASSIGN_OR_RETURN(cdc::TableMap map,
                       cdc::TableMap::Parse(map_event->body, map_event->post_header_length,
                                            mariadb ? cdc::Dialect::kMariaDb : cdc::Dialect::kMySql));
      decoders.erase(map.table_id);
      if (map.schema != schema || map.table != table) continue;
      if (names == Names::kLayout) ForgetOptionalMetadata(&map);
      ASSIGN_OR_RETURN(decoders[map.table_id], cdc::RowsDecoder::Create(map, &layout, wanted));
    } else if (const auto* body = std::get_if<cdc::RowsBody>(&event->body)) {
      ASSIGN_OR_RETURN(cdc::RowsEvent rows_event, cdc::RowsEvent::Parse(static_cast<uint8_t>(event->header.type),
                                                                        body->body, body->post_header_length));
      auto decoder = decoders.find(rows_event.table_id);
      if (decoder == decoders.end()) continue;
      RETURN_IF_ERROR(decoder->second->Start(rows_event));
      while (true) {
        ASSIGN_OR_RETURN(const cdc::RowImages* images, decoder->second->Next());
        if (images == nullptr) break;
        rows.push_back({rows_event.operation, rows_event.compressed || reader.in_payload(), Copy(images->before),
                        Copy(images->after)});
      }
    }
  }
}

absl::StatusOr<cdc::TableLayout> LayoutOf(cdc::ServerConnection* connection, const std::string& schema,
                                          const std::string& table) {
  ASSIGN_OR_RETURN(
      std::vector<cdc::ServerConnection::Row> rows,
      connection->Query(absl::StrCat("SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IFNULL(CHARACTER_SET_NAME, '') FROM "
                                     "information_schema.COLUMNS WHERE TABLE_SCHEMA = '",
                                     schema, "' AND TABLE_NAME = '", table, "' ORDER BY ORDINAL_POSITION")));
  cdc::TableLayout layout;
  for (const cdc::ServerConnection::Row& row : rows) {
    cdc::ColumnDefinition column;
    column.name = *row[0];
    column.data_type = *row[1];
    column.column_type = *row[2];
    column.charset = *row[3];
    layout.columns.push_back(std::move(column));
  }
  return layout;
}

}  // namespace testing_property
