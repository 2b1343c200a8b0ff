// SPDX-License-Identifier: Apache-2.0
//
// The rows of a rows event, one after another to its end:
//
//   insert, delete   image
//   update           image before, image after
//
//   image      options    length-encoded, only of after images of partial updates; bit 0: partial JSON
//              partial    only if that bit is set: 1 bit a JSON column of the table, set: the value is differences
//              nulls      1 bit a column that the image carries, least significant first
//              value*     of each carried column that is not NULL, in column order
//   value      fixed length by type, or behind a length; differences: length (4), list (see json_diff.cc)
//
// Source: MySQL, sql/rpl_record.cc (unpack_row).
#include "cdc/value/rows_decoder.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cdc/event/byte_reader.h"
#include "cdc/event/column_type.h"
#include "cdc/event/declared_type.h"
#include "cdc/event/mariadb_compression.h"
#include "cdc/event/text_buffer.h"
#include "cdc/value/column_printer.h"
#include "cdc/value/column_storage.h"
#include "cdc/value/json_diff.h"
#include "cdc/value/layout_fit.h"
#include "relay/base/status_macros.h"

namespace cdc {
namespace {

constexpr absl::string_view kLengthCure =
    ": give the columns that the table had then by --columns/RELAY_COLUMNS, which takes their types from the table as "
    "it "
    "is now";

bool BitOf(absl::string_view bits, size_t index) {
  return (static_cast<uint8_t>(bits[index / 8]) >> (index % 8) & 1) != 0;
}

// Scratch memory that is kept from event to event, however large a row once was.
constexpr size_t kKeptScratch = 1 << 20;

size_t BitmapBytes(size_t bits) { return (bits + 7) / 8; }

struct Column {
  ColumnStorage storage;
  bool is_json = false;
  // Why `storage` does not tell the length.
  absl::Status untold;
  // Of wanted columns only.
  std::optional<ColumnPrinter> printer;
  size_t value = 0;  // index among the wanted
  std::string name;
  ColumnDefinition::Default default_kind = ColumnDefinition::Default::kNone;
  std::string default_text;
};

// The columns that an image carries, worked out once for a run of events with the same bitmap.
struct Carried {
  std::string bitmap;
  std::vector<uint16_t> columns;
  std::vector<uint16_t> absent_wanted;
};

// A text that lies in the scratch buffer; its view is made when the buffer has stopped growing.
struct Pending {
  size_t value;
  size_t from;
  size_t to;
};

}  // namespace

struct RowsDecoder::Plan {
  std::string table;
  std::vector<Column> columns;
  size_t json_columns = 0;
  std::vector<std::string> names;
  std::vector<size_t> missing;

  RowsOperation operation = RowsOperation::kInsert;
  bool partial_json = false;
  Carried before;
  Carried after;
  ByteReader rows{absl::string_view()};

  std::vector<ColumnValue> values;  // before images, then after images
  std::vector<Pending> pending;
  TextBuffer text;
  std::string unpacked;
  TextBuffer old_document;
  RowImages images;

  static absl::StatusOr<std::unique_ptr<Plan>> Make(const TableMap& map, const TableLayout* layout,
                                                    const absl::Span<const std::string>* wanted,
                                                    ColumnPrinter::Unknown unknown);
  void Carry(absl::string_view bitmap, Carried* carried) const;
  absl::Status ReadImage(const Carried& carried, bool is_after);
  absl::Status ReadValue(Column& column, absl::string_view bytes, size_t value);
  absl::Status ReadDiffs(const Column& column, size_t value);
  void FillDefaults(const Carried& carried);
  absl::Status Malformed(absl::string_view what) const {
    return absl::DataLossError(
        absl::StrCat("malformed rows event of ", table, " (at byte ", rows.position(), " of its rows): ", what));
  }
};

absl::StatusOr<std::unique_ptr<RowsDecoder::Plan>> RowsDecoder::Plan::Make(const TableMap& map,
                                                                           const TableLayout* layout,
                                                                           const absl::Span<const std::string>* wanted,
                                                                           ColumnPrinter::Unknown unknown) {
  auto plan = std::make_unique<Plan>();
  plan->table = absl::StrCat(map.schema, ".", map.table);
  const bool has_names = map.has_names();
  if (!has_names) {
    if (layout != nullptr) {
      RETURN_IF_ERROR(LayoutFits(map, *layout));
    } else if (unknown == ColumnPrinter::Unknown::kRefuse) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the columns of ", plan->table, " have no names in the log: set binlog_row_metadata=FULL on the server"));
    }
  }
  if (wanted != nullptr) plan->names.assign(wanted->begin(), wanted->end());
  std::vector<bool> found(plan->names.size(), false);

