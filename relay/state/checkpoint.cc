// SPDX-License-Identifier: Apache-2.0
#include "relay/state/checkpoint.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "relay/base/status_macros.h"

namespace relay {
namespace {

using Json = nlohmann::ordered_json;

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("the stored checkpoint is damaged: ", what));
}

// Reads fields of one JSON object; the first one of the wrong kind is remembered. An absent field leaves its target as
// it is, so that a format can grow.
class ObjectReader {
 public:
  ObjectReader(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object_.is_object()) Fail("", "an object");
  }

  void Read(const char* name, std::string* out) {
    if (const Json* field = Find(name)) {
      if (!field->is_string()) return Fail(name, "a string");
      *out = field->get_ref<const std::string&>();
    }
  }
  void Read(const char* name, uint64_t* out) {
    if (const Json* field = Find(name)) {
      if (!field->is_number_unsigned()) return Fail(name, "a number");
      *out = field->get<uint64_t>();
    }
  }
  void Read(const char* name, int64_t* out) {
    if (const Json* field = Find(name)) {
      if (!field->is_number_integer()) return Fail(name, "a number");
      *out = field->get<int64_t>();
    }
  }
  void Read(const char* name, bool* out) {
    if (const Json* field = Find(name)) {
      if (!field->is_boolean()) return Fail(name, "true or false");
      *out = field->get<bool>();
    }
  }
  void Read(const char* name, cdc::BinlogPosition* out) {
    if (const Json* field = Find(name)) {
      ObjectReader reader(*field, Where(name));
      reader.Read("file", &out->file);
      reader.Read("offset", &out->offset);
      Take(reader);
    }
  }
  void Read(const char* name, cdc::GtidSet* out) {
    std::string text;
    Read(name, &text);
    if (text.empty()) return;
    absl::StatusOr<cdc::GtidSet> set = cdc::GtidSet::Parse(text);
    if (!set.ok()) return Fail(name, set.status().message());
    *out = *std::move(set);
  }
  void Read(const char* name, std::optional<cdc::Gtid>* out) {
    std::string text;
    Read(name, &text);
    if (text.empty()) return;
    absl::StatusOr<cdc::Gtid> gtid = cdc::Gtid::Parse(text);
    if (!gtid.ok()) return Fail(name, gtid.status().message());
    *out = *std::move(gtid);
  }
  // nullptr when there is none.
  const Json* Find(const char* name) const {
    if (!object_.is_object()) return nullptr;
    const auto it = object_.find(name);
    return it == object_.end() || it->is_null() ? nullptr : &*it;
  }
  const Json* FindArray(const char* name) {
    const Json* field = Find(name);
    if (field != nullptr && !field->is_array()) {
      Fail(name, "an array");
      return nullptr;
    }
    return field;
  }
  void Fail(absl::string_view name, absl::string_view expected) {
    status_.Update(Damaged(absl::StrCat(Where(name), " should be ", expected)));
  }
  void Take(const ObjectReader& inner) { status_.Update(inner.status_); }
  std::string Where(absl::string_view name) const { return name.empty() ? where_ : absl::StrCat(where_, ".", name); }
  const absl::Status& status() const { return status_; }

 private:
  const Json& object_;
  const std::string where_;
  absl::Status status_;
};

Json PositionToJson(const cdc::BinlogPosition& position) {
  return {{"file", position.file}, {"offset", position.offset}};
}

