// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_INFORMATION_SCHEMA_LAYOUTS_H_
#define RELAY_INFORMATION_SCHEMA_LAYOUTS_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/table_layout.h"
#include "relay/sql_session.h"
#include "relay/table_columns.h"

namespace relay {

// Layouts as information_schema has them now. Stream thread.
class InformationSchemaLayouts : public cdc::LayoutProvider {
 public:
  // `session` must outlive the provider.
  explicit InformationSchemaLayouts(SqlSession* session) : session_(session) {}

  absl::StatusOr<cdc::TableLayout> LayoutOf(absl::string_view schema, absl::string_view table,
                                            const cdc::BinlogPosition&) override {
    return AskTableLayout(session_, schema, table);
  }
  void TableChanged(absl::string_view, absl::string_view, const cdc::BinlogPosition&) override {}

 private:
  SqlSession* const session_;
};

}  // namespace relay

#endif  // RELAY_INFORMATION_SCHEMA_LAYOUTS_H_