  plan->columns.resize(map.columns.size());
  const Column* untold = nullptr;  // the first one
  for (size_t i = 0; i < map.columns.size(); ++i) {
    const MappedColumn& mapped = map.columns[i];
    Column& column = plan->columns[i];
    const ColumnDefinition* definition = nullptr;
    if (layout != nullptr) {
      if (!has_names) {
        definition = &layout->columns[i];
      } else {
        for (const ColumnDefinition& candidate : layout->columns) {
          if (absl::EqualsIgnoreCase(candidate.name, mapped.name)) definition = &candidate;
        }
      }
    }
    column.name = has_names ? mapped.name : definition != nullptr ? definition->name : absl::StrCat("@", i + 1);
    std::optional<DeclaredType> declared;
    if (definition != nullptr) declared = DeclaredType::Parse(definition->column_type);
    const DeclaredType* declared_or_null = declared ? &*declared : nullptr;
    ASSIGN_OR_RETURN(column.storage, ColumnStorage::Of(map.dialect, mapped, declared_or_null));
    if (!column.storage.is_told()) {
      const absl::Status why = UntoldLength(mapped);
      column.untold = absl::Status(
          why.code(), absl::StrCat("column ", column.name, " of ", plan->table, ": ", why.message(),
                                   unknown == ColumnPrinter::Unknown::kRefuse ? kLengthCure : absl::string_view()));
      if (untold == nullptr) untold = &column;
    }
    column.is_json = mapped.type == ColumnType::kJson;
    if (column.is_json) ++plan->json_columns;

    if (wanted == nullptr) {
      column.value = plan->names.size();
      plan->names.push_back(column.name);
    } else {
      size_t value = 0;
      while (value < plan->names.size() && (found[value] || !absl::EqualsIgnoreCase(plan->names[value], column.name))) {
        ++value;
      }
      if (value == plan->names.size()) continue;
      found[value] = true;
      column.value = value;
    }
    // Behind the last wanted column it matters only where a row has a value of it.
    if (untold != nullptr) return untold->untold;
    if (definition != nullptr) {
      column.default_kind = definition->default_kind;
      column.default_text = definition->default_text;
    } else {
      column.default_kind = ColumnDefinition::Default::kExpression;
    }
    absl::StatusOr<ColumnPrinter> printer =
        ColumnPrinter::Create(map.dialect, mapped, declared_or_null,
                              definition != nullptr ? absl::string_view(definition->charset) : "", unknown);
    if (!printer.ok()) {
      return absl::Status(printer.status().code(),
                          absl::StrCat("column ", column.name, " of ", plan->table, ": ", printer.status().message()));
    }
    column.printer.emplace(*std::move(printer));
  }
  for (size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) plan->missing.push_back(i);
  }
  plan->values.resize(2 * plan->names.size());
  plan->pending.reserve(2 * plan->names.size());
  return plan;
}

void RowsDecoder::Plan::Carry(absl::string_view bitmap, Carried* carried) const {
  if (carried->bitmap == bitmap) return;
  carried->bitmap.assign(bitmap.data(), bitmap.size());
  carried->columns.clear();
  carried->absent_wanted.clear();
  for (size_t i = 0; i < columns.size(); ++i) {
    if (BitOf(bitmap, i)) {
      carried->columns.push_back(static_cast<uint16_t>(i));
    } else if (columns[i].printer) {
      carried->absent_wanted.push_back(static_cast<uint16_t>(i));
    }
  }
}