// JSON text must be UTF-8; a default of a binary column need not be.
bool IsAscii(absl::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

constexpr std::pair<cdc::ColumnDefinition::Default, const char*> kDefaultKinds[] = {
    {cdc::ColumnDefinition::Default::kNone, "none"},
    {cdc::ColumnDefinition::Default::kNull, "null"},
    {cdc::ColumnDefinition::Default::kConstant, "constant"},
    {cdc::ColumnDefinition::Default::kExpression, "expression"},
};

constexpr std::pair<SweepProgress::Phase, const char*> kSweepPhases[] = {
    {SweepProgress::Phase::kNone, "none"},
    {SweepProgress::Phase::kTable, "table"},
    {SweepProgress::Phase::kStream, "stream"},
};

template <typename Enum, size_t kSize>
const char* NameOf(const std::pair<Enum, const char*> (&names)[kSize], Enum value) {
  for (const auto& [candidate, name] : names) {
    if (candidate == value) return name;
  }
  return names[0].second;
}

template <typename Enum, size_t kSize>
void ReadEnum(const std::pair<Enum, const char*> (&names)[kSize], const char* field, ObjectReader* reader, Enum* out) {
  std::string text;
  reader->Read(field, &text);
  if (text.empty()) return;
  for (const auto& [candidate, name] : names) {
    if (text == name) {
      *out = candidate;
      return;
    }
  }
  reader->Fail(field, absl::StrCat("a word that this version knows, not '", text, "'"));
}

Json ColumnToJson(const cdc::ColumnDefinition& column) {
  Json json = {{"name", column.name},
               {"data_type", column.data_type},
               {"column_type", column.column_type},
               {"charset", column.charset},
               {"default", NameOf(kDefaultKinds, column.default_kind)}};
  if (column.default_kind == cdc::ColumnDefinition::Default::kConstant) {
    if (IsAscii(column.default_text)) {
      json["default_text"] = column.default_text;
    } else {
      json["default_base64"] = absl::Base64Escape(column.default_text);
    }
  }
  return json;
}

void ReadColumn(const Json& json, ObjectReader* parent, cdc::ColumnDefinition* column) {
  ObjectReader reader(json, parent->Where("layout"));
  reader.Read("name", &column->name);
  reader.Read("data_type", &column->data_type);
  reader.Read("column_type", &column->column_type);
  reader.Read("charset", &column->charset);
  ReadEnum(kDefaultKinds, "default", &reader, &column->default_kind);
  reader.Read("default_text", &column->default_text);
  std::string base64;
  reader.Read("default_base64", &base64);
  if (!base64.empty() && !absl::Base64Unescape(base64, &column->default_text)) {
    reader.Fail("default_base64", "base64");
  }
  parent->Take(reader);
}

Json SweepToJson(const SweepProgress& sweep) {
  return {{"phase", NameOf(kSweepPhases, sweep.phase)},
          {"reason", sweep.reason},
          {"judge_ledger", sweep.judge_ledger},
          {"until", PositionToJson(sweep.until)},
          {"server", sweep.server}};
}

void ReadSweep(const Json& json, ObjectReader* parent, SweepProgress* sweep) {
  ObjectReader reader(json, parent->Where("sweep"));
  ReadEnum(kSweepPhases, "phase", &reader, &sweep->phase);
  reader.Read("reason", &sweep->reason);
  // A version that did not write it did not judge either.
  sweep->judge_ledger = true;
  reader.Read("judge_ledger", &sweep->judge_ledger);
  reader.Read("until", &sweep->until);
  reader.Read("server", &sweep->server);
  parent->Take(reader);
}

Json TableToJson(const TableCheckpoint& table) {
  Json json = {{"schema", table.schema}, {"table", table.table}, {"created", table.created}};
  if (table.layout.has_value()) {
    json["layout"] = Json::array();
    for (const cdc::ColumnDefinition& column : table.layout->columns) json["layout"].push_back(ColumnToJson(column));
  }
  if (table.sweep.phase != SweepProgress::Phase::kNone) json["sweep"] = SweepToJson(table.sweep);
  return json;
}

void ReadTable(const Json& json, ObjectReader* parent, TableCheckpoint* table) {
  ObjectReader reader(json, parent->Where("tables"));
  reader.Read("schema", &table->schema);
  reader.Read("table", &table->table);
  reader.Read("created", &table->created);
  if (const Json* layout = reader.FindArray("layout")) {
    table->layout.emplace();
    for (const Json& column : *layout) ReadColumn(column, &reader, &table->layout->columns.emplace_back());
  }
  if (const Json* sweep = reader.Find("sweep")) ReadSweep(*sweep, &reader, &table->sweep);
  parent->Take(reader);
}

Json BranchToJson(const cdc::OpenXaBranch& branch) {
  Json json = {{"xid", branch.xid}, {"prepare_position", PositionToJson(branch.prepare_position)}};
  if (branch.prepare_gtid.has_value()) json["prepare_gtid"] = branch.prepare_gtid->ToString();
  return json;
}

void ReadBranch(const Json& json, ObjectReader* parent, cdc::OpenXaBranch* branch) {
  ObjectReader reader(json, parent->Where("open_xa"));
  reader.Read("xid", &branch->xid);
  reader.Read("prepare_gtid", &branch->prepare_gtid);
  reader.Read("prepare_position", &branch->prepare_position);
  parent->Take(reader);
}

void AddDetails(const Checkpoint& checkpoint, Json* json) {
  (*json)["partitioner"] = checkpoint.partitioner;
  if (checkpoint.polling_relay_marks) (*json)["polling_relay_marks"] = true;
  (*json)["tables"] = Json::array();
  for (const TableCheckpoint& table : checkpoint.tables) (*json)["tables"].push_back(TableToJson(table));
  (*json)["open_xa"] = Json::array();
  for (const cdc::OpenXaBranch& branch : checkpoint.open_xa) (*json)["open_xa"].push_back(BranchToJson(branch));
  if (!checkpoint.sweep_wanted.empty()) (*json)["sweep_wanted"] = checkpoint.sweep_wanted;
  if (checkpoint.swept_at != absl::InfinitePast()) {
    (*json)["swept_at_micros"] = absl::ToUnixMicros(checkpoint.swept_at);
  }
}

void ReadDetails(ObjectReader* reader, Checkpoint* checkpoint) {
  reader->Read("partitioner", &checkpoint->partitioner);
  checkpoint->polling_relay_marks = false;
  reader->Read("polling_relay_marks", &checkpoint->polling_relay_marks);
  checkpoint->tables.clear();
  if (const Json* tables = reader->FindArray("tables")) {
    for (const Json& table : *tables) ReadTable(table, reader, &checkpoint->tables.emplace_back());
  }
  checkpoint->open_xa.clear();
  if (const Json* branches = reader->FindArray("open_xa")) {
    for (const Json& branch : *branches) ReadBranch(branch, reader, &checkpoint->open_xa.emplace_back());
  }
  checkpoint->sweep_wanted.clear();
  reader->Read("sweep_wanted", &checkpoint->sweep_wanted);
  checkpoint->swept_at = absl::InfinitePast();
  if (reader->Find("swept_at_micros") != nullptr) {
    int64_t micros = 0;
    reader->Read("swept_at_micros", &micros);
    checkpoint->swept_at = absl::FromUnixMicros(micros);
  }
}

std::string Dump(const Json& json, int indent) {
  // Names of schemas and columns are UTF-8; should one not be, a replaced byte is better than an exception.
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

TableCheckpoint* Checkpoint::FindTable(absl::string_view schema, absl::string_view table) {
  for (TableCheckpoint& candidate : tables) {
    if (candidate.schema == schema && candidate.table == table) return &candidate;
  }
  return nullptr;
}

const TableCheckpoint* Checkpoint::FindTable(absl::string_view schema, absl::string_view table) const {
  return const_cast<Checkpoint*>(this)->FindTable(schema, table);
}

std::string CheckpointDetails(const Checkpoint& checkpoint) {
  Json json = Json::object();
  AddDetails(checkpoint, &json);
  return Dump(json, -1);
}

absl::Status ApplyCheckpointDetails(absl::string_view text, Checkpoint* checkpoint) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return Damaged("its details are no JSON");
  ObjectReader reader(json, "details");
  ReadDetails(&reader, checkpoint);
  return reader.status();
}

std::string CheckpointToJson(const Checkpoint& checkpoint) {
  Json json = {{"format", kCheckpointFormat},
               {"relay_id", checkpoint.relay_id},
               {"epoch", checkpoint.epoch},
               {"server_uuid", checkpoint.server_uuid},
               {"gtids", checkpoint.gtids.ToString()},
               {"position", PositionToJson(checkpoint.position)},
               {"transactions_to_skip", checkpoint.transactions_to_skip}};
  Json last = {{"end", PositionToJson(checkpoint.last.end)}, {"commit_micros", checkpoint.last.commit_micros}};
  if (checkpoint.last.gtid.has_value()) last["gtid"] = checkpoint.last.gtid->ToString();
  json["last"] = std::move(last);
  AddDetails(checkpoint, &json);
  return Dump(json, 2);
}

absl::StatusOr<Checkpoint> CheckpointFromJson(absl::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return Damaged("it is no JSON");
  ObjectReader reader(json, "checkpoint");
  int64_t format = 0;
  reader.Read("format", &format);
  RETURN_IF_ERROR(reader.status());
  RETURN_IF_ERROR(CheckCheckpointFormat(format, "the checkpoint"));
  Checkpoint checkpoint;
  reader.Read("relay_id", &checkpoint.relay_id);
  reader.Read("epoch", &checkpoint.epoch);
  reader.Read("server_uuid", &checkpoint.server_uuid);
  reader.Read("gtids", &checkpoint.gtids);
  reader.Read("position", &checkpoint.position);
  reader.Read("transactions_to_skip", &checkpoint.transactions_to_skip);
  if (const Json* last = reader.Find("last")) {
    ObjectReader last_reader(*last, reader.Where("last"));
    last_reader.Read("gtid", &checkpoint.last.gtid);
    last_reader.Read("end", &checkpoint.last.end);
    last_reader.Read("commit_micros", &checkpoint.last.commit_micros);
    reader.Take(last_reader);
  }
  ReadDetails(&reader, &checkpoint);
  RETURN_IF_ERROR(reader.status());
  return checkpoint;
}

absl::Status CheckCheckpointFormat(int64_t format, absl::string_view where) {
  if (format >= 1 && format <= kCheckpointFormat) return absl::OkStatus();
  if (format > kCheckpointFormat) {
    return absl::FailedPreconditionError(absl::StrCat(where, " has format ", format,
                                                      ", written by a newer outbox-relay; this one reads up to ",
                                                      kCheckpointFormat, ". Run the newer version."));
  }
  return Damaged(absl::StrCat("format ", format, " of ", where, " never existed"));
}

}  // namespace relay
