// SPDX-License-Identifier: Apache-2.0
//
// The rows of one transaction until it commits, in log order, in memory up to a limit and then in an unlinked file.
//
//   record := latest:8 previous:8 size:8 replaced:8 table:4 before:2 after:2 kind:1 keyed:1 pad:2 step:4
//             { length:7 state:1 }*(before+after) texts
//
//   kind      insert, update, delete, or version: a later form of a buffered insert, which only the insert leads to
//   latest    of an insert: address of its last version, 0 if it has none
//   previous  of a version: the address of its insert, and in `latest` the version before it
//   keyed     of an insert or version: 1 if it gives its row a key that the form before had not; the index has an entry
//             that leads to it
//   step      of a keyed one: how many entries behind its hash that stands
//   replaced  of a keyed one: 1 more than the address that the entry led to before, 0 if there was none
//
// An update of a row that the transaction itself inserted is a new version; what is handed out is the insert in its
// last form. Which row that is tells the key column. The index for it is made when a transaction's first update comes,
// so that transactions without one do not pay for it. A rollback to a savepoint takes out of it what the records taken
// back had put in, so that many of them cost no more than the records.
#ifndef CDC_TRANSACTION_BUFFER_H_
#define CDC_TRANSACTION_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cdc/event/text_buffer.h"
#include "cdc/key_index.h"
#include "cdc/row_log.h"
#include "cdc/stream_item.h"
#include "cdc/value/column_value.h"

namespace cdc {

// Not thread-safe. Reused from transaction to transaction; allocates nothing for a row in steady state.
class TransactionBuffer : public RowCursor {
 public:
  static constexpr size_t kNoKey = static_cast<size_t>(-1);

  // `key_columns`: of each table the index of its key column, or kNoKey.
  TransactionBuffer(std::vector<size_t> key_columns, size_t memory_limit, const std::string& spill_directory)
      : key_columns_(std::move(key_columns)),
        log_(memory_limit, spill_directory),
        index_(memory_limit / kBytesOfAnIndexEntry / 8, spill_directory) {}

  // Copies a row in. DataLoss: differences of a JSON document do not apply. As SpillFile: it cannot be spilled.
  absl::Status Add(RowChange::Kind kind, size_t table, absl::Span<const ColumnValue> before,
                   absl::Span<const ColumnValue> after);

  // A savepoint: TruncateTo undoes what was added since.
  struct Mark {
    uint64_t address = 0;
    uint64_t rows = 0;

    friend bool operator==(const Mark&, const Mark&) = default;
  };
  Mark mark() const { return {log_.end(), rows_}; }
  absl::Status TruncateTo(Mark mark);

  void Clear();
  // Moves the rows out of memory, for a branch that may stay prepared for long.
  absl::Status ReleaseMemory();

  // Rows that NextRow will hand out.
  uint64_t row_count() const { return rows_; }
  // Whether nothing was added at all, an update of a row that was inserted here included.
  bool empty() const { return log_.end() == 0; }
  bool spilled() const { return log_.spilled(); }
  // How many records were looked at since Clear: what a transaction costs beside its bytes.
  uint64_t records_read() const { return records_read_; }
  size_t memory_bytes() const { return log_.memory_bytes(); }

  absl::StatusOr<const RowChange*> NextRow() override;
  void RewindRows() override { next_ = 0; }

 private:
  enum class Kind : uint8_t { kInsert, kUpdate, kDelete, kVersion };
  struct Record {
    uint64_t latest;
    uint64_t previous;
    uint64_t size;
    uint64_t replaced;
    uint32_t table;
    uint16_t before;
    uint16_t after;
    Kind kind;
    bool keyed;
    uint32_t step;
  };
  static constexpr size_t kHeaderSize = 48;
  // The index may have an eighth of the memory limit besides.
  static constexpr size_t kBytesOfAnIndexEntry = 32;
  static constexpr uint64_t kNone = KeyIndex::kNone;

  absl::Status Append(const Record& record, absl::Span<const ColumnValue> before, absl::Span<const ColumnValue> after);
  absl::StatusOr<Record> ReadHeader(uint64_t address);
  // Views of the values of the record at `address`, valid until the log is touched again.
  absl::Status ReadValues(uint64_t address, const Record& record, std::vector<ColumnValue>* before,
                          std::vector<ColumnValue>* after);
  // The insert that the insert or version at `address` is a form of.
  absl::StatusOr<uint64_t> InsertOf(uint64_t address);
  // Whether the row of the insert or version at `address`, in its last form, has this key.
  absl::StatusOr<bool> HasKey(uint64_t address, size_t table, absl::string_view key);
  // The insert that `key` of `table` leads to, or kNone.
  absl::StatusOr<uint64_t> FindInsert(size_t table, absl::string_view key);
  absl::Status BuildIndex();
  // Makes `key` lead to the keyed record at `address`, which is given what undoes that.
  absl::Status Index(size_t table, absl::string_view key, uint64_t address);
  // Undoes it, unless the record that the entry led to before is behind `end`, too: that one's turn undoes both.
  absl::Status Unindex(const Record& record, uint64_t address, uint64_t end);
  // `keyed`: as in the record.
  absl::Status AddVersion(uint64_t insert, bool keyed, absl::Span<const ColumnValue> after);

  const std::vector<size_t> key_columns_;
  RowLog log_;
  uint64_t rows_ = 0;
  uint64_t inserts_ = 0;

  // Hash of table and key to the address of the insert or version that has it; made on demand. Keys whose hashes meet
  // go to the next free number.
  bool indexed_ = false;
  KeyIndex index_;

  uint64_t records_read_ = 0;
  uint64_t next_ = 0;
  RowChange row_;
  std::vector<ColumnValue> before_;
  std::vector<ColumnValue> after_;
  // The texts of a version while it is made.
  std::vector<ColumnValue> merged_;
  std::vector<ColumnValue> unused_;
  TextBuffer merged_texts_;
  TextBuffer document_;
  std::vector<std::pair<size_t, size_t>> documents_;
};

}  // namespace cdc

#endif  // CDC_TRANSACTION_BUFFER_H_