absl::Status RowsDecoder::Plan::ReadValue(Column& column, absl::string_view bytes, size_t value) {
  values[value].state = ColumnValue::State::kValue;
  if (column.printer->IsText(bytes)) {
    values[value].text = bytes;
    return absl::OkStatus();
  }
  const size_t from = text.size();
  absl::Status status = column.printer->Append(bytes, &text);
  if (!status.ok()) return Malformed(absl::StrCat("column ", column.name, ": ", status.message()));
  pending.push_back(Pending{value, from, text.size()});
  return absl::OkStatus();
}

// A JSON value logged as differences to the before image.
absl::Status RowsDecoder::Plan::ReadDiffs(const Column& column, size_t value) {
  absl::string_view diffs = rows.Bytes(rows.U32());
  if (!rows.ok()) return Malformed("cut short in a partial JSON update");
  if (!column.printer) return absl::OkStatus();
  const size_t before_value = column.value;
  const ColumnValue& old = values[before_value];
  if (old.state != ColumnValue::State::kValue) {
    values[value] = ColumnValue{ColumnValue::State::kJsonDiff, diffs};
    return absl::OkStatus();
  }
  old_document.Clear();
  for (const Pending& text_of : pending) {
    if (text_of.value == before_value) old_document.Append(text.view(text_of.from, text_of.to));
  }
  const size_t from = text.size();
  absl::Status status = ApplyJsonDiffs(old_document.view(), diffs, &text);
  if (!status.ok()) return Malformed(absl::StrCat("column ", column.name, ": ", status.message()));
  values[value].state = ColumnValue::State::kValue;
  pending.push_back(Pending{value, from, text.size()});
  return absl::OkStatus();
}

absl::Status RowsDecoder::Plan::ReadImage(const Carried& carried, bool is_after) {
  const size_t first_value = is_after ? names.size() : 0;
  absl::string_view partial;
  if (is_after && partial_json && (rows.LengthEncoded() & 1) != 0) {
    partial = rows.Bytes(BitmapBytes(json_columns));
  }
  absl::string_view nulls = rows.Bytes(BitmapBytes(carried.columns.size()));
  if (!rows.ok()) return Malformed("cut short in an image's head");

  for (uint16_t index : carried.absent_wanted) {
    values[first_value + columns[index].value] = ColumnValue();
  }
  size_t nth_json = 0;
  size_t next_unseen = 0;  // only partial updates count JSON columns that are not carried
  for (size_t i = 0; i < carried.columns.size(); ++i) {
    const size_t index = carried.columns[i];
    Column& column = columns[index];
    bool is_partial = false;
    if (!partial.empty()) {
      for (; next_unseen < index; ++next_unseen) nth_json += columns[next_unseen].is_json ? 1 : 0;
      is_partial = column.is_json && BitOf(partial, nth_json);
    }
    const size_t value = first_value + column.value;
    if (BitOf(nulls, i)) {
      if (column.printer) values[value] = ColumnValue{ColumnValue::State::kNull, {}};
      continue;
    }
    if (is_partial) {
      RETURN_IF_ERROR(ReadDiffs(column, value));
      continue;
    }
    absl::string_view bytes = column.storage.Read(rows);
    if (!rows.ok()) {
      if (!column.storage.is_told()) return column.untold;
      return Malformed(absl::StrCat("cut short in column ", column.name));
    }
    if (column.printer) RETURN_IF_ERROR(ReadValue(column, bytes, value));
  }
  return absl::OkStatus();
}

// An insert that leaves a column out took its default.
void RowsDecoder::Plan::FillDefaults(const Carried& carried) {
  for (uint16_t index : carried.absent_wanted) {
    const Column& column = columns[index];
    ColumnValue& value = values[names.size() + column.value];
    switch (column.default_kind) {
      case ColumnDefinition::Default::kNull:
        value.state = ColumnValue::State::kNull;
        break;
      case ColumnDefinition::Default::kConstant:
        value = ColumnValue{ColumnValue::State::kValue, column.default_text};
        break;
      case ColumnDefinition::Default::kNone:
      case ColumnDefinition::Default::kExpression:
        break;
    }
  }
}

