#include <iostream>
#include "cdc/event_reader.h"
#include "cdc/file_source.h"
using namespace cdc;
int main(int c, char** v) {
  for (int i=1;i<c;++i) {
    auto s = FileSource::Open(v[i]);
    if (!s.ok()) { std::cout << s.status() << "\n"; continue; }
    EventReader r(s->get(), true);
    while (true) {
      auto e = r.Next();
      if (!e.ok()) { std::cout << e.status() << "\n"; break; }
      if (*e == nullptr) break;
      std::cout << r.begin() << " " << r.end() << " " << EventTypeName((*e)->header.type) << " log_pos " << (*e)->header.log_pos << (r.in_payload()?" inner":"");
      if (auto* g = std::get_if<GtidEvent>(&(*e)->body)) { Gtid id; g->CopyTo(&id); std::cout << " " << id << " us " << g->immediate_commit_us << " len " << g->transaction_length << (g->standalone?" standalone":"") << (g->prepared_xa?" prep":"")<< (g->completed_xa?" compl":""); }
      if (auto* g = std::get_if<QueryEvent>(&(*e)->body)) { std::cout << " [" << g->schema << "] " << g->text << " mode " << g->sql_mode; }
      if (auto* g = std::get_if<FormatDescription>(&(*e)->body)) { std::cout << " " << g->server_version << " types " << g->post_header_lengths.size() << " crc " << int(g->checksum) << " inuse " << g->in_use; }
      if (auto* g = std::get_if<XaPrepareEvent>(&(*e)->body)) { std::cout << " " << g->gtrid << " " << g->format_id << " " << g->one_phase; }
      std::cout << "\n";
    }
  }
}
