#include <iostream>
#include "cdc/transaction_reader.h"
#include "cdc/file_source.h"
using namespace cdc;
struct Layouts : LayoutProvider {
  absl::StatusOr<TableLayout> LayoutOf(absl::string_view, absl::string_view) override {
    TableLayout l;
    l.columns.push_back({"id","bigint","bigint","",ColumnDefinition::Default::kExpression,""});
    l.columns.push_back({"topic","varchar","varchar(255)","utf8mb4",ColumnDefinition::Default::kNone,""});
    l.columns.push_back({"payload_json","json","json","",ColumnDefinition::Default::kNone,""});
    return l;
  }
};
int main(int c, char** v) {
  for (int i=1;i<c;++i) {
    auto s = FileSource::Open(v[i]);
    if (!s.ok()) { std::cout << s.status() << "\n"; continue; }
    Layouts l;
    TransactionReader r(s->get(), &l, {TableInterest{"app","kafka_outbox",{"id","topic","payload_json"},"id"}});
    while (true) {
      auto e = r.Next();
      if (!e.ok()) { std::cout << e.status() << "\n"; break; }
      const StreamItem& t = **e;
      std::cout << int(t.kind) << " " << t.begin << " " << t.end << " " << (t.gtid ? t.gtid->ToString() : "-") << " " << t.commit_time << " rows " << t.row_count << (t.gtid_withheld ? " withheld":"") << " released " << t.released_gtids.size() << " open " << t.open_xa.size() << (t.open_xa_changed?"!":"") << (t.statement_dml ? " dml":"") << (t.statement_names_table?" names":"") << (t.unknown_xa_commit ? " unknown":"");
      for (auto& sc : t.schema_changes) std::cout << " ddl " << int(sc.kind) << " " << sc.table;
      std::cout << "\n";
      while (true) {
        auto row = (*e)->rows ? (*e)->rows->NextRow() : absl::StatusOr<const RowChange*>(nullptr);
        if (!row.ok()) { std::cout << row.status() << "\n"; return 1; }
        if (!*row) break;
        std::cout << "   " << int((*row)->kind);
        for (auto& x : (*row)->before) std::cout << " b:" << x.text.substr(0, 60);
        for (auto& x : (*row)->after) std::cout << " a:" << x.text.substr(0,60);
        std::cout << "\n";
      }
      if (t.kind == StreamItem::Kind::kEnd) break;
    }
  }
}