RowsDecoder::RowsDecoder(std::unique_ptr<Plan> plan) : plan_(std::move(plan)) {}
RowsDecoder::~RowsDecoder() = default;

absl::StatusOr<std::unique_ptr<RowsDecoder>> RowsDecoder::Create(const TableMap& map, const TableLayout* layout,
                                                                 absl::Span<const std::string> wanted) {
  ASSIGN_OR_RETURN(std::unique_ptr<Plan> plan, Plan::Make(map, layout, &wanted, ColumnPrinter::Unknown::kRefuse));
  return std::unique_ptr<RowsDecoder>(new RowsDecoder(std::move(plan)));
}

absl::StatusOr<std::unique_ptr<RowsDecoder>> RowsDecoder::CreateForAll(const TableMap& map, const TableLayout* layout) {
  ASSIGN_OR_RETURN(std::unique_ptr<Plan> plan,
                   Plan::Make(map, layout, /*wanted=*/nullptr, ColumnPrinter::Unknown::kGuess));
  return std::unique_ptr<RowsDecoder>(new RowsDecoder(std::move(plan)));
}

const std::vector<std::string>& RowsDecoder::columns() const { return plan_->names; }
const std::vector<size_t>& RowsDecoder::missing() const { return plan_->missing; }

absl::Status RowsDecoder::Start(const RowsEvent& event) {
  Plan& plan = *plan_;
  plan.rows = ByteReader(absl::string_view());
  plan.text.Trim(kKeptScratch);
  plan.old_document.Trim(kKeptScratch);
  if (plan.unpacked.capacity() > kKeptScratch && plan.unpacked.size() <= kKeptScratch)
    std::string().swap(plan.unpacked);
  if (event.column_count != plan.columns.size()) {
    return absl::DataLossError(absl::StrCat("rows event of ", plan.table, " with ", event.column_count,
                                            " columns, its table map has ", plan.columns.size()));
  }
  plan.operation = event.operation;
  plan.partial_json = event.partial_json;
  const bool is_insert = event.operation == RowsOperation::kInsert;
  if (!is_insert) plan.Carry(event.before_columns, &plan.before);
  if (event.operation == RowsOperation::kUpdate) plan.Carry(event.after_columns, &plan.after);
  if (is_insert) plan.Carry(event.before_columns, &plan.after);
  absl::string_view rows = event.rows;
  if (event.compressed) {
    RETURN_IF_ERROR(UncompressMariadb(rows, &plan.unpacked));
    rows = plan.unpacked;
  }
  plan.rows = ByteReader(rows);
  return absl::OkStatus();
}

absl::StatusOr<const RowImages*> RowsDecoder::Next() {
  Plan& plan = *plan_;
  if (plan.rows.empty()) return nullptr;
  const size_t begin = plan.rows.position();
  plan.text.Clear();
  plan.pending.clear();
  const bool has_before = plan.operation != RowsOperation::kInsert;
  const bool has_after = plan.operation != RowsOperation::kDelete;
  absl::Status status;
  if (has_before) status = plan.ReadImage(plan.before, /*is_after=*/false);
  if (status.ok() && has_after) status = plan.ReadImage(plan.after, /*is_after=*/true);
  if (status.ok() && plan.rows.position() == begin) status = plan.Malformed("a row without any byte");
  if (!status.ok()) {
    plan.rows = ByteReader(absl::string_view());
    return status;
  }
  for (const Pending& text : plan.pending) plan.values[text.value].text = plan.text.view(text.from, text.to);
  if (!has_before) plan.FillDefaults(plan.after);
  const absl::Span<const ColumnValue> values(plan.values);
  const size_t count = plan.names.size();
  plan.images.before = has_before ? values.subspan(0, count) : absl::Span<const ColumnValue>();
  plan.images.after = has_after ? values.subspan(count, count) : absl::Span<const ColumnValue>();
  return &plan.images;
}

}  // namespace cdc
