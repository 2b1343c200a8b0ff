// SPDX-License-Identifier: Apache-2.0
#include "cdc/transaction_buffer.h"

#include <cstring>

#include "absl/hash/hash.h"
#include "cdc/value/json_diff.h"
#include "glog/logging.h"
#include "relay/base/status_macros.h"

namespace cdc {
namespace {

// What one great row made the scratch grow to is given back.
constexpr size_t kKeptScratch = 1024 * 1024;

// NULL and absent values have no text that may be looked at.
absl::string_view TextOf(const ColumnValue& value) {
  const bool has_text = value.state == ColumnValue::State::kValue || value.state == ColumnValue::State::kJsonDiff;
  return has_text ? value.text : absl::string_view();
}

uint64_t PackValue(const ColumnValue& value) {
  return static_cast<uint64_t>(TextOf(value).size()) << 8 | static_cast<uint64_t>(value.state);
}

uint64_t Load64(const char* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

uint64_t HashKey(size_t table, absl::string_view key) {
  return absl::Hash<std::pair<size_t, absl::string_view>>()({table, key});
}

}  // namespace

absl::Status TransactionBuffer::Append(const Record& record, absl::Span<const ColumnValue> before,
                                       absl::Span<const ColumnValue> after) {
  size_t size = kHeaderSize + 8 * (before.size() + after.size());
  for (const ColumnValue& value : before) size += TextOf(value).size();
  for (const ColumnValue& value : after) size += TextOf(value).size();
  ASSIGN_OR_RETURN(char* to, log_.Append(size));
  Record header = record;
  header.size = size;
  header.before = static_cast<uint16_t>(before.size());
  header.after = static_cast<uint16_t>(after.size());
  static_assert(sizeof(Record) == kHeaderSize);
  std::memset(to, 0, kHeaderSize);
  std::memcpy(to, &header, sizeof(header));
  char* values = to + kHeaderSize;
  char* texts = values + 8 * (before.size() + after.size());
  for (const absl::Span<const ColumnValue>& image : {before, after}) {
    for (const ColumnValue& value : image) {
      const uint64_t packed = PackValue(value);
      std::memcpy(values, &packed, 8);
      values += 8;
      const absl::string_view text = TextOf(value);
      if (!text.empty()) std::memcpy(texts, text.data(), text.size());
      texts += text.size();
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<TransactionBuffer::Record> TransactionBuffer::ReadHeader(uint64_t address) {
  ++records_read_;
  ASSIGN_OR_RETURN(const absl::string_view bytes, log_.Read(address, kHeaderSize));
  Record record;
  std::memcpy(&record, bytes.data(), sizeof(record));
  return record;
}

absl::Status TransactionBuffer::ReadValues(uint64_t address, const Record& record, std::vector<ColumnValue>* before,
                                           std::vector<ColumnValue>* after) {
  ASSIGN_OR_RETURN(const absl::string_view bytes, log_.Read(address, record.size));
  before->resize(record.before);
  after->resize(record.after);
  const char* values = bytes.data() + kHeaderSize;
  const char* texts = values + 8 * (size_t{record.before} + record.after);
  for (std::vector<ColumnValue>* image : {before, after}) {
    for (ColumnValue& value : *image) {
      const uint64_t packed = Load64(values);
      values += 8;
      value.state = static_cast<ColumnValue::State>(packed & 0xFF);
      value.text = absl::string_view(texts, packed >> 8);
      texts += packed >> 8;
    }
  }
  return absl::OkStatus();
}

absl::Status TransactionBuffer::Add(RowChange::Kind kind, size_t table, absl::Span<const ColumnValue> before,
                                    absl::Span<const ColumnValue> after) {
  const size_t key_column = key_columns_[table];
  Record record = {};
  record.table = static_cast<uint32_t>(table);
  switch (kind) {
    case RowChange::Kind::kInsert: {
      record.kind = Kind::kInsert;
      record.keyed = key_column != kNoKey && after[key_column].has_value();
      const uint64_t address = log_.end();
      RETURN_IF_ERROR(Append(record, before, after));
      ++inserts_;
      ++rows_;
      if (indexed_ && record.keyed) RETURN_IF_ERROR(Index(table, after[key_column].text, address));
      return absl::OkStatus();
    }
    case RowChange::Kind::kUpdate:
      if (inserts_ > 0 && key_column != kNoKey && before[key_column].has_value()) {
        if (!indexed_) RETURN_IF_ERROR(BuildIndex());
        ASSIGN_OR_RETURN(const uint64_t insert, FindInsert(table, before[key_column].text));
        if (insert != kNone) {
          const ColumnValue& key = after[key_column];
          const bool keyed = key.has_value() && key.text != before[key_column].text;
          const uint64_t address = log_.end();
          RETURN_IF_ERROR(AddVersion(insert, keyed, after));
          return keyed ? Index(table, key.text, address) : absl::OkStatus();
        }
      }
      record.kind = Kind::kUpdate;
      break;
    case RowChange::Kind::kDelete:
      record.kind = Kind::kDelete;
      break;
  }
  ++rows_;
  return Append(record, before, after);
}

absl::StatusOr<uint64_t> TransactionBuffer::InsertOf(uint64_t address) {
  ASSIGN_OR_RETURN(const Record record, ReadHeader(address));
  return record.kind == Kind::kVersion ? record.previous : address;
}

absl::StatusOr<bool> TransactionBuffer::HasKey(uint64_t address, size_t table, absl::string_view key) {
  ASSIGN_OR_RETURN(Record record, ReadHeader(address));
  if (record.table != table) return false;
  if (record.kind == Kind::kVersion) {
    address = record.previous;
    ASSIGN_OR_RETURN(record, ReadHeader(address));
  }
  if (record.latest != 0) {
    address = record.latest;
    ASSIGN_OR_RETURN(record, ReadHeader(address));
  }
  RETURN_IF_ERROR(ReadValues(address, record, &unused_, &merged_));
  const ColumnValue& value = merged_[key_columns_[table]];
  return value.has_value() && value.text == key;
}

absl::StatusOr<uint64_t> TransactionBuffer::FindInsert(size_t table, absl::string_view key) {
  for (uint64_t hash = HashKey(table, key);; ++hash) {
    ASSIGN_OR_RETURN(const uint64_t found, index_.Find(hash));
    if (found == kNone) return kNone;
    ASSIGN_OR_RETURN(const bool same, HasKey(found, table, key));
    if (same) return InsertOf(found);
  }
}

absl::Status TransactionBuffer::Index(size_t table, absl::string_view key, uint64_t address) {
  const uint64_t hash = HashKey(table, key);
  for (uint32_t step = 0;; ++step) {
    ASSIGN_OR_RETURN(const uint64_t other, index_.Find(hash + step));
    if (other != kNone) {
      // A row that was deleted and inserted again, or that has its key again: the later one is meant from now on.
      ASSIGN_OR_RETURN(const bool same, HasKey(other, table, key));
      if (!same) continue;
    }
    RETURN_IF_ERROR(index_.Set(hash + step, address));
    ASSIGN_OR_RETURN(Record record, ReadHeader(address));
    const uint64_t replaced = other == kNone ? 0 : other + 1;
    if (record.step == step && record.replaced == replaced) return absl::OkStatus();
    record.step = step;
    record.replaced = replaced;
    return log_.Overwrite(address, absl::string_view(reinterpret_cast<const char*>(&record), sizeof(record)));
  }
}

absl::Status TransactionBuffer::Unindex(const Record& record, uint64_t address, uint64_t end) {
  if (record.replaced > end) return absl::OkStatus();
  RETURN_IF_ERROR(ReadValues(address, record, &unused_, &merged_));
  const uint64_t entry = HashKey(record.table, merged_[key_columns_[record.table]].text) + record.step;
  return record.replaced == 0 ? index_.Erase(entry) : index_.Set(entry, record.replaced - 1);
}

absl::Status TransactionBuffer::BuildIndex() {
  index_.Clear();
  for (uint64_t address = 0; address < log_.end();) {
    ASSIGN_OR_RETURN(const Record record, ReadHeader(address));
    const uint64_t keyed = address;
    address += record.size;
    if (!record.keyed) continue;
    RETURN_IF_ERROR(ReadValues(keyed, record, &before_, &after_));
    // Index reads the log, which may take the view away.
    document_.Clear();
    document_.Append(after_[key_columns_[record.table]].text);
    RETURN_IF_ERROR(Index(record.table, document_.view(), keyed));
  }
  indexed_ = true;
  return absl::OkStatus();
}

absl::Status TransactionBuffer::AddVersion(uint64_t insert, bool keyed, absl::Span<const ColumnValue> after) {
  ASSIGN_OR_RETURN(Record record, ReadHeader(insert));
  const uint64_t last = record.latest != 0 ? record.latest : insert;
  if (last != insert) {
    ASSIGN_OR_RETURN(record, ReadHeader(last));
  }
  RETURN_IF_ERROR(ReadValues(last, record, &unused_, &merged_));
  // What is kept of the old form lies in the log, which the new form is appended to: it has to move out first.
  merged_texts_.Clear();
  size_t room = 0;
  for (size_t i = 0; i < merged_.size(); ++i) {
    if (after[i].state == ColumnValue::State::kAbsent) room += merged_[i].text.size();
  }
  merged_texts_.Reserve(room);
  document_.Clear();
  documents_.assign(merged_.size(), {0, 0});
  for (size_t i = 0; i < merged_.size(); ++i) {
    if (after[i].state != ColumnValue::State::kJsonDiff) continue;
    documents_[i].first = document_.size();
    if (merged_[i].has_value()) RETURN_IF_ERROR(ApplyJsonDiffs(merged_[i].text, after[i].text, &document_));
    documents_[i].second = document_.size();
  }
  for (size_t i = 0; i < merged_.size(); ++i) {
    switch (after[i].state) {
      case ColumnValue::State::kAbsent: {
        const size_t from = merged_texts_.size();
        merged_texts_.Append(merged_[i].text);
        merged_[i].text = merged_texts_.view(from, merged_texts_.size());
        break;
      }
      case ColumnValue::State::kJsonDiff:
        if (merged_[i].has_value()) merged_[i].text = document_.view(documents_[i].first, documents_[i].second);
        break;
      default:
        merged_[i] = after[i];
    }
  }
  Record version = {};
  version.kind = Kind::kVersion;
  version.keyed = keyed;
  version.table = record.table;
  version.previous = insert;
  version.latest = last == insert ? 0 : last;
  const uint64_t address = log_.end();
  RETURN_IF_ERROR(Append(version, {}, merged_));
  return log_.Overwrite(insert, absl::string_view(reinterpret_cast<const char*>(&address), sizeof(address)));
}

absl::Status TransactionBuffer::TruncateTo(Mark mark) {
  for (uint64_t address = mark.address; address < log_.end();) {
    ASSIGN_OR_RETURN(const Record record, ReadHeader(address));
    if (indexed_ && record.keyed) RETURN_IF_ERROR(Unindex(record, address, mark.address));
    address += record.size;
    // The first version of an insert behind the mark knows what the insert led to before.
    if (record.kind == Kind::kVersion && record.previous < mark.address && record.latest < mark.address) {
      RETURN_IF_ERROR(log_.Overwrite(
          record.previous, absl::string_view(reinterpret_cast<const char*>(&record.latest), sizeof(record.latest))));
    }
  }
  RETURN_IF_ERROR(log_.Truncate(mark.address));
  rows_ = mark.rows;
  return absl::OkStatus();
}

void TransactionBuffer::Clear() {
  log_.Clear();
  rows_ = inserts_ = records_read_ = 0;
  next_ = 0;
  if (indexed_) index_.Clear();
  indexed_ = false;
  for (TextBuffer* scratch : {&merged_texts_, &document_}) {
    scratch->Clear();
    scratch->Trim(kKeptScratch);
  }
}

absl::Status TransactionBuffer::ReleaseMemory() {
  index_.Clear();
  indexed_ = false;
  return log_.ReleaseMemory();
}

absl::StatusOr<const RowChange*> TransactionBuffer::NextRow() {
  while (next_ < log_.end()) {
    uint64_t address = next_;
    ASSIGN_OR_RETURN(Record record, ReadHeader(address));
    next_ += record.size;
    if (record.kind == Kind::kVersion) continue;
    row_.kind = record.kind == Kind::kInsert   ? RowChange::Kind::kInsert
                : record.kind == Kind::kUpdate ? RowChange::Kind::kUpdate
                                               : RowChange::Kind::kDelete;
    row_.table = record.table;
    if (record.kind == Kind::kInsert && record.latest != 0) {
      address = record.latest;
      ASSIGN_OR_RETURN(record, ReadHeader(address));
    }
    RETURN_IF_ERROR(ReadValues(address, record, &before_, &after_));
    row_.before = before_;
    row_.after = after_;
    return &row_;
  }
  return nullptr;
}

}  // namespace cdc
